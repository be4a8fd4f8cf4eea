"""A group of people who see sums over all partners and nothing else."""

from django.db import migrations


def add_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.get_or_create(name="Executives")


class Migration(migrations.Migration):
    dependencies = [
        ("reporting", "0002_usage"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(add_group, migrations.RunPython.noop)]
