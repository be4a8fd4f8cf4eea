"""Two foreign keys that PostgreSQL no longer checks: an insert of a statement with three mentions made four look-ups, one
of which locks a row that all writers share (docs/adr/0003). SQLite keeps them: there it would mean to copy the tables."""

import django.db.models.deletion
from django.db import migrations, models

KEYS = (('xapi_statement', 'authority_id', 'xapi_authority'), ('xapi_mention', 'statement_id', 'xapi_statement'))


def drop(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != 'postgresql':
        return
    for table, column, _ in KEYS:
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, table)
        for name, constraint in constraints.items():
            if constraint['foreign_key'] and constraint['columns'] == [column]:
                schema_editor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def restore(apps, schema_editor):
    if schema_editor.connection.vendor != 'postgresql':
        return
    for table, column, other in KEYS:
        schema_editor.execute(
            f'ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fk FOREIGN KEY ({column}) REFERENCES {other} (id) '
            'DEFERRABLE INITIALLY DEFERRED'
        )


class Migration(migrations.Migration):

    dependencies = [
        ('xapi', '0010_exchange'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop, restore)],
            state_operations=[
                migrations.AlterField(
                    model_name='mention',
                    name='statement',
                    field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='xapi.statement'),
                ),
                migrations.AlterField(
                    model_name='statement',
                    name='authority',
                    field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='xapi.authority'),
                ),
            ],
        ),
    ]
