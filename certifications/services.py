"""Every write about credentials: issued once, frozen, revoked by adding a fact."""

import calendar
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum

from certifications import errors, evidence, statements
from certifications.events import CredentialIssued, CredentialRevoked
from certifications.evidence import Evidence
from certifications.models import Certification, CertificationQuerySet, Credential, Requirement
from certifications.progress import RENEWAL_WINDOW, Progress, Step, expiring, progress, way
from certifications.snapshot import SectionScore, Snapshot
from courses.models import Course
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.models import Assessment, Attempt, Regrade
from lms.common import guards
from lms.events.services import emit
from lms.partners.models import Membership, Persona
from lms.xapi.services import platform_authority, record

__all__ = [
    "Progress",
    "Step",
    "expiring",
    "expiry_date",
    "issue_for_assessment",
    "issue_for_course",
    "issue_if_earned",
    "progress",
    "revoke_after_regrade",
    "revoke_credential",
    "save_certification",
    "way",
]


def expiry_date(issued_on: date, months: int) -> date | None:
    """The last valid day: the same day of the month so many months later, or that month's last day where it has no
    such day (31 January + 1 month: 28 or 29 February; 29 February + 12 months: 28 February). None for 0 months.
    """
    if not months:
        return None
    years, month = divmod(issued_on.month - 1 + months, 12)
    year, month = issued_on.year + years, month + 1
    return date(year, month, min(issued_on.day, calendar.monthrange(year, month)[1]))


def issue_for_course(*, person_id: UUID, course_id: UUID, at: datetime) -> list[Credential]:
    """Issues what a completed course completes. Ids are public ids."""
    return _issue_all(Certification.objects.filter(requirements__course__public_id=course_id), person_id, at)


def issue_for_assessment(*, person_id: UUID, assessment_id: UUID, at: datetime) -> list[Credential]:
    """Issues what a passed exam completes. Ids are public ids."""
    return _issue_all(Certification.objects.filter(requirements__assessment__public_id=assessment_id), person_id, at)


def _issue_all(certifications: CertificationQuerySet, person_id: UUID, at: datetime) -> list[Credential]:
    person = User.objects.get(public_id=person_id)
    issued = (
        issue_if_earned(person=person, certification=certification, at=at)
        for certification in certifications.distinct().order_by("pk")
    )
    return [credential for credential in issued if credential is not None]


@transaction.atomic
def issue_if_earned(*, person: User, certification: Certification, at: datetime) -> Credential | None:
    """Issues the certification to `person` when every requirement was met by `at`; returns the credential or None.

    Once: the first time as sequence 1; again, as the next sequence, only when the newest has expired or expires within
    90 days and an exam was passed after it was issued. A revoked one is not renewed before its last day is over. A
    replay returns the credential there is. Of racing issuers the unique constraint lets one through; the others return
    what he issued. The snapshot, the statement `earned` and CredentialIssued are written in the same transaction.
    """
    requirements = evidence.requirements_of(certification)
    found = evidence.gather(person, requirements, at)
    newest = Credential.objects.filter(person=person, certification=certification).order_by("-sequence").first()
    is_earned = bool(requirements) and all(found.of(requirement) for requirement in requirements)
    if not is_earned or (certification.retired_at is not None and certification.retired_at <= at):
        return newest
    attempt = max(found.attempts.values(), key=lambda one: one.submitted_at or at, default=None)
    if newest is not None and not _is_renewable(newest, attempt, at):
        return newest
    sequence = newest.sequence + 1 if newest else 1
    credential = _draft(person, certification, requirements, found, sequence, at)
    try:
        with transaction.atomic():
            credential.save(force_insert=True)
    except IntegrityError:
        return Credential.objects.get(person=person, certification=certification, sequence=sequence)
    record([statements.earned(credential)], authority=platform_authority(), at=at)
    emit(
        CredentialIssued(
            at=at,
            credential_id=credential.public_id,
            person_id=person.public_id,
            statement_id=UUID(credential.as_issued.statement_id),
        )
    )
    return credential


def _is_renewable(newest: Credential, attempt: Attempt | None, at: datetime) -> bool:
    if newest.expires_on is None or attempt is None or attempt.submitted_at is None:
        return False
    on = _day(at)
    window = timedelta(days=-1) if newest.revoked_at else RENEWAL_WINDOW
    return attempt.submitted_at > newest.issued_at and newest.expires_on <= on + window


def _day(at: datetime) -> date:
    """Credentials count in days of UTC, wherever reader and holder are."""
    return at.astimezone(UTC).date()


def _draft(
    person: User,
    certification: Certification,
    requirements: list[Requirement],
    found: Evidence,
    sequence: int,
    at: datetime,
) -> Credential:
    """The credential with its snapshot, not yet stored."""
    attempt = max(found.attempts.values(), key=lambda one: one.submitted_at or at, default=None)
    membership = _membership(found, at)
    expires_on = expiry_date(_day(at), certification.valid_months)
    holder_name = guards.clean_name(person.name)
    snapshot = Snapshot(
        title=certification.title,
        number=certification.number,
        description=certification.description,
        criteria=certification.criteria,
        issuer_name=settings.VENDOR_NAME,
        programme_name=settings.SITE_NAME,
        site_url=settings.SITE_URL,
        holder_name=holder_name,
        partner_name=membership.partner.name if membership else "",
        country=membership.partner.country if membership else "",
        issued_on=_day(at).isoformat(),
        expires_on=expires_on.isoformat() if expires_on else None,
        percent=_percent(attempt.points, attempt.max_points) if attempt else None,
        sections=_sections(attempt),
        requirements=evidence.met_requirements(requirements, found),
        statement_id=str(statements.earned_id(certification, person, sequence)),
    )
    return Credential(
        certification=certification,
        person=person,
        membership=membership,
        sequence=sequence,
        holder_name=holder_name,
        snapshot=snapshot.as_json(),
        attempt=attempt,
        issued_at=at,
        expires_on=expires_on,
    )


