from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "lms.portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        from lms.portal import handlers, rules  # noqa: F401  register the event handlers and the permissions
