"""Issuing: a credential once everything is met, once for each person and sequence, and what it says for ever."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q, Sum

from certifications import errors, evidence, statements
from certifications.events import CredentialIssued
from certifications.evidence import Evidence
from certifications.models import Certification, CertificationQuerySet, Credential, Requirement, Submission
from certifications.points import account
from certifications.snapshot import Design, Met, SectionScore, Snapshot
from certifications.validity import RENEWAL_WINDOW, day_of, expiry_date, is_in_time
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.models import Attempt
from lms.common import guards
from lms.events.services import emit
from lms.xapi.services import platform_authority, record


def issue_for_course(*, person_id: UUID, course_id: UUID, at: datetime) -> list[Credential]:
    """Issues what a completed course completes, or gives the last points for. Ids are public ids."""
    asked = Q(requirements__course__public_id=course_id) | Q(points_rules__course__public_id=course_id)
    return _issue_all(Certification.objects.filter(asked), person_id, at)


def issue_for_assessment(*, person_id: UUID, assessment_id: UUID, at: datetime) -> list[Credential]:
    """Issues what a passed exam completes, or gives the last points for. Ids are public ids."""
    asked = Q(requirements__assessment__public_id=assessment_id) | Q(points_rules__assessment__public_id=assessment_id)
    return _issue_all(Certification.objects.filter(asked), person_id, at)


def issue_for_submission(*, submission_id: UUID, at: datetime) -> list[Credential]:
    """Issues what accepted evidence completes, or gives the last points for. The id is a public id."""
    accepted = Submission.objects.accepted().select_related("person").get(public_id=submission_id)
    asked = Q(requirements__practice=accepted.task_id) if accepted.task_id else Q(pk=accepted.certification_id)
    return _issue_all(Certification.objects.filter(asked), accepted.person.public_id, at)


def renew_by_points(*, at: datetime) -> list[Credential]:
    """Renews what its holder has the points for and whose last day came near; returns the new ones. For beat: points
    are mostly complete long before a renewal is due, and then nothing happens that would set it off.

    Twice, or twice at once, renews nothing twice: each goes through issue_if_earned, in a transaction of its own.
    """
    longest = Certification.objects.aggregate(days=Max("grace_days", filter=Q(renewal_points__gt=0)))["days"] or 0
    renewed = Credential.objects.filter(
        person=OuterRef("person"), certification=OuterRef("certification"), sequence__gt=OuterRef("sequence")
    )
    near = Credential.objects.filter(
        ~Exists(renewed),
        certification__renewal_points__gt=0,
        expires_on__lte=day_of(at) + RENEWAL_WINDOW,
        expires_on__gte=day_of(at) - timedelta(days=longest),
        revoked_at=None,
        suspended_at=None,
        person__is_active=True,
    ).select_related("person", "certification__design")
    due = [one for one in near if is_in_time(one, one.certification, day_of(at))]
    issued = [(one, issue_if_earned(person=one.person, certification=one.certification, at=at)) for one in due]
    return [new for old, new in issued if new is not None and new.sequence > old.sequence]


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
    90 days and it was renewed: by the short way where there is one (everything of it done after the issue) or by
    continuing points (collected while it held), both until the grace days after the last day are over; else by passing
    an exam, or showing practice, after the issue. A revoked one is not renewed
    before its last day is over. A replay returns the credential there is. Of racing issuers the unique constraint lets
    one through; the others return what he issued. The snapshot, the statement `earned` and CredentialIssued are
    written in the same transaction.
    """
    newest = Credential.objects.filter(person=person, certification=certification).order_by("-sequence").first()
    if certification.retired_at is not None and certification.retired_at <= at:
        return newest
    met = what_earns(person, certification, newest, at)
    if met is None:
        return newest
    requirements, found = met
    sequence = newest.sequence + 1 if newest else 1
    credential = _draft(person, certification, requirements, found, sequence, at)
    return _store(credential, at) or Credential.objects.get(
        person=person, certification=certification, sequence=sequence
    )


def what_earns(
    person: User, certification: Certification, newest: Credential | None, at: datetime
) -> tuple[list[Requirement], Evidence] | None:
    """The requirements that earn it (again) with what they rest on: the short way, continuing points, or all it asks
    for. None: not earned, or held already and not renewed."""
    every = evidence.requirements_of(certification)
    found = evidence.gather(person, every, at)
    if newest is not None and is_in_time(newest, certification, day_of(at)):
        shorter = [one for one in every if one.is_for_renewal]
        if shorter and found.since(newest.issued_at).meets(shorter, any_is_enough=False):
            return shorter, found.only(shorter)
        collected = account(newest, certification, at)
        if collected is not None and collected.is_enough:
            return [], Evidence(enrolments={}, attempts={}, points=collected.earned)
    requirements = [one for one in every if not one.is_for_renewal]
    if not found.meets(requirements, any_is_enough=certification.needs_any):
        return None
    found = found.only(requirements)
    if newest is not None and not _is_renewable(newest, found, at):
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
    if newest is not None and newest.status(day_of(at)) in {Credential.Status.VALID, Credential.Status.SUSPENDED}:
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


def _is_renewable(newest: Credential, found: Evidence, at: datetime) -> bool:
    """An exam was passed, or practice shown, anew since the issue, and the last day is near or over."""
    if newest.expires_on is None:
        return False
    window = timedelta(days=-1) if newest.revoked_at else RENEWAL_WINDOW
    anew = found.since(newest.issued_at)
    return bool(anew.attempts or anew.practice) and newest.expires_on <= day_of(at) + window


def _draft(
    person: User,
    certification: Certification,
    requirements: list[Requirement],
    found: Evidence,
    sequence: int,
    at: datetime,
) -> Credential:
    """The credential with its snapshot, not yet stored."""
    attempt, membership = found.attempt, found.membership
    expires_on = expiry_date(day_of(at), certification.valid_months)
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
        issued_on=day_of(at).isoformat(),
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
