"""The vendor's roles are groups; their names stand in the rules of each app."""

from django.db import migrations

ROLES = ["Channel marketing", "Content reviewers", "Channel managers", "Portal managers"]


def add_roles(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    for name in ROLES:
        Group.objects.get_or_create(name=name)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
