from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "lms.portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        from lms.portal import rules  # noqa: F401  registers the permissions
