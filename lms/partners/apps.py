from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "lms.partners"
    verbose_name = "Partners"

    def ready(self) -> None:
        from lms.partners import (  # noqa: F401  register the permissions and the event handlers
            handlers,
            rules,
        )
