"""Gathers what the rules may look at: people with what they hold, and figures with their source."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from django.db.models import Exists, OuterRef, Q

from certifications.models import CareerConsent, Credential
from certifications.snapshot import Snapshot
from lms.partners.models import Membership, Partner
from lms.reporting.rates import year_before
from lms.reporting.services import Rate, completion_rate, evidence, rates_by_partner
from lms.tiers.engine import Facts, Held, Measure, Person
from lms.tiers.models import TierAct
from lms.tiers.services.outside import Outside, outside_facts

COMPLETION = "completion_rate_12m"
COMPLETED = "courses_completed_12m"
CHUNK = 100


def gather_facts(*, partner: Partner, at: datetime) -> Facts:
    """What is known of the partner at `at`, from projections of trusted statements and from issued credentials only.

    People are active accounts with a membership that holds on that day (UTC). A credential counts for exactly one
    partner: the one under which it was earned while its holder still works there, else the holder's oldest membership
    for which he consents to that (so a mover brings it along if he wants, from the day he moved, and nobody is counted
    twice). What was earned under no partner needs no consent. Revoked, suspended and expired ones are out.
    No enrolment in the window: the completion rate is not known, which is not zero. Imported figures, deals and
    documents are those of `outside_facts`. Constant queries.
    """
    return add_evidence(plain_facts(partner=partner, at=at), partner=partner, at=at)


def plain_facts(*, partner: Partner, at: datetime) -> Facts:
    """As `gather_facts`, without the statements behind the completion rate: they are many, and decide nothing."""
    since, until = year_before(at), at + timedelta(microseconds=1)
    people = _people([partner], at)[partner.pk]
    rate = completion_rate(partner=partner, since=since, until=until)
    outside = outside_facts([partner], at)[partner.pk]
    return _facts(partner, people, rate, _invited([partner], at)[partner.pk], outside, at)


def _facts(
    partner: Partner,
    people: tuple[Person, ...],
    rate: Rate | None,
    invited: frozenset[str],
    outside: Outside,
    at: datetime,
) -> Facts:
    completion = {} if rate is None or rate.share is None else _completion(rate, at)
    return Facts(
        people=people,
        measures={**outside.measures, **completion},
        series=outside.series,
        evidence=tuple(outside.evidence),
        payments=tuple(outside.payments),
        imported=frozenset(outside.imported),
        dates={"joined": partner.joined_on},
        texts={"country": partner.country},
        invited=invited,
    )


def _invited(partners: Sequence[Partner], at: datetime) -> dict[int, frozenset[str]]:
    """By partner, the tiers to which it is invited on that day (UTC). What was ended since did hold then."""
    on = at.astimezone(UTC).date()
    invitations = TierAct.objects.filter(
        Q(until=None) | Q(until__gte=on),
        Q(ended_at=None) | Q(ended_at__gt=at),
        kind=TierAct.Kind.INVITATION,
        partner__in=partners,
        decided_at__lte=at,
    )
    found: dict[int, set[str]] = {partner.pk: set() for partner in partners}
    for partner, tier in invitations.values_list("partner_id", "tier__slug"):
        found[partner].add(tier)
    return {pk: frozenset(tiers) for pk, tiers in found.items()}


def add_evidence(facts: Facts, *, partner: Partner, at: datetime) -> Facts:
    """The facts with the statements that make the completion rate. One query, none without a rate."""
    figure = facts.measures.get(COMPLETION)
    if figure is None:
        return facts
    since, until = year_before(at), at + timedelta(microseconds=1)
    statements = tuple(map(str, evidence(partner=partner, since=since, until=until)))
    return replace(facts, measures={**facts.measures, COMPLETION: replace(figure, statements=statements)})


def gather_many(*, partners: Sequence[Partner], at: datetime) -> dict[int, Facts]:
    """The same facts of many partners, by primary key, without the statements behind the completion rate.

    Twelve queries per hundred partners: for simulations over many.
    """
    since, until = year_before(at), at + timedelta(microseconds=1)
    rates = {group.key: group.rate for group in rates_by_partner(since=since, until=until)}
    found: dict[int, Facts] = {}
    for start in range(0, len(partners), CHUNK):
        some = partners[start : start + CHUNK]
        people, invited, outside = _people(some, at), _invited(some, at), outside_facts(some, at)
        for partner in some:
            rate, pk = rates.get(partner.public_id), partner.pk
            found[pk] = _facts(partner, people[pk], rate, invited[pk], outside[pk], at)
    return found


def _people(partners: Sequence[Partner], at: datetime) -> dict[int, tuple[Person, ...]]:
    """By partner, who works there on that day with what counts there, by public id."""
    memberships = _memberships(partners, at)
    held = _held(memberships, at)
    people: dict[int, list[Person]] = {partner.pk: [] for partner in partners}
    for membership in memberships:
        if membership.partner_id in people:
            people[membership.partner_id].append(
                Person(
                    id=str(membership.person.public_id),
                    persona=membership.persona.slug,
                    since=membership.starts_on,
                    until=last_day(membership),
                    held=tuple(held.get((membership.person_id, membership.partner_id), ())),
                )
            )
    return {pk: tuple(sorted(several, key=lambda person: person.id)) for pk, several in people.items()}


def last_day(membership: Membership) -> date | None:
    """The last day on which the membership holds: the day before, when it was ended at once."""
    if membership.ends_on is None or membership.ended_at is None:
        return membership.ends_on
    return membership.ends_on - timedelta(days=1)


def _memberships(partners: Sequence[Partner], at: datetime) -> list[Membership]:
    """Everywhere the partners' people work on that day, their oldest first; `brings_along` where the person consents to
    count there with what he earned elsewhere."""
    on = at.astimezone(UTC).date()
    consents = CareerConsent.objects.given(at).filter(membership=OuterRef("pk"))
    people = Membership.objects.active(on).filter(partner__in=partners).values("person_id")
    return list(
        Membership.objects.active(on)
        .filter(person__in=people, person__is_active=True)
        .select_related("person", "persona")
        .annotate(brings_along=Exists(consents))
        .order_by("starts_on", "pk")
    )


def home(earned_at: int | None, memberships: Sequence[Membership]) -> int | None:
    """The one partner for whom a credential counts: where it was earned, if its holder works there today, else his
    oldest membership that he brings it along to; earned under no partner, his oldest. `memberships` are those of today,
    oldest first, as `_memberships` reads them."""
    if any(membership.partner_id == earned_at for membership in memberships):
        return earned_at
    open_to_it = (
        membership.partner_id
        for membership in memberships
        if earned_at is None or membership.brings_along  # type: ignore[attr-defined]
    )
    return next(open_to_it, None)


def _held(memberships: list[Membership], at: datetime) -> dict[tuple[int, int], list[Held]]:
    """By person and the partner for whom it counts."""
    by_person: dict[int, list[Membership]] = defaultdict(list)
    for membership in memberships:
        by_person[membership.person_id].append(membership)
    credentials = (
        Credential.objects.in_force_at(at)
        .filter(person__in=list(by_person))
        .order_by("pk")
        .values_list(
            *("person_id", "certification__slug", "membership__partner_id"),
            *("expires_on", "public_id", "snapshot"),
        )
    )
    held: dict[tuple[int, int], list[Held]] = defaultdict(list)
    for person, code, earned_at, expires_on, reference, snapshot in credentials:
        owner = home(earned_at, by_person[person])
        if owner is not None:
            issued = Snapshot.from_json(snapshot)
            held[person, owner].append(
                Held(
                    code=code,
                    since=issued.issued,  # of a corrected one: since it was first issued
                    until=expires_on,
                    reference=reference,
                    statements=tuple(dict.fromkeys([*issued.statement_ids, issued.statement_id])),
                )
            )
    return held


def _completion(rate: Rate, at: datetime) -> dict[str, Measure]:
    """The completion rate of the twelve months up to and with `at`; its window's end is exclusive."""
    figure = Measure(
        value=Fraction(rate.numerator, rate.denominator),
        source="lms.reporting.completion_rate",
        as_of="" if rate.as_of is None else rate.as_of.isoformat(),
        detail={
            "numerator": str(rate.numerator),
            "denominator": str(rate.denominator),
            "since": rate.since.isoformat(),
            "until": at.isoformat(),
        },
    )
    return {COMPLETION: figure, COMPLETED: replace(figure, value=Fraction(rate.numerator))}
