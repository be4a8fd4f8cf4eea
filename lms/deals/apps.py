from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "lms.deals"
    verbose_name = "Deals"

    def ready(self) -> None:
        from django.contrib.postgres.lookups import TrigramSimilar
        from django.db.models import CharField

        from lms.common import needs as common_needs
        from lms.deals import handlers, needs, rules, story_letters  # noqa: F401  event handlers and permissions

        common_needs.register(needs.links)

        CharField.register_lookup(TrigramSimilar)  # for PostgreSQL; its app would ask each new connection for types
