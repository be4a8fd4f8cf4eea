from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "lms.assessments"
    verbose_name = "Assessments"

    def ready(self) -> None:
        from lms.assessments import handlers, rules  # noqa: F401  registers event handlers and permissions
