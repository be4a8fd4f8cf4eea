"""The cheapest way to a tier and "what if": who earns what, in how many minutes, and what the evaluator says to it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from certifications.models import Certification, Requirement
from courses.models import CourseVersion
from lms.assessments.models import Assessment
from lms.partners.models import Membership, Partner
from lms.tiers import engine
from lms.tiers.engine.planner import Plan, plan, with_credentials
from lms.tiers.models import Decision, ProgrammeVersion
from lms.tiers.services.errors import NoProgrammeInForce
from lms.tiers.services.facts import gather_facts
from lms.tiers.services.figures import Row
from lms.tiers.services.programmes import rules_of
from lms.tiers.services.requirement import done_things, thing

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A certification for a person: what he has, what it takes, whether the cheapest way or the visitor ticks it."""

    certification: Certification
    value: str
    is_held: bool
    is_open: bool
    minutes: int
    left: tuple[str, ...]
    is_planned: bool
    is_ticked: bool


@dataclass(frozen=True, kw_only=True)
class PersonCells:
    membership: Membership
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class WayStep:
    """One step of the cheapest way. `exams` are those to be passed, with the day from which each is open to him."""

    membership: Membership
    certification: Certification
    minutes: int
    left: tuple[str, ...]
    exams: tuple[Assessment, ...]


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """What the evaluator says if all that is ticked were earned today."""

    tier: str
    is_reached: bool
    minutes: int
    count: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Way:
    """To the next tier (`tier` is its name). `steps` None: no answer in time, at least `bound` certifications."""

    tier: str
    certifications: tuple[Certification, ...]
    people: tuple[PersonCells, ...]
    steps: tuple[WayStep, ...] | None
    blockers: tuple[Row, ...]
    is_exact: bool
    bound: int
    what_if: WhatIf

    @property
    def minutes(self) -> int:
        return sum(step.minutes for step in self.steps or ())

    @property
    def ticks(self) -> tuple[str, ...]:
        """The cheapest way as what the visitor may tick."""
        return tuple(f"{step.membership.public_id}:{step.certification.slug}" for step in self.steps or ())


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """What training there is for the partner's people."""

    memberships: tuple[Membership, ...]
    certifications: dict[str, Certification]
    steps: dict[str, list[Requirement]]
    done: set[tuple[int, str, int]]
    course_minutes: dict[int, int]
    personas: dict[str, set[int]]

    def left(self, membership: Membership, code: str) -> list[Requirement]:
        """What he has yet to do; of a certification that asks for any one thing, the shortest unless one is done."""
        left = [step for step in self.steps[code] if (membership.person_id, *thing(step)) not in self.done]
        if not self.certifications[code].needs_any:
            return left
        return [min(left, key=self._minutes)] if left and len(left) == len(self.steps[code]) else []

    def minutes(self, membership: Membership, code: str) -> int | None:
        """Of training and exams that are left; None where the certification is not offered to his persona."""
        if code not in self.certifications:
            return None
        meant = self.personas[code]
        if meant and membership.persona_id not in meant:
            return None
        return sum(self._minutes(step) for step in self.left(membership, code))

    def _minutes(self, step: Requirement) -> int:
        """Of a certification that is asked for first: of all that it asks for."""
        if step.needed is not None:
            return sum(map(self._minutes, self.steps.get(step.needed.slug, ())))
        if step.assessment is not None:
            return step.assessment.time_limit_minutes
        return self.course_minutes.get(step.course_id or 0, 0)


def way_to_next(*, partner: Partner, ticked: Iterable[str], at: datetime) -> Way | None:
    """The cheapest way to the tier above the one held, and what the ticked pairs would lead to; None at the top.

    `ticked` are texts "<membership>:<certification>"; what is unknown, held or not open is left out. The minutes are
    those of courses not completed and exams not passed. Constant queries. Raises NoProgrammeInForce.
    """
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    if version is None:
        raise NoProgrammeInForce("No partner programme is in force yet. Publish one first.")
    rules, facts = rules_of(version), gather_facts(partner=partner, at=at)
    target = _next_tier(rules, partner)
    if target is None:
        return None
    offer = _offer(partner, at, _codes(rules, target))
    by_person = {str(membership.person.public_id): membership for membership in offer.memberships}

    def minutes(person: str, code: str) -> int | None:
        return offer.minutes(by_person[person], code) if person in by_person else None

    found = plan(rules, facts, at.astimezone(UTC), tier=target.id, minutes=minutes)
    people = _people(offer, facts, found, frozenset(ticked), at)
    return Way(
        tier=target.name,
        certifications=tuple(offer.certifications.values()),
        people=people,
        steps=_steps(found, offer, by_person),
        blockers=tuple(Row(finding=finding, tier=target.id) for finding in found.blockers),
        is_exact=found.is_exact,
        bound=found.bound,
        what_if=_what_if(rules, facts, target, people, at),
    )


