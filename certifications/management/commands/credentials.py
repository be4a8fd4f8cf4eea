"""`manage.py credentials export|issue|revoke|suspend|reinstate|authority`."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from certifications import services
from certifications.exports import formats
from certifications.models import Certification, Credential
from lms.accounts.models import User
from lms.common.errors import DomainError


class Command(BaseCommand):
    help = (
        "Credentials by their number: written to files, issued, revoked, suspended and reinstated. "
        "Write -- before a number that begins with a hyphen: export --out FILE -- -NUMBER"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write a credential to a file")
        export.add_argument("id")
        export.add_argument("--format", default="pdf", choices=["pdf", *formats()])
        export.add_argument("--out", type=Path, required=True)
        issue = actions.add_parser("issue", help="issue by decision: one, or a file of many")
        issue.add_argument("email", nargs="?")
        issue.add_argument("certification", nargs="?", help="its slug")
        issue.add_argument("--csv", type=Path, help="or XLSX, with the columns email, certification, reason")
        issue.add_argument("--dry-run", action="store_true", help="say what would come of it, and issue nothing")
        issue.add_argument("--reason", default="")
        issue.add_argument("--by", required=True, help="e-mail address of who decides")
        for action in ("revoke", "suspend", "reinstate"):
            change = actions.add_parser(action, help=f"{action} credentials by their numbers")
            change.add_argument("id", nargs="+")
            change.add_argument("--reason", required=True)
            change.add_argument("--by", required=True, help="e-mail address of who decides")
        authority = actions.add_parser("authority", help="write the certificates that people trust, as PEM")
        authority.add_argument("--out", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        try:
            match options["action"]:
                case "export":
                    self.export(options, at)
                case "issue":
                    self.issue(options, at)
                case "authority":
                    self.write(options["out"], services.own_authority(at=at).encode())
                case _:
                    self.change(options, at)
        except DomainError as error:
            raise CommandError(error.message) from error

    def export(self, options: dict[str, Any], at: datetime) -> None:
        credential = self.credential(options["id"])
        content = services.rendered(credential, formats().get(options["format"]), at)
        if content is None:
            raise CommandError(f"{options['format']} cannot be had yet: the badge waits to be signed.")
        self.write(options["out"], content)

    def issue(self, options: dict[str, Any], at: datetime) -> None:
        by = self.person(options["by"])
        if options["csv"] is not None:
            self.issue_many(options["csv"], by, at, is_dry=options["dry_run"])
            return
        if not options["email"] or not options["certification"]:
            raise CommandError("Name an e-mail address and a certification, or a file with --csv.")
        certification = Certification.objects.filter(slug=options["certification"]).first()
        if certification is None:
            raise CommandError(f"There is no certification {options['certification']}.")
        credential, is_new = services.issue_by_decision(
            person=self.person(options["email"]), certification=certification, by=by, reason=options["reason"], at=at
        )
        self.stdout.write(f"{credential.public_id}  {'issued' if is_new else 'held already, nothing was issued'}")

    def issue_many(self, file: Path, by: User, at: datetime, *, is_dry: bool) -> None:
        """Row errors are told and leave the others alone; with any, the exit status is 1."""
        rows = services.plan_issue(content=self.read(file), at=at)
        bad = [row for row in rows if row.problem]
        for row in bad:
            self.stderr.write(f"line {row.line}: {row.email}: {row.problem}")
        due, held = sum(row.is_due for row in rows), sum(row.is_held for row in rows)
        if is_dry:
            self.stdout.write(f"{due} would be issued, {held} are held already, {len(bad)} rows have a problem.")
        else:
            with tqdm(total=len(rows), unit="row", disable=None) as bar:
                issued = services.issue_planned(rows=rows, by=by, at=at, tick=bar.update)
            self.stdout.write(f"{len(issued)} issued, {held} were held already, {len(bad)} rows have a problem.")
        if bad:
            raise CommandError(f"{len(bad)} of {len(rows)} rows have a problem.")

    def change(self, options: dict[str, Any], at: datetime) -> None:
        by, reason = self.person(options["by"]), options["reason"]
        deeds = {
            "revoke": services.revoke_credential,
            "suspend": services.suspend_credential,
            "reinstate": services.reinstate_credential,
        }
        for credential in [self.credential(public_id) for public_id in options["id"]]:
            deeds[options["action"]](credential=credential, by=by, reason=reason, at=at)
            self.stdout.write(f"{credential.public_id}  {credential.status(at.date()).label.lower()}")

    def credential(self, public_id: str) -> Credential:
        found = Credential.objects.select_related("certification", "person").filter(public_id=public_id).first()
        if found is None:
            raise CommandError(f"There is no credential {public_id}.")
        return found

    def person(self, email: str) -> User:
        found = User.objects.filter(email=email.strip().lower()).first()
        if found is None:
            raise CommandError(f"Nobody here has the address {email}.")
        return found

    def read(self, file: Path) -> bytes:
        try:
            return file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error

    def write(self, file: Path, content: bytes) -> None:
        try:
            file.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{file}: {len(content)} bytes")
