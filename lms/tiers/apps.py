from django.apps import AppConfig


class TiersConfig(AppConfig):
    name = "lms.tiers"
    verbose_name = "Tiers"

    def ready(self) -> None:
        from lms.tiers import handlers, rules  # noqa: F401  registers event handlers and permissions
