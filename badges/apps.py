from django.apps import AppConfig


class BadgesConfig(AppConfig):
    name = "badges"
    verbose_name = "Badges"

    def ready(self) -> None:
        from badges import handlers  # noqa: F401  registers the event handlers
        from badges.downloads import credential_json
        from certifications.exports import Format, register_format

        register_format(
            Format(
                name="json",
                media_type="application/vc",
                label="Open Badge 3.0",
                render=credential_json,
                attached_as="badge.json",
            )
        )
