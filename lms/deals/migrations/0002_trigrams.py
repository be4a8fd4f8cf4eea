"""PostgreSQL only: trigrams of the names of customers that are held, for the question whether one is registered already."""

from django.db import migrations

FORWARD = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX deals_held_name_trigrams ON deals_deal USING gin (name_key gin_trgm_ops) WHERE holds",
)
BACKWARD = ("DROP INDEX deals_held_name_trigrams",)  # others may use the extension


def _run(statements):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return run


class Migration(migrations.Migration):
    dependencies = [("deals", "0001_initial")]

    operations = [migrations.RunPython(_run(FORWARD), _run(BACKWARD))]
