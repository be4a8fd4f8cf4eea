"""Digests are over the canonical form from now on: members at their default are left out, equal numbers look equal.

Without this, the first import of an old file would make a new version of every item.
"""

import hashlib
import json
from decimal import Decimal, InvalidOperation

from django.db import migrations

NUMBERS = {"weight", "low", "high"}


def canonical(value, name=""):
    if isinstance(value, dict):
        inner = {key: canonical(member, "weight" if name == "weights" else key) for key, member in value.items()}
        return {key: member for key, member in inner.items() if not is_default(key, member)}
    if isinstance(value, list):
        return [canonical(member, name) for member in value]
    if name in NUMBERS and isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            return value
        return f"{number.normalize():f}" if number else "0"
    return value


def is_default(name, value):
    return (name in {"general", "otherwise", "feedback"} and value in ("", {})) or (name == "weight" and value == "1")


def digest(version):
    parts = [version.type, canonical(version.content), canonical(version.key)]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def forwards(apps, schema_editor):
    versions = apps.get_model("assessments", "ItemVersion").objects.all()
    for version in versions.iterator():
        versions.filter(pk=version.pk).update(digest=digest(version))


class Migration(migrations.Migration):
    dependencies = [("assessments", "0002_item_media")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
