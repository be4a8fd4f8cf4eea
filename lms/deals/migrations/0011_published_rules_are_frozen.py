"""The database changes no published rules. A later migration that alters this table has to make the trigger anew on
SQLite, which writes altered tables afresh; tests/deals/test_rules.py says so when it was forgotten.
"""

from django.db import migrations

FORWARD = {
    "postgresql": (
        "CREATE FUNCTION deals_rules_frozen() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'published rules are never changed' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER deals_rules_frozen BEFORE UPDATE ON deals_engagementrules "
        "FOR EACH ROW EXECUTE FUNCTION deals_rules_frozen()",
    ),
    "sqlite": (
        "CREATE TRIGGER deals_rules_frozen BEFORE UPDATE ON deals_engagementrules "
        "BEGIN SELECT RAISE(ABORT, 'published rules are never changed'); END",
    ),
}
BACKWARD = {
    "postgresql": (
        "DROP TRIGGER deals_rules_frozen ON deals_engagementrules",
        "DROP FUNCTION deals_rules_frozen()",
    ),
    "sqlite": ("DROP TRIGGER deals_rules_frozen",),
}


def _run(statements):
    def run(apps, schema_editor):
        for statement in statements.get(schema_editor.connection.vendor, ()):
            schema_editor.execute(statement)

    return run


class Migration(migrations.Migration):
    dependencies = [("deals", "0010_rules_published_by_people")]

    operations = [migrations.RunPython(_run(FORWARD), _run(BACKWARD))]
