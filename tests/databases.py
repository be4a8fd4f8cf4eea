"""A migrated test database in a fraction of a second: migrations run once per set of migration files.

SQLite: a template file in var/, copied. PostgreSQL: a template database, cloned by CREATE DATABASE … TEMPLATE. The rows
that migrations made (Wagtail's root page, locale, collection) are kept beside it as JSON: a test with
`transaction=True, serialized_rollback=True` gets them back after the flush that ends such a test.
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
    """A digest of our migration files, of the apps there are, and of the versions of those who bring their own."""
    digest = hashlib.sha256(" ".join(settings.INSTALLED_APPS).encode())
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
    connection._test_serialized_contents = _rows_file().read_text()  # type: ignore[attr-defined]


def _rows_file() -> Path:
    return settings.VAR_DIR / f"test-template-{migration_key()}-{connection.vendor}.json"


def _migrate() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    _rows_file().write_text(connection.creation.serialize_db_to_string())


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
        if not (template.exists() and _rows_file().exists()):
            for old in settings.VAR_DIR.glob("test-template-*.sqlite3*"):
                old.unlink()
            building = template.with_suffix(".building")
            building.unlink(missing_ok=True)
            _use(str(building))
            _migrate()
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
        is_there = _execute(f"SELECT 1 FROM pg_database WHERE datname = '{template}'")
        if not (is_there and _rows_file().exists()):
            _execute(f'DROP DATABASE IF EXISTS "{template}" WITH (FORCE)')
            _execute(f'DROP DATABASE IF EXISTS "{template}_building" WITH (FORCE)')
            _execute(f'CREATE DATABASE "{template}_building"')
            _use(f"{template}_building")
            _migrate()
            _use("postgres")
            _execute(f'ALTER DATABASE "{template}_building" RENAME TO "{template}"')
        _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        _execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    _use(name)
