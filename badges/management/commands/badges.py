"""`manage.py badges keys list|rotate` and `manage.py badges verify FILE`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from badges import services
from badges.models import IssuerKey
from lms.common import guards


class Command(BaseCommand):
    help = "Signing keys of badges, and verification of a badge in a file."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        keys = actions.add_parser("keys", help="The issuer's signing keys")
        keys.add_argument("deed", choices=["list", "rotate"])
        verify = actions.add_parser("verify", help="Says whether a badge is genuine and valid")
        verify.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "verify":
            self.verify(options["file"])
        elif options["deed"] == "rotate":
            key = services.rotate_key(by=None, at=timezone.now())
            self.stdout.write(f"{key.public_multibase} signs from now on. Older keys still verify what they signed.")
        else:
            self.list_keys()

    def list_keys(self) -> None:
        for key in IssuerKey.objects.order_by("created_at", "pk"):
            state = f"retired {key.retired_at:%Y-%m-%d}" if key.retired_at else "signs"
            self.stdout.write(f"{key.public_multibase}  made {key.created_at:%Y-%m-%d}  {state}")

    def verify(self, file: Path) -> None:
        try:
            document = guards.load_json(file.read_bytes(), max_bytes=262_144)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except guards.UnsafeInput as error:
            raise CommandError(error.message) from error
        verdict = services.verify_document(document, at=timezone.now())
        if not verdict.is_valid:
            raise CommandError(verdict.words)
        self.stdout.write(verdict.words)
