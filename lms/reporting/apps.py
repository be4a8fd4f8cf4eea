from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "lms.reporting"
    verbose_name = "Reporting"

    def ready(self) -> None:
        from lms.reporting import handlers, rules  # noqa: F401  register the event handlers and the permissions
