from django.apps import AppConfig


class CertificationsConfig(AppConfig):
    name = "certifications"
    verbose_name = "Certifications"

    def ready(self) -> None:
        from certifications import handlers  # noqa: F401  registers the event handlers