def _membership(found: Evidence, at: datetime) -> Membership | None:
    """For whom the last of the requirements was met."""
    facts = [(e.completed_at or at, e.membership) for e in found.enrolments.values()]
    facts += [(a.submitted_at or at, a.membership) for a in found.attempts.values()]
    return max(facts, key=lambda fact: fact[0])[1]


def _percent(points: Decimal | None, maximum: Decimal | None) -> str:
    """Decimal text with two places, cut: 69.995 never reads as 70."""
    share = Decimal(100) * (points or 0) / maximum if maximum else Decimal(0)
    return str(share.quantize(Decimal("0.01"), rounding=ROUND_DOWN))


def _sections(attempt: Attempt | None) -> tuple[SectionScore, ...]:
    """By section, in the order of the exam."""
    if attempt is None:
        return ()
    counted = attempt.responses.filter(is_pilot=False, is_dropped=False)
    rows = counted.values("section").annotate(points=Sum("points"), maximum=Sum("max_points"))
    first = dict(attempt.responses.order_by("-position").values_list("section", "position"))
    return tuple(
        SectionScore(title=row["section"], percent=_percent(row["points"], row["maximum"]))
        for row in sorted(rows, key=lambda row: first[row["section"]])
    )


@transaction.atomic
def save_certification(
    *,
    certification: Certification,
    personas: Iterable[Persona],
    courses: Iterable[Course],
    assessments: Iterable[Assessment],
    by: User,
    at: datetime,
) -> Certification:
    """Stores a certification with what it asks for, in the order given: courses, then exams.

    When that changed, `number` grows; credentials keep the number they were issued under. Writes the audit log.
    Raises NotAllowed (permission certifications.manage_certifications).
    """
    if not by.has_perm("certifications.manage_certifications"):
        raise errors.NotAllowed("You may not change certifications. Nothing was changed.")
    is_new = certification.pk is None
    wanted = [*courses, *assessments]
    before = [] if is_new else [one.course or one.assessment for one in evidence.requirements_of(certification)]
    if not is_new and wanted != before:
        certification.number += 1
    certification.save()
    certification.personas.set(personas)
    if wanted != before:
        certification.requirements.all().delete()
        Requirement.objects.bulk_create(
            Requirement(
                certification=certification,
                position=position,
                course=thing if isinstance(thing, Course) else None,
                assessment=thing if isinstance(thing, Assessment) else None,
            )
            for position, thing in enumerate(wanted, 1)
        )
    record_audit(
        action="certifications.save_certification",
        actor=by,
        at=at,
        target=certification,
        detail={"number": certification.number, "requirements": [str(thing) for thing in wanted]},
    )
    return certification


@transaction.atomic
def revoke_credential(*, credential: Credential, by: User, reason: str, at: datetime) -> None:
    """Takes a credential back: adds who, when and why, and blanks nothing. A second revocation changes nothing.

    Emits CredentialRevoked and writes the audit log. Raises NotAllowed (permission certifications.revoke_credential),
    ReasonMissing.
    """
    if not by.has_perm("certifications.revoke_credential", credential):
        raise errors.NotAllowed("You may not revoke certificates. Nothing was changed.")
    reason = guards.clean_name(reason)[:300]
    if not reason:
        raise errors.ReasonMissing("Say why the certificate is revoked. Nothing was changed.")
    _revoke(credential, by, reason, at)


@transaction.atomic
def revoke_after_regrade(*, person_id: UUID, assessment_id: UUID, regrade_id: UUID, at: datetime) -> list[Credential]:
    """Takes back the credentials of a person whose exam is no pass any more, when nothing else meets what they ask for.

    A credential stays when the exam was passed in another attempt before it was issued, and when it has expired. In the
    name of who ordered the regrade, with its reason. Returns what was revoked; a repeat revokes nothing more.
    """
    regrade = Regrade.objects.select_related("ordered_by").get(public_id=regrade_id)
    held = Credential.objects.filter(
        person__public_id=person_id,
        certification__requirements__assessment__public_id=assessment_id,
        revoked_at=None,
        issued_at__lte=at,
    ).exclude(expires_on__lt=_day(at))
    revoked = []
    for credential in held.select_related("person", "certification", "attempt").distinct().order_by("pk"):
        requirements = evidence.requirements_of(credential.certification)
        found = evidence.gather(credential.person, requirements, credential.issued_at)
        of_exam = [one for one in requirements if one.assessment and one.assessment.public_id == assessment_id]
        if all(found.of(requirement) for requirement in of_exam) and not _rested_on_failed(credential):
            continue
        _revoke(credential, regrade.ordered_by, f"Exam marked again: {regrade.reason}"[:300], at)
        revoked.append(credential)
    return revoked


def _rested_on_failed(credential: Credential) -> bool:
    """Whether a renewal rests on an attempt that is no pass any more: an older pass does not renew."""
    return credential.sequence > 1 and credential.attempt is not None and not credential.attempt.is_passed


def _revoke(credential: Credential, by: User, reason: str, at: datetime) -> None:
    changed = Credential.objects.filter(pk=credential.pk, revoked_at=None).update(
        revoked_at=at, revoked_by=by, revocation_reason=reason
    )
    if changed != 1:
        return
    credential.refresh_from_db(fields=["revoked_at", "revoked_by", "revocation_reason"])
    record_audit(
        action="certifications.revoke_credential", actor=by, at=at, target=credential, detail={"reason": reason}
    )
    emit(CredentialRevoked(at=at, credential_id=credential.public_id, person_id=credential.person.public_id))
