"""A migrated test database in a fraction of a second: migrations run once per set of migration files.

SQLite: a template file in var/, copied. PostgreSQL: a template database, cloned by CREATE DATABASE … TEMPLATE.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections


def migration_key() -> str:
    """A digest of our migration files and of the versions of those who bring their own."""
    digest = hashlib.sha256()
    for path in sorted(settings.BASE_DIR.glob("**/migrations/*.py")):
        if ".venv" not in path.parts:
            digest.update(path.read_bytes())
    for package in ("django", "wagtail", "django-allauth"):
        digest.update(version(package).encode())
    return digest.hexdigest()[:16]


@contextmanager
def _lock() -> Iterator[None]:
    """One process builds, the others wait."""
    settings.VAR_DIR.mkdir(exist_ok=True)
    with (settings.VAR_DIR / "test-template.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _use(name: str) -> None:
    connections["default"].close()
    settings.DATABASES["default"]["NAME"] = name
    connections["default"].settings_dict["NAME"] = name


def set_up(worker: str, folder: Path) -> None:
    """Points the default connection at a fresh migrated database of its own."""
    if connection.vendor == "sqlite":
        _set_up_sqlite(worker, folder)
    else:
        _set_up_postgresql(worker)


def tear_down(worker: str) -> None:
    connections["default"].close()
    if connection.vendor == "postgresql":
        name = str(connection.settings_dict["NAME"])
        _use("postgres")
        _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connections["default"].close()


def _set_up_sqlite(worker: str, folder: Path) -> None:
    template = settings.VAR_DIR / f"test-template-{migration_key()}.sqlite3"
    with _lock():
        if not template.exists():
            for old in settings.VAR_DIR.glob("test-template-*.sqlite3*"):
                old.unlink()
            building = template.with_suffix(".building")
            building.unlink(missing_ok=True)
            _use(str(building))
            call_command("migrate", verbosity=0, interactive=False)
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connections["default"].close()
            building.rename(template)
    target = folder / f"test-{worker}.sqlite3"
    shutil.copyfile(template, target)
    _use(str(target))


def _execute(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def _set_up_postgresql(worker: str) -> None:
    template, name = f"laurel_template_{migration_key()}", f"laurel_test_{worker}"
    with _lock():
        _use("postgres")
        if not _execute(f"SELECT 1 FROM pg_database WHERE datname = '{template}'"):
            _execute(f'DROP DATABASE IF EXISTS "{template}_building" WITH (FORCE)')
            _execute(f'CREATE DATABASE "{template}_building"')
            _use(f"{template}_building")
            call_command("migrate", verbosity=0, interactive=False)
            _use("postgres")
            _execute(f'ALTER DATABASE "{template}_building" RENAME TO "{template}"')
        _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        _execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    _use(name)
