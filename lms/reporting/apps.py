from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "lms.reporting"
    verbose_name = "Reporting"

    def ready(self) -> None:
        from lms.reporting import handlers  # noqa: F401  registers the event handlers
