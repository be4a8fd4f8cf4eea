"""Badges."""

from django.apps import AppConfig


class BadgesConfig(AppConfig):
    name = "badges"
    verbose_name = "Badges"

    def ready(self) -> None:
        from badges import handlers, rules  # noqa: F401  registers event handlers and permissions
        from badges.downloads import FORMATS
        from certifications.exports import register_format

        for wanted in FORMATS:
            register_format(wanted)
