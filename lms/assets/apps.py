from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "lms.assets"
    verbose_name = "Assets"

    def ready(self) -> None:
        from lms.assets import handlers, needs, rules  # noqa: F401  registers event handlers and permissions
        from lms.common import needs as common_needs

        common_needs.register(needs.links)
