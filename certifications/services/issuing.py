"""Issuing: a credential once everything is met, once for each person and sequence, and what it says for ever."""

import calendar
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, Sum

from certifications import errors, evidence, statements
from certifications.events import CredentialIssued
from certifications.evidence import Evidence
from certifications.models import Certification, CertificationQuerySet, Credential, Requirement
from certifications.progress import RENEWAL_WINDOW
from certifications.snapshot import Design, Met, SectionScore, Snapshot
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.models import Attempt
from lms.common import guards
from lms.events.services import emit
from lms.partners.models import Membership
from lms.xapi.services import platform_authority, record


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


def issue_for_credential(*, credential_id: str, at: datetime) -> list[Credential]:
    """Issues what a certification just earned completes: certifications that ask for it, or for one it stands for."""
    earned = Credential.objects.select_related("certification", "person").get(public_id=credential_id)
    asking = Q(requirements__needed=earned.certification) | Q(requirements__needed__equivalents=earned.certification)
    wanted = Certification.objects.filter(asking)
    return _issue_all(wanted, earned.person.public_id, at)


def _issue_all(certifications: CertificationQuerySet, person_id: UUID, at: datetime) -> list[Credential]:
    person = User.objects.get(public_id=person_id)
    issued = (
        issue_if_earned(person=person, certification=certification, at=at)
        for certification in certifications.distinct().order_by("pk")
    )
    return [credential for credential in issued if credential is not None]


@transaction.atomic
def issue_if_earned(*, person: User, certification: Certification, at: datetime) -> Credential | None:
    """Issues the certification to `person` when what it asks for (all, or one where one is enough) was met by `at`;
    returns the credential or None.

    Once: the first time as sequence 1; again, as the next sequence, only when the newest has expired or expires within
    90 days and it was renewed: by the short way where there is one (everything of it done after the issue, until the
    grace days after the last day are over), else by passing an exam after the issue. A revoked one is not renewed
    before its last day is over. A replay returns the credential there is. Of racing issuers the unique constraint lets
    one through; the others return what he issued. The snapshot, the statement `earned` and CredentialIssued are
    written in the same transaction.
    """
    newest = Credential.objects.filter(person=person, certification=certification).order_by("-sequence").first()
    if certification.retired_at is not None and certification.retired_at <= at:
        return newest
    met = _met(person, certification, newest, at)
    if met is None:
        return newest
    requirements, found = met
    sequence = newest.sequence + 1 if newest else 1
    credential = _draft(person, certification, requirements, found, sequence, at)
    return _store(credential, at) or Credential.objects.get(
        person=person, certification=certification, sequence=sequence
    )


def _met(
    person: User, certification: Certification, newest: Credential | None, at: datetime
) -> tuple[list[Requirement], Evidence] | None:
    """The requirements that earn it (again) with what they rest on: the short way, or all it asks for. None: not
    earned, or held already and not renewed."""
    every = evidence.requirements_of(certification)
    found = evidence.gather(person, every, at)
    shorter = [one for one in every if one.is_for_renewal]
    if newest is not None and _is_short_way_done(newest, certification, shorter, found, at):
        return shorter, _only(found, shorter)
    requirements = [one for one in every if not one.is_for_renewal]
    if not found.meets(requirements, any_is_enough=certification.needs_any):
        return None
    found = _only(found, requirements)
    attempt = max(found.attempts.values(), key=lambda one: one.submitted_at or at, default=None)
    if newest is not None and not _is_renewable(newest, attempt, at):
        return None
    return requirements, found


def _store(credential: Credential, at: datetime) -> Credential | None:
    """Writes the credential with its statement and its event; None when somebody else was first."""
    try:
        with transaction.atomic():
            credential.save(force_insert=True)
    except IntegrityError:
        return None
    record([statements.earned(credential)], authority=platform_authority(), at=at)
    emit(
        CredentialIssued(
            at=at,
            credential_id=credential.public_id,
            person_id=credential.person.public_id,
            statement_id=UUID(credential.as_issued.statement_id),
        )
    )
    return credential


@transaction.atomic
def issue_by_decision(
    *, person: User, certification: Certification, by: User, reason: str, at: datetime
) -> tuple[Credential, bool]:
    """Issues what somebody holds by a decision of the vendor (brought from another system, a class without records).

    The credential says so: its one requirement is the decision with its reason. Returns it and whether it is new; who
    holds a valid one keeps it, so a replay changes nothing. Writes the audit log, the statement `earned` and
    CredentialIssued. Raises NotAllowed (permission certifications.issue_by_decision), ReasonMissing,
    CertificationRetired.
    """
    if not by.has_perm("certifications.issue_by_decision", certification):
        raise errors.NotAllowed("You may not issue certificates. Nothing was issued.")
    reason = guards.clean_name(reason)[:300]
    if not reason:
        raise errors.ReasonMissing("Say why it is issued: the certificate stands on that. Nothing was issued.")
    if certification.retired_at is not None and certification.retired_at <= at:
        raise errors.CertificationRetired(f"{certification.title} is no longer offered. Nothing was issued.")
    newest = Credential.objects.filter(person=person, certification=certification).order_by("-sequence").first()
    if newest is not None and newest.status(_day(at)) in {Credential.Status.VALID, Credential.Status.SUSPENDED}:
        return newest, False
    sequence = newest.sequence + 1 if newest else 1
    nothing = Evidence(enrolments={}, attempts={})
    draft = _draft(person, certification, [], nothing, sequence, at)
    decision = Met(kind="decision", title=reason, statement_id=None)
    draft.snapshot = replace(draft.as_issued, requirements=(decision,)).as_json()
    credential = _store(draft, at)
    if credential is None:
        return Credential.objects.get(person=person, certification=certification, sequence=sequence), False
    record_audit(
        action="certifications.issue_by_decision", actor=by, at=at, target=credential, detail={"reason": reason}
    )
    return credential, True


def _only(found: Evidence, requirements: list[Requirement]) -> Evidence:
    """What these requirements rest on, and nothing else that was read."""
    courses = {one.course_id for one in requirements}
    exams = {one.assessment_id for one in requirements}
    return Evidence(
        enrolments={key: one for key, one in found.enrolments.items() if key in courses},
        attempts={key: one for key, one in found.attempts.items() if key in exams},
        credentials=found.credentials,
    )


def _is_short_way_done(
    newest: Credential, certification: Certification, shorter: list[Requirement], found: Evidence, at: datetime
) -> bool:
    """Everything of the short way was done after the issue, in the time for it: from 90 days before the last day until
    the grace days after it are over. A revoked or suspended one has no short way."""
    if not shorter or newest.expires_on is None or newest.revoked_at is not None or newest.suspended_at is not None:
        return False
    on, last = _day(at), newest.expires_on
    in_time = last - RENEWAL_WINDOW <= on <= last + timedelta(days=certification.grace_days)
    return in_time and found.since(newest.issued_at).meets(shorter, any_is_enough=False)


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
        percent=_percent(attempt.points, attempt.max_points) if attempt and certification.shows_scores else None,
        sections=_sections(attempt) if certification.shows_scores else (),
        requirements=evidence.met_requirements(requirements, found),
        statement_id=str(statements.earned_id(certification, person, sequence)),
        design=certification.design.as_design() if certification.design else Design(),
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
    """For whom the last of the requirements was met; None where nothing was done for anybody."""
    facts = [(e.completed_at or at, e.membership) for e in found.enrolments.values()]
    facts += [(a.submitted_at or at, a.membership) for a in found.attempts.values()]
    return max(facts, key=lambda fact: fact[0])[1] if facts else None


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
