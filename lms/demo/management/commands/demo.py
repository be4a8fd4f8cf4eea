"""`manage.py demo`: sets up, fills and serves the demo."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.loader import MigrationLoader

from lms.common.memory import spare_loaded_code
from lms.demo import builder
from lms.demo.people import PASSWORD
from lms.demo.protagonists import ENGINEER, MANAGER, REP
from lms.events.embedded import run_beat
from lms.partners.models import Partner

GUESTS = (
    ("Sales rep", REP, "/"),
    ("Pre-sales engineer", ENGINEER, "/"),
    ("Partner manager", MANAGER, "partner"),
    ("Channel marketing", "maren.aldous@halden.example", "/admin/"),
    ("Content reviewer", "petra.vandermeulen@halden.example", "/admin/"),
    ("Channel manager", "efua.quartey@halden.example", "/partners/"),
    ("Portal manager", "ruben.saavedra@halden.example", "/admin/"),
)


class Command(BaseCommand):
    help = "Sets up, fills and serves the demo. Running it again is quick and changes nothing."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fresh", action="store_true", help="start over: the demo's data are deleted first")
        parser.add_argument("--no-serve", action="store_true", help="stop when everything is built")
        parser.add_argument("--port", type=int, default=8000, help="where to serve (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo was not started as one. Run `python manage.py demo` without LAUREL_DEMO=0.")
        if not options["no_serve"]:
            _require_free_port(options["port"])
        try:
            self._prepare(fresh=options["fresh"])
        except OperationalError as error:
            raise CommandError(_cannot_write(error)) from error
        if options["no_serve"]:
            self.stdout.write("The demo is built. `python manage.py demo` serves it.")
            return
        self._introduce(f"http://127.0.0.1:{options['port']}")
        _serve(options["port"])

    def _prepare(self, *, fresh: bool) -> None:
        spare_loaded_code()
        if fresh:
            _wipe()
        _require_known_schema()
        call_command("migrate", verbosity=0, interactive=False)
        match builder.state():
            case "built":
                return
            case "begun":
                self.stdout.write("The last build was interrupted; starting over.")
                _wipe()
                call_command("migrate", verbosity=0, interactive=False)
            case "foreign":
                raise CommandError(
                    "This database holds data that the demo did not make, and is left alone. Set DATABASE_URL to "
                    "another one, or unset it to use SQLite in var/."
                )
        seconds = builder.build()
        parts = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
        self.stdout.write(f"Built in {sum(seconds.values()):.0f} s: {parts}.")

    def _introduce(self, address: str) -> None:
        kestrel = Partner.objects.get(slug="kestrel-integrators")
        self.stdout.write(f"\n{settings.SITE_NAME} at {address}\nEverybody's password: {PASSWORD}\n\n")
        for role, email, page in GUESTS:
            path = f"/partners/{kestrel.public_id}/" if page == "partner" else page
            self.stdout.write(f"  {role:<20} {email:<48} {address}{path}")
        self.stdout.write("\nCtrl+C stops it.\n")


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise CommandError(f"Port {port} is in use or not allowed. Choose another: --port {port + 80}") from error


def _cannot_write(error: Exception) -> str:
    return (
        f"The database {settings.DATABASES['default']['NAME']} cannot be opened or written ({error}). "
        "Check that its folder is yours and has room, or set DATABASE_URL."
    )


def _require_known_schema() -> None:
    """A database made by other migrations than ours would fail half-way; say so before anything is touched."""
    other = CommandError(
        "The database was made by another version of Laurel. `python manage.py demo --fresh` starts over."
    )
    try:
        loader = MigrationLoader(connection)
        loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        raise other from error
    unknown = set(loader.applied_migrations) - set(loader.disk_migrations)
    if any(app in loader.migrated_apps for app, _ in unknown):
        raise other


def _wipe() -> None:
    """Deletes the demo's database and files. Refuses when the data are not the demo's."""
    try:
        is_foreign = builder.state() == "foreign"
    except DatabaseError:  # no tables of ours: the database is new, or somebody else's
        is_foreign = bool(connection.introspection.table_names())
    if is_foreign:
        raise CommandError("This database holds data that the demo did not make. It is left alone.")
    if settings.IS_SQLITE:
        connection.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{settings.DATABASES['default']['NAME']}{suffix}").unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


def _serve(port: int) -> None:
    """granian in a process of its own; this process is the beat. Ends both with Ctrl+C."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "lms.wsgi:application"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "4"),
        *("--log-level", "warning"),
    ]
    server = subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603  our own words only
    try:
        run_beat(until=lambda: server.poll() is not None)
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        server.wait()
