"""Many credentials at once: issued from a file, revoked, downloaded."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from certifications.errors import BadRows
from certifications.exports import Format
from certifications.models import Certification, Credential
from certifications.services.changing import revoke_credential
from certifications.services.issuing import issue_by_decision
from certifications.services.rendering import certificate_pdf
from lms.accounts.models import User
from lms.common import guards
from lms.common.errors import DomainError
from lms.common.tables import Bounds, read_table

BOUNDS = Bounds(max_bytes=2_000_000, max_rows=10_000)
COLUMNS = ("email", "certification", "reason")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the file and what would come of it: a problem, an issue, or nothing because he holds it already.

    `line` is the number that a spreadsheet shows.
    """

    line: int
    email: str
    certification_slug: str
    reason: str
    problem: str = ""
    person: User | None = None
    certification: Certification | None = None
    is_held: bool = False

    @property
    def is_due(self) -> bool:
        return not self.problem and not self.is_held


def plan_issue(*, content: bytes, at: datetime) -> list[Row]:
    """What a CSV or XLSX file with the columns email, certification (its slug) and reason asks for. Nothing is issued.

    Three queries, however many rows. Raises BadRows for a file that cannot be read, is too large or has other columns;
    what is wrong with one row stands in the row.
    """
    lines = _read(content)
    people = {
        person.email: person
        for person in User.objects.filter(email__in={line["email"].lower() for _, line in lines}, is_active=True)
    }
    certifications = Certification.objects.select_related("design").in_bulk(
        {line["certification"] for _, line in lines}, field_name="slug"
    )
    held = set(
        Credential.objects.valid(at.astimezone(UTC).date())
        .filter(person__in=[person.pk for person in people.values()])
        .values_list("person_id", "certification_id")
    )
    seen: dict[tuple[str, str], int] = {}
    return [_row(number, line, people, certifications, held, seen, at) for number, line in lines]


def _read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    try:
        return read_table(content, BOUNDS).named(*COLUMNS)
    except guards.UnsafeInput as error:
        raise BadRows(error.message) from error


def _row(
    number: int,
    line: dict[str, str],
    people: dict[str, User],
    certifications: dict[str, Certification],
    held: set[tuple[int, int]],
    seen: dict[tuple[str, str], int],
    at: datetime,
) -> Row:
    email, slug = line["email"].lower(), line["certification"]
    person, certification = people.get(email), certifications.get(slug)
    reason = guards.clean_name(line["reason"])[:300]
    problem = ""
    if person is None:
        problem = "Nobody with this address has an account."
    elif certification is None:
        problem = "There is no certification with this name in its address."
    elif certification.retired_at is not None and certification.retired_at <= at:
        problem = "This certification is no longer offered."
    elif not reason:
        problem = "A reason is missing."
    elif (email, slug) in seen:
        problem = f"The same as line {seen[email, slug]}."
    seen.setdefault((email, slug), number)
    is_held = bool(person and certification and (person.pk, certification.pk) in held)
    return Row(
        line=number,
        email=email[:254],
        certification_slug=slug[:100],
        reason=reason,
        problem=problem,
        person=person,
        certification=certification,
        is_held=is_held and not problem,
    )


def issue_planned(
    *, rows: Iterable[Row], by: User, at: datetime, tick: Callable[[], object] = lambda: None
) -> list[Credential]:
    """Issues what is due, each row in a transaction of its own; `tick` is called after each row. What another worker
    issued in between is left as it is. Raises what issue_by_decision raises."""
    issued = []
    for row in rows:
        if row.is_due and row.person and row.certification:
            credential, is_new = issue_by_decision(
                person=row.person, certification=row.certification, by=by, reason=row.reason, at=at
            )
            issued += [credential] if is_new else []
        tick()
    return issued


def revoke_many(
    *, public_ids: Iterable[str], by: User, reason: str, at: datetime, tick: Callable[[], object] = lambda: None
) -> tuple[int, list[str]]:
    """Revokes each; returns how many were, and the numbers nobody knows. Those revoked before stay as they are."""
    wanted = list(dict.fromkeys(public_id.strip() for public_id in public_ids if public_id.strip()))[: BOUNDS.max_rows]
    found = Credential.objects.select_related("person").in_bulk(wanted, field_name="public_id")
    revoked = 0
    for public_id in wanted:
        credential = found.get(public_id)
        if credential is not None and credential.revoked_at is None:
            revoke_credential(credential=credential, by=by, reason=reason, at=at)
            revoked += 1
        tick()
    return revoked, [public_id for public_id in wanted if public_id not in found]


class _Outbox(io.RawIOBase):
    """Where the archive is written to, taken away piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.pieces.append(bytes(data))  # type: ignore[call-overload]
        return len(self.pieces[-1])

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        return taken


def zip_of_pdfs(*, credentials: Iterable[Credential], at: datetime) -> Iterator[bytes]:
    """A ZIP archive of the PDFs, piece by piece: no more than one certificate is in memory. One that cannot be had is
    told in missing.txt; the others are not lost for it."""
    outbox, missing = _Outbox(), []
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for credential in credentials:
            try:
                archive.writestr(f"{credential.public_id}.pdf", certificate_pdf(credential=credential, at=at))
            except DomainError as error:
                missing.append(f"{credential.public_id}: {error.message}")
            yield outbox.take()
        if missing:
            archive.writestr("missing.txt", "\n".join(missing) + "\n")
    yield outbox.take()


def rendered(credential: Credential, wanted: Format | None, at: datetime) -> bytes | None:
    """A credential in a format: None stands for PDF. None when it cannot be had yet."""
    return certificate_pdf(credential=credential, at=at) if wanted is None else wanted.render(credential)
