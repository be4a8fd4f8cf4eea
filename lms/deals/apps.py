from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "lms.deals"
    verbose_name = "Deals"

    def ready(self) -> None:
        from django.contrib.postgres.lookups import TrigramSimilar
        from django.db.models import CharField

        from lms.deals import handlers, rules  # noqa: F401  registers event handlers and permissions

        CharField.register_lookup(TrigramSimilar)  # for PostgreSQL; its app would ask each new connection for types
