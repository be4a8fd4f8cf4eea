"""Gathers what the rules may look at: people with what they hold, and figures with their source."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from certifications.models import Credential
from lms.partners.models import Membership, Partner
from lms.reporting.services import completion_rate, evidence
from lms.tiers.engine import Facts, Held, Measure, Person

COMPLETION = "completion_rate_12m"
COMPLETED = "courses_completed_12m"


def gather_facts(*, partner: Partner, at: datetime) -> Facts:
    """What is known of the partner at `at`, from projections of trusted statements and from issued credentials only.

    People are active accounts with a membership that holds on that day (UTC). A credential counts for exactly one
    partner: the one under which it was earned while its holder still works there, else the holder's oldest membership
    (so a mover brings it along from the day he moved, and nobody is counted twice). Revoked, suspended and expired
    ones are out.
    No enrolment in the window: the completion rate is not known, which is not zero. Constant queries.
    """
    on = at.astimezone(UTC).date()
    memberships = _memberships(partner, on)
    held = _held(memberships, partner, at)
    people = tuple(
        Person(
            id=str(membership.person.public_id),
            persona=membership.persona.slug,
            since=membership.starts_on,
            until=last_day(membership),
            held=tuple(held[membership.person_id]),
        )
        for membership in sorted(memberships, key=lambda membership: str(membership.person.public_id))
        if membership.partner_id == partner.pk
    )
    return Facts(people=people, measures=_completion(partner, at))


def last_day(membership: Membership) -> date | None:
    """The last day on which the membership holds: the day before, when it was ended at once."""
    if membership.ends_on is None or membership.ended_at is None:
        return membership.ends_on
    return membership.ends_on - timedelta(days=1)


def _memberships(partner: Partner, on: date) -> list[Membership]:
    """Everywhere the partner's people work today, their oldest first."""
    people = Membership.objects.active(on).filter(partner=partner).values("person_id")
    return list(
        Membership.objects.active(on)
        .filter(person__in=people, person__is_active=True)
        .select_related("person", "persona")
        .order_by("starts_on", "pk")
    )


def home(credential: Credential, memberships: Iterable[Membership]) -> Membership | None:
    """The one membership for which a credential counts, of those its holder has today, oldest first."""
    memberships = list(memberships)
    if credential.membership is not None:
        for membership in memberships:
            if membership.partner_id == credential.membership.partner_id:
                return membership
    return memberships[0] if memberships else None


def _held(memberships: list[Membership], partner: Partner, at: datetime) -> dict[int, list[Held]]:
    by_person: dict[int, list[Membership]] = defaultdict(list)
    for membership in memberships:
        by_person[membership.person_id].append(membership)
    credentials = (
        Credential.objects.in_force_at(at)
        .filter(person__in=list(by_person))
        .select_related("certification", "membership")
        .order_by("pk")
    )
    held: dict[int, list[Held]] = defaultdict(list)
    for credential in credentials:
        owner = home(credential, by_person[credential.person_id])
        if owner is not None and owner.partner_id == partner.pk:
            held[credential.person_id].append(_as_held(credential))
    return held


def _as_held(credential: Credential) -> Held:
    issued = credential.as_issued
    return Held(
        code=credential.certification.slug,
        since=issued.issued,  # of a corrected one: since it was first issued
        until=credential.expires_on,
        reference=credential.public_id,
        statements=tuple(dict.fromkeys([*issued.statement_ids, issued.statement_id])),
    )


def year_before(at: datetime) -> datetime:
    """The same moment a year earlier; 28 February for a leap day."""
    try:
        return at.replace(year=at.year - 1)
    except ValueError:
        return at.replace(year=at.year - 1, day=28)


def _completion(partner: Partner, at: datetime) -> dict[str, Measure]:
    """The completion rate of the twelve months up to and with `at`; its window's end is exclusive."""
    since, until = year_before(at), at + timedelta(microseconds=1)
    rate = completion_rate(partner=partner, since=since, until=until)
    if rate.share is None:
        return {}
    figure = Measure(
        value=rate.share,
        source="lms.reporting.completion_rate",
        as_of="" if rate.as_of is None else rate.as_of.isoformat(),
        detail={
            "numerator": str(rate.numerator),
            "denominator": str(rate.denominator),
            "since": since.isoformat(),
            "until": at.isoformat(),
        },
    )
    return {
        COMPLETION: replace(figure, statements=tuple(map(str, evidence(partner=partner, since=since, until=until)))),
        COMPLETED: replace(figure, value=Fraction(rate.numerator)),
    }
