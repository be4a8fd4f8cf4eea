from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "lms.assets"
    verbose_name = "Assets"

    def ready(self) -> None:
        from lms.assets import branding_handlers, branding_rules, handlers, needs, rules  # noqa: F401  registered so
        from lms.common import needs as common_needs

        common_needs.register(needs.links)
