"""How much training a programme demands (R115): hours per person and quarter, tier by tier."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from certifications.models import Certification, Requirement
from courses.models import CourseVersion
from lms.tiers import engine
from lms.tiers.engine.planner import Plan, plan

MONTHS_OF_A_QUARTER = 3
FOR_EVER = 60  # months over which the training for a certification without an end is spread
_TEAMS = (6, 20, 60)


@dataclass(frozen=True, kw_only=True)
class TierLoad:
    """What a team of beginners needs for a tier: the fewest certifications, who learns, hours of each per quarter."""

    tier: str
    certifications: int
    people: int
    hours: Fraction

    @property
    def words(self) -> str:
        return engine.as_words(self.hours, places=1)


def training_load(rules: engine.Programme, *, on: date) -> tuple[TierLoad, ...]:
    """Of every tier that asks for something, lowest first, by the rules of the day `on`.

    Minutes of all courses and exams of a certification, spread over the months it holds. Certifications that the
    platform does not offer are left out. Three queries.
    """
    offered = {one.slug: one for one in Certification.objects.offered()}
    minutes = _minutes(offered)
    loads = []
    for tier in rules.tiers:
        if tier.requirements:
            found = _plan(rules, tier.id, minutes, on)
            people = {step.person for step in found.steps or ()}
            quarterly = sum((_quarterly(step.minutes, offered[step.code]) for step in found.steps or ()), Fraction(0))
            hours = quarterly / 60 / len(people) if people else Fraction(0)
            loads.append(
                TierLoad(tier=tier.name, certifications=len(found.steps or ()), people=len(people), hours=hours)
            )
    return tuple(loads)


def _plan(rules: engine.Programme, tier: str, minutes: dict[str, int], on: date) -> Plan:
    """With the smallest team that is large enough, as far as training alone goes."""
    found: Plan | None = None
    for size in _TEAMS:
        facts = engine.Facts(people=tuple(engine.Person(id=f"{number:02}") for number in range(size)))
        answer = plan(rules, facts, on, tier=tier, minutes=lambda _, code: minutes.get(code))
        if found is not None and len(answer.blockers) >= len(found.blockers):
            return found
        found = answer
    assert found is not None  # noqa: S101  there are teams
    return found


def _minutes(offered: dict[str, Certification]) -> dict[str, int]:
    steps = Requirement.objects.filter(certification__in=list(offered.values()))
    steps = steps.select_related("certification", "assessment")
    versions = CourseVersion.objects.filter(course__in=steps.values("course_id")).order_by("number")
    courses = dict(versions.values_list("course_id", "minutes"))
    total: dict[str, int] = defaultdict(int)
    for step in steps:
        exam = step.assessment.time_limit_minutes if step.assessment is not None else 0
        total[step.certification.slug] += exam + courses.get(step.course_id or 0, 0)
    return {slug: total[slug] for slug in offered}


def _quarterly(minutes: int, certification: Certification) -> Fraction:
    return Fraction(minutes * MONTHS_OF_A_QUARTER, certification.valid_months or FOR_EVER)
