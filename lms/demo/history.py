"""Eighteen months of the demo's history, planned per person and played in order of time through the services.

Each person has a random stream seeded by his address, so the same day always gives the same history, and adding a
person changes nobody else's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from random import Random

from django.db import transaction

from courses.models import Course, Enrolment, Lesson
from courses.services import complete_lesson, enrol_person
from lms.assessments.models import Assessment
from lms.common.errors import DomainError
from lms.demo import protagonists
from lms.demo.calendar import Calendar
from lms.demo.exams import sit_exam
from lms.demo.people import Cast, end_membership
from lms.demo.timeline import Action, Timeline
from lms.events.services import drain
from lms.partners.models import Membership

# Which courses lead to which exam, per persona; in the order in which people take them.
PLANS: dict[str, list[tuple[tuple[str, ...], str | None]]] = {
    "sales_rep": [
        (("halden-in-ten-minutes",), "halden-associate"),
        (("selling-halden-to-many-sites",), "halden-sales"),
        (("what-changed-in-4-2",), None),
    ],
    "presales_engineer": [
        (("halden-in-ten-minutes",), "halden-associate"),
        (("designing-a-halden-deployment", "running-a-halden-pilot"), "halden-presales"),
        (("what-changed-in-4-2",), None),
    ],
    "marketing": [(("halden-in-ten-minutes",), "halden-associate"), (("telling-the-halden-story",), None)],
    "executive": [(("halden-in-ten-minutes",), None)],
}
# How much a partner cares: from those who train everybody to those who signed and forgot.
DILIGENCE = (0.9, 0.62, 0.9, 0.45, 0.8, 0.95, 0.55, 0.85, 0.3, 0.75, 0.9, 0.68)


@dataclass
class Learner:
    """One membership's way through its plan. Chance comes from the person's own stream only."""

    membership: Membership
    diligence: float
    timeline: Timeline
    courses: dict[str, Course]
    exams: dict[str, Assessment]
    rng: Random
    ability: float
    leaves_at: datetime | None = None

    def later(self, at: datetime, action: Action) -> None:
        """Plans an action, unless the person will have left by then."""
        if self.leaves_at is None or at < self.leaves_at:
            self.timeline.add(at, action)

    def begin(self, at: datetime) -> None:
        self._plan_step(0, at + timedelta(days=self.rng.uniform(1, 60 - 50 * self.diligence)))

    def _office_hour(self, at: datetime) -> datetime:
        at = at.replace(hour=7 + int(self.rng.random() * 10), minute=int(self.rng.random() * 60), second=0)
        return at + timedelta(days={5: 2, 6: 1}.get(at.weekday(), 0))

    def _plan_step(self, number: int, at: datetime) -> None:
        plan = PLANS[self.membership.persona.slug]
        if number >= len(plan) or self.rng.random() > 0.35 + 0.65 * self.diligence:
            return
        courses, exam = plan[number]
        self.later(self._office_hour(at), lambda now: self._take(list(courses), exam, number, now))

    def _take(self, slugs: list[str], exam: str | None, number: int, at: datetime) -> None:
        """Enrols in the first course of the list; the rest, the exam and the next step follow its end."""
        course = self.courses[slugs[0]]
        newest = course.versions.order_by("-number").first()
        if newest is None or newest.published_at > at:  # not written yet: look again in a month
            self.later(at + timedelta(days=30), lambda now: self._take(slugs, exam, number, now))
            return
        enrolment = enrol_person(person=self.membership.person, course=course, membership=self.membership, at=at)
        lessons = list(enrolment.version.lessons.select_related("module").order_by("position"))
        self._next_lesson(enrolment, lessons, at, slugs[1:], exam, number)

    def _next_lesson(
        self, enrolment: Enrolment, lessons: list[Lesson], at: datetime, rest: list[str], exam: str | None, number: int
    ) -> None:
        if not lessons:
            self._after_course(at, rest, exam, number)
        elif self.rng.random() < 0.9 + 0.095 * self.diligence:  # else put aside, as people do
            pause = timedelta(minutes=lessons[0].minutes + self.rng.uniform(0, 4))
            if self.rng.random() < 0.3:
                pause += timedelta(days=self.rng.uniform(1, 6))

            def finish(now: datetime) -> None:
                complete_lesson(enrolment=enrolment, lesson=lessons[0], at=now)
                self._next_lesson(enrolment, lessons[1:], now, rest, exam, number)

            self.later(at + pause, finish)

    def _after_course(self, at: datetime, rest: list[str], exam: str | None, number: int) -> None:
        soon = self._office_hour(at + timedelta(days=self.rng.uniform(1, 12)))
        if rest:
            self.later(soon, lambda now: self._take(rest, exam, number, now))
        elif exam:
            self.later(soon, lambda now: self._sit(exam, number, 1, now))
        else:
            self._plan_step(number + 1, at + timedelta(days=self.rng.uniform(5, 40)))

    def _sit(self, exam: str, number: int, attempt: int, at: datetime) -> None:
        skill = min(0.98, self.ability + 0.06 * (attempt - 1))
        passed = sit_exam(assessment=self.exams[exam], membership=self.membership, skill=skill, rng=self.rng, at=at)
        if passed:
            self._plan_step(number + 1, at + timedelta(days=self.rng.uniform(5, 40)))
            renewal = at + timedelta(days=300 + self.rng.uniform(0, 60))
            if self.rng.random() < self.diligence:
                self.later(self._office_hour(renewal), lambda now: self._sit(exam, 99, 1, now))
        elif attempt < 3 and self.rng.random() < 0.5 + 0.5 * self.diligence:
            again = self._office_hour(at + timedelta(days=self.rng.uniform(2, 15)))
            self.later(again, lambda now: self._sit(exam, number, attempt + 1, now))


def plan_history(cast: Cast, courses: dict[str, Course], exams: dict[str, Assessment], calendar: Calendar) -> Timeline:
    """The beginnings of everybody's way, ready to be played."""
    timeline = Timeline(end=calendar.now)
    leaving = {leaver.membership.pk: leaver for leaver in cast.leavers}
    partners = sorted({membership.partner_id for membership in cast.memberships})
    for membership in cast.memberships:
        if membership.person.email in protagonists.WAYS:
            protagonists.plan(membership, timeline, courses, exams, calendar)
            continue
        rng = Random(f"laurel:{membership.person.email}:{membership.partner.slug}")  # noqa: S311  not a secret
        leaver = leaving.get(membership.pk)
        learner = Learner(
            membership=membership,
            diligence=DILIGENCE[partners.index(membership.partner_id) % len(DILIGENCE)],
            timeline=timeline,
            courses=courses,
            exams=exams,
            rng=rng,
            ability=min(0.95, max(0.5, rng.gauss(0.84, 0.08))),
            leaves_at=leaver.at if leaver else None,
        )
        learner.begin(datetime.combine(membership.starts_on, time(8), UTC))
        if leaver:
            timeline.add(leaver.at, partial(end_membership, leaver))
    return timeline


def play_week(timeline: Timeline, until: datetime) -> None:
    """Plays one week in one transaction, then delivers what it caused. A refusal ends that person's way."""
    with transaction.atomic():
        for at, action in timeline.before(until):
            try:
                with transaction.atomic():
                    action(at)
            except DomainError:
                continue
    drain()