def _next_tier(rules: engine.Programme, partner: Partner) -> engine.Tier | None:
    decision = Decision.objects.filter(partner=partner).select_related("tier").newest().first()
    order = [tier.id for tier in rules.tiers]
    held = order.index(decision.tier.slug) if decision is not None and decision.tier.slug in order else -1
    return rules.tiers[held + 1] if held + 1 < len(order) else None


def _codes(rules: engine.Programme, target: engine.Tier) -> frozenset[str]:
    """All certifications that the way to the tier may ask for."""
    tiers = rules.tiers[: rules.tiers.index(target) + 1] if rules.is_cumulative else (target,)
    own = (code for tier in tiers for node in tier.requirements for code in node.wanted)
    scored = (code for card in rules.scores.values() for line in card.components for code in line.codes)
    gates = (
        code for card in rules.scores.values() for line in card.components for gate in line.gates for code in gate.codes
    )
    return frozenset((*own, *scored, *gates))


def _offer(partner: Partner, at: datetime, codes: frozenset[str]) -> _Offer:
    memberships = (
        Membership.objects.active(at.astimezone(UTC).date())
        .filter(partner=partner, person__is_active=True)
        .select_related("person", "persona")
        .order_by("person__name", "pk")
    )
    offered = Certification.objects.offered().filter(slug__in=codes).prefetch_related("personas")
    certifications = {one.slug: one for one in offered.order_by("position", "pk")}
    wanted = Requirement.objects.filter(certification__in=list(certifications.values()), is_for_renewal=False)
    steps: dict[str, list[Requirement]] = defaultdict(list)
    for step in wanted.select_related("certification", "course", "assessment", "needed").order_by("position"):
        steps[step.certification.slug].append(step)
    flat = [step for several in steps.values() for step in several]
    people = list(memberships)
    courses = [step.course_id for step in flat if step.course_id]
    versions = CourseVersion.objects.filter(course__in=courses).order_by("number").values_list("course_id", "minutes")
    return _Offer(
        memberships=tuple(people),
        certifications=certifications,
        steps=steps,
        done=done_things([membership.person_id for membership in people], flat),
        course_minutes=dict(versions),
        personas={slug: {persona.pk for persona in one.personas.all()} for slug, one in certifications.items()},
    )


def _people(
    offer: _Offer, facts: engine.Facts, found: Plan, ticked: frozenset[str], at: datetime
) -> tuple[PersonCells, ...]:
    on = at.astimezone(UTC).date()
    held = {person.id: {one.code for one in person.held if one.is_valid(on)} for person in facts.people or ()}
    planned = {(step.person, step.code) for step in found.steps or ()}
    rows = []
    for membership in offer.memberships:
        person = str(membership.person.public_id)
        cells = []
        for code, certification in offer.certifications.items():
            value, minutes = f"{membership.public_id}:{code}", offer.minutes(membership, code)
            is_held = code in held.get(person, set())
            cells.append(
                Cell(
                    certification=certification,
                    value=value,
                    is_held=is_held,
                    is_open=minutes is not None and not is_held,
                    minutes=minutes or 0,
                    left=tuple(str(step) for step in offer.left(membership, code)),
                    is_planned=(person, code) in planned,
                    is_ticked=value in ticked and minutes is not None and not is_held,
                )
            )
        rows.append(PersonCells(membership=membership, cells=tuple(cells)))
    return tuple(rows)


def _steps(found: Plan, offer: _Offer, by_person: dict[str, Membership]) -> tuple[WayStep, ...] | None:
    if found.steps is None:
        return None
    steps = []
    for step in found.steps:
        membership = by_person[step.person]
        left = offer.left(membership, step.code)
        steps.append(
            WayStep(
                membership=membership,
                certification=offer.certifications[step.code],
                minutes=step.minutes,
                left=tuple(str(one) for one in left),
                exams=tuple(one.assessment for one in left if one.assessment is not None),
            )
        )
    return tuple(sorted(steps, key=lambda step: (step.membership.person.name, step.certification.position)))


def _what_if(
    rules: engine.Programme, facts: engine.Facts, target: engine.Tier, people: tuple[PersonCells, ...], at: datetime
) -> WhatIf:
    ticked = [(row.membership, cell) for row in people for cell in row.cells if cell.is_ticked]
    pairs: list[Pair] = [(str(membership.person.public_id), cell.certification.slug) for membership, cell in ticked]
    moment = at.astimezone(UTC)
    then = engine.evaluate(rules, with_credentials(facts, pairs, moment.date()), moment)
    finding = then.tier_finding(target.id)
    assert finding is not None  # noqa: S101  the rules have it
    return WhatIf(
        tier=target.name,
        is_reached=finding.is_met,
        minutes=sum(cell.minutes for _, cell in ticked),
        count=len(pairs),
        rows=tuple(Row(finding=one, tier=target.id) for one in finding.requirements),
    )
