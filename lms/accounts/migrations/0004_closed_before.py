"""Accounts that were closed before that was noted count in no past figure, as before."""

from django.db import migrations
from django.db.models import F


def note(apps, schema_editor):
    apps.get_model("accounts", "User").objects.filter(is_active=False, closed_at=None).update(closed_at=F("joined_at"))


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_closed_accounts"),
    ]

    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
