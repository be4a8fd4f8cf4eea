from django.apps import AppConfig


class TiersConfig(AppConfig):
    name = "lms.tiers"
    verbose_name = "Tiers"

    def ready(self) -> None:
        from lms.partners.benefits import register_offer, register_way
        from lms.tiers import handlers, rules  # noqa: F401  registers event handlers and permissions
        from lms.tiers.services.published import benefits_given, way_to_benefit

        register_way(way_to_benefit)
        register_offer(benefits_given)
