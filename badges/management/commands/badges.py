"""`manage.py badges keys list|rotate|reseal`, `verify FILE|URL|NUMBER`, `export NUMBER --format png --out FILE`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from badges import services, standing
from badges.carriers import MAX_BYTES
from badges.models import IssuerKey
from badges.verification import named, verify
from lms.common.errors import DomainError


class Command(BaseCommand):
    help = "Signing keys of badges, and verification of a badge. `verify` ends with 0 for valid, 1 for anything else."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        keys = actions.add_parser("keys", help="The issuer's signing keys")
        keys.add_argument("deed", choices=["list", "rotate", "reseal"])
        check = actions.add_parser("verify", help="Says whether a badge is genuine and valid")
        check.add_argument("badge", help="A file (PDF, PNG, SVG, JSON, token), an address or a badge's number")

        export = actions.add_parser("export", help="Writes a badge in one of its forms")
        export.add_argument("number", help="Of the badge or of its certificate")
        export.add_argument("--format", choices=["json", "jwt", "png", "svg"], default="json")
        export.add_argument("--out", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "verify":
            self.verify(options["badge"])
            return
        try:
            if options["action"] == "export":
                self.export(options["number"], options["format"], options["out"])
            else:
                getattr(self, options["deed"])()
        except DomainError as error:
            raise CommandError(error.message) from error

    def rotate(self) -> None:
        key = services.rotate_key(by=None, at=timezone.now())
        self.stdout.write(f"{key.public_multibase} signs from now on. Older keys still verify what they signed.")

    def reseal(self) -> None:
        count = services.reseal_keys(by=None, at=timezone.now())
        self.stdout.write(f"{count} keys are sealed with the first secret of the settings.")

    def list(self) -> None:
        for key in IssuerKey.objects.order_by("created_at", "pk"):
            state = f"retired {key.retired_at:%Y-%m-%d}" if key.retired_at else "signs"
            self.stdout.write(f"{key.public_multibase}  made {key.created_at:%Y-%m-%d}  {state}")

    def export(self, number: str, form: str, file: Path) -> None:
        """Refuses what is not handed out on the web either: revoked and suspended badges."""
        award, at = named(number), timezone.now()
        if award is None:
            raise CommandError("No badge has this number.")
        state = standing.of_award(award, at)
        if state.is_listed:
            raise CommandError(f"This badge is {state}. Nothing was written.")
        try:
            file.write_bytes(services.handed_out(award, form, at=at))
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{file} holds the badge of {award.shown_name}.")

    def verify(self, badge: str) -> None:
        verdict = verify(self.handed_in(badge), at=timezone.now())
        for step in verdict.steps:
            self.stdout.write(step)
        for label, value in verdict.facts.items():
            self.stdout.write(f"{label}: {value}")
        if not verdict.is_valid:
            raise CommandError(verdict.words)
        self.stdout.write(verdict.words)

    def handed_in(self, badge: str) -> bytes:
        """What is in the file of that name; without one the text itself, if it can be an address or a number."""
        file = Path(badge)
        try:
            if "://" in badge or not (file.exists() or "/" in badge or "." in badge):
                return badge.encode()
            with file.open("rb") as handle:
                return handle.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{badge} cannot be read: {error.strerror}.") from error
