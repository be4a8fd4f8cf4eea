"""Versions made before there were reviews were live at once, and stay so."""

from django.db import migrations
from django.db.models import F


def forwards(apps, schema_editor):
    apps.get_model("assessments", "ItemVersion").objects.filter(approved_at=None).update(approved_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("assessments", "0005_version_review")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
