"""Exams as their authors keep them: saved with their sections, papers on the desk, what a person was granted."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import F

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.errors import ExamInvalid
from lms.assessments.formats.media import sniff
from lms.assessments.models import Accommodation, Assessment, ItemBank, ReferenceDocument, Section
from lms.assessments.models.settings import CODE_SEAL, PROCTOR_SEAL, words_of
from lms.assessments.services.forms import withdraw_unfit
from lms.assessments.services.preparing import drop_prepared
from lms.common.errors import DomainError
from lms.common.guards import UnsafeInput
from lms.common.outgoing import check_url
from lms.common.sealing import seal
from lms.partners.models import Persona

MAX_DOCUMENT_BYTES = 10_000_000
MAX_WAIT_HOURS = 24 * 366
_OUT_OF_THE_WAY = 10_000
_DRAFTED = (
    *("title", "bank", "topic", "objective", "level", "draw", "pilots", "points", "minimum", "max_exposure"),
    "time_limit_minutes",
)
_KEY = re.compile(r"[0-9a-f]{64}")
# Never in the audit log: they open doors.
_SECRETS = {"access_code_sealed", "proctor_secret_sealed", "seb_config_keys", "seb_exam_keys"}


@dataclass(frozen=True, kw_only=True)
class SectionDraft:
    """A section as its author wants it. `pk` is that of the section it changes; None: a new one."""

    title: str
    bank: ItemBank
    topic: str = ""
    objective: str = ""
    level: str = ""
    draw: int
    pilots: int = 0
    points: Decimal = Decimal(1)
    minimum: Decimal | None = None
    max_exposure: int | None = None
    time_limit_minutes: int | None = None
    pk: int | None = None


@transaction.atomic
def save_exam(
    *,
    assessment: Assessment,
    sections: Sequence[SectionDraft],
    personas: Sequence[Persona],
    access_code: str | None = None,
    proctor_secret: str | None = None,
    by: User,
    at: datetime,
) -> Assessment:
    """Saves an exam, new or changed, with its sections in this order. Audited with what changed, without secrets.

    Attempts that run keep the rules they began under; networks, Safe Exam Browser and what results show hold at once.
    Forms that were drawn ahead are dropped, and linear forms that are not what the sections ask for any more are
    withdrawn. `access_code` and `proctor_secret`: None leaves them, "" takes them away.
    Raises ExamInvalid, with the field to look at.
    """
    before: dict[str, Any] = dict(Assessment.objects.filter(pk=assessment.pk).values().first() or {})
    old_sections = _section_rows(assessment) if before else []
    if access_code is not None:
        assessment.access_code_sealed = seal(access_code.strip(), purpose=CODE_SEAL) if access_code.strip() else ""
    if proctor_secret is not None:
        assessment.proctor_secret_sealed = seal(proctor_secret, purpose=PROCTOR_SEAL) if proctor_secret else ""
    _tidy(assessment)
    _check_settings(assessment)
    _check_sections(assessment, sections)
    try:
        with transaction.atomic():
            assessment.save()
    except IntegrityError as error:
        raise ExamInvalid("Another exam has this name in its address.", field="slug") from error
    assessment.personas.set(personas)
    _write_sections(assessment, sections)
    drop_prepared(assessment)
    changed = _changes(before, assessment)
    if withdrawn := withdraw_unfit(assessment=assessment, at=at):
        changed["withdrawn_forms"] = withdrawn
    if (new_sections := _section_rows(assessment)) != old_sections:
        changed["sections"] = [old_sections, new_sections]
    record_audit(
        action="assessments.change_exam" if before else "assessments.add_exam",
        actor=by,
        at=at,
        target=assessment,
        detail=changed,
    )
    return assessment


def _section_rows(assessment: Assessment) -> list[list[Any]]:
    names = ("title", "bank__name", *_DRAFTED[2:])
    rows = assessment.sections.order_by("position").values_list(*names)
    return [[_plain(value) for value in row] for row in rows]


def _write_sections(assessment: Assessment, sections: Sequence[SectionDraft]) -> None:
    """Sections that stay keep their rows. All are moved out of the way first: no two ever have one position."""
    kept = {section.pk: section for section in assessment.sections.all()}
    wanted = {draft.pk for draft in sections if draft.pk in kept}
    assessment.sections.exclude(pk__in=wanted).delete()
    assessment.sections.update(position=F("position") + _OUT_OF_THE_WAY)
    for position, draft in enumerate(sections, start=1):
        section = kept.get(draft.pk or 0) or Section(assessment=assessment)
        section.position = position
        for name in _DRAFTED:
            setattr(section, name, getattr(draft, name))
        section.save()


def _changes(before: dict[str, Any], assessment: Assessment) -> dict[str, object]:
    """What is another value now, as [old, new]; of a secret only that it changed."""
    after = Assessment.objects.filter(pk=assessment.pk).values().get()
    return {
        name: "changed" if name in _SECRETS else [_plain(before.get(name)), _plain(value)]
        for name, value in after.items()
        if name not in {"id", "public_id"} and before.get(name) != value
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _tidy(assessment: Assessment) -> None:
    """Lists as they are kept: one entry a line, keys in lower case."""
    assessment.networks = "\n".join(words_of(assessment.networks))
    assessment.later_wait_hours = ", ".join(words_of(assessment.later_wait_hours))
    assessment.seb_config_keys = "\n".join(words_of(assessment.seb_config_keys.lower()))
    assessment.seb_exam_keys = "\n".join(words_of(assessment.seb_exam_keys.lower()))


def _check_settings(assessment: Assessment) -> None:
    opened, closed = assessment.opened_at, assessment.closed_at
    if closed is not None and (opened is None or closed <= opened):
        raise ExamInvalid("It must open before it closes.", field="closed_at")
    if assessment.ends_at_close and closed is None:
        raise ExamInvalid("Attempts can only end when the exam closes if it closes: set when.", field="closed_at")
    if assessment.time_limit_minutes * 60 > settings.SESSION_ABSOLUTE_SECONDS:
        hours = settings.SESSION_ABSOLUTE_SECONDS // 3600
        raise ExamInvalid(f"Nobody stays signed in for longer than {hours} hours.", field="time_limit_minutes")
    for word in words_of(assessment.later_wait_hours):
        if not word.isascii() or not word.isdigit() or int(word) > MAX_WAIT_HOURS:
            raise ExamInvalid(f"“{word[:20]}” is no number of hours up to a year.", field="later_wait_hours")
    for word in words_of(assessment.networks):
        try:
            ipaddress.ip_network(word, strict=False)
        except ValueError as error:
            raise ExamInvalid(
                f"“{word[:60]}” is no address or network such as 203.0.113.0/24.", field="networks"
            ) from error
    for field in ("seb_config_keys", "seb_exam_keys"):
        if not all(_KEY.fullmatch(word) for word in words_of(getattr(assessment, field))):
            raise ExamInvalid("A key of Safe Exam Browser has 64 digits and letters from a to f.", field=field)
    _check_proctor(assessment)


def _check_proctor(assessment: Assessment) -> None:
    if not assessment.proctor_url:
        return
    try:
        check_url(assessment.proctor_url)
    except DomainError as error:
        raise ExamInvalid(error.message, field="proctor_url") from error
    if not assessment.proctor_secret_sealed:
        raise ExamInvalid("Messages are signed: set the secret that the service knows too.", field="proctor_secret")


def _check_sections(assessment: Assessment, sections: Sequence[SectionDraft]) -> None:
    """An exam that is open, or will be, must be one that can start."""
    titles = [section.title for section in sections]
    if len(set(titles)) != len(titles):
        raise ExamInvalid("Two sections have the same title.")
    if assessment.opened_at is None:
        return
    if not sections:
        raise ExamInvalid(
            "An exam that opens needs a section with questions. Leave “opened at” empty until it has one."
        )
    for section in sections:
        wanted = Section(bank=section.bank, topic=section.topic, objective=section.objective, level=section.level)
        found = wanted.pool().count()
        if found < section.draw:
            named = ", ".join(filter(None, (section.topic, section.objective, section.level)))
            about = f" about “{named}”" if named else ""
            raise ExamInvalid(
                f"“{section.title}” draws {section.draw} questions; {section.bank} has {found} live{about}."
            )


@transaction.atomic
def grant_accommodation(*, accommodation: Accommodation, by: User, at: datetime) -> Accommodation:
    """Grants extra time, breaks or larger letters to a person, for one exam or all; ends the grant before it.

    Holds for attempts that start from now on. Audited, without the reason, which is nobody else's business. Raises
    ExamInvalid when nothing is granted.
    """
    if not (accommodation.extra_percent or accommodation.break_minutes or accommodation.is_large):
        raise ExamInvalid("Grant extra time, breaks or larger letters.")
    old = Accommodation.objects.filter(person=accommodation.person, assessment=accommodation.assessment, ended_at=None)
    old.update(ended_at=at)
    accommodation.granted_at, accommodation.granted_by = at, by
    accommodation.save(force_insert=True)
    record_audit(
        action="assessments.grant_accommodation",
        actor=by,
        at=at,
        target=accommodation.person,
        detail={
            "exam": str(accommodation.assessment or ""),
            "extra_percent": accommodation.extra_percent,
            "break_minutes": accommodation.break_minutes,
            "is_large": accommodation.is_large,
        },
    )
    return accommodation


@transaction.atomic
def end_accommodation(*, accommodation: Accommodation, by: User, at: datetime) -> bool:
    """Ends a grant for attempts that start from now on. Audited. A repeat does nothing and returns False."""
    if Accommodation.objects.filter(pk=accommodation.pk, ended_at=None).update(ended_at=at) != 1:
        return False
    record_audit(
        action="assessments.end_accommodation",
        actor=by,
        at=at,
        target=accommodation.person,
        detail={"exam": str(accommodation.assessment or "")},
    )
    return True


@transaction.atomic
def add_document(*, assessment: Assessment, title: str, data: bytes, by: User, at: datetime) -> ReferenceDocument:
    """Lays a paper on the desk of an exam: PDF or picture, up to 10 MB. Audited. Raises UnsafeInput."""
    extension = "pdf" if data.startswith(b"%PDF-") else ""
    if not extension:
        medium = sniff(data)
        extension = medium.extension if medium is not None and medium.width else ""
    if not extension or len(data) > MAX_DOCUMENT_BYTES:
        raise UnsafeInput("This is no PDF or picture (PNG, JPEG, GIF, WebP) of up to 10 MB.")
    document = ReferenceDocument(assessment=assessment, title=title, extension=extension)
    document.file.save(f"{document.public_id}.{extension}", ContentFile(data), save=False)
    document.save()
    record_audit(action="assessments.add_document", actor=by, at=at, target=assessment, detail={"title": title})
    return document


@transaction.atomic
def remove_document(*, document: ReferenceDocument, by: User, at: datetime) -> None:
    """Takes a paper off the desk, for attempts that run too. Audited."""
    record_audit(
        action="assessments.remove_document",
        actor=by,
        at=at,
        target=document.assessment,
        detail={"title": document.title},
    )
    document.delete()
