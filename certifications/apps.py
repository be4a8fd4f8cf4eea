from django.apps import AppConfig


class CertificationsConfig(AppConfig):
    name = "certifications"
    verbose_name = "Certifications"

    def ready(self) -> None:
        from certifications import handlers, rules  # noqa: F401  registers event handlers and permissions
