"""The people the demo introduces: in the middle of something when the visitor signs in as them."""

from datetime import datetime, timedelta
from functools import partial
from random import Random

from certifications.models import PracticeTask
from certifications.services import hand_in
from courses.models import Course
from courses.services import complete_lesson, enrol_person
from lms.assessments.models import Assessment
from lms.demo.calendar import Calendar
from lms.demo.exams import sit_exam
from lms.demo.practice import HANDED_IN, TASK
from lms.demo.timeline import Timeline
from lms.partners.models import Membership

REP = "tomasz.wisniewski@kestrel-integrators.example"
ENGINEER = "ines.navarro@kestrel-integrators.example"
MANAGER = "katarzyna.zielinska@kestrel-integrators.example"

# (course, begun so many days ago, lessons done or None for all, exam passed afterwards)
Step = tuple[str, int, int | None, str | None]
WAYS: dict[str, list[Step]] = {
    ENGINEER: [
        # A year's certificate that ends in about six weeks: the home page has something to warn of.
        ("halden-in-ten-minutes", 328, None, "halden-associate"),
        ("what-changed-in-4-2", 60, None, None),
        ("designing-a-halden-deployment", 6, 4, None),
    ],
    REP: [
        ("halden-in-ten-minutes", 200, None, "halden-associate"),
        ("selling-halden-to-many-sites", 3, 3, None),
    ],
}


def plan(
    membership: Membership,
    timeline: Timeline,
    courses: dict[str, Course],
    exams: dict[str, Assessment],
    calendar: Calendar,
) -> None:
    """Puts the steps of this protagonist on the timeline."""
    for course, days_ago, lessons, exam in WAYS[membership.person.email]:
        begun = calendar.now - timedelta(days=days_ago) + timedelta(hours=2)
        timeline.add(begun, partial(_learn, membership, courses[course], lessons))
        if exam:
            after = begun + timedelta(days=4)
            timeline.add(after, partial(_pass, membership, exams[exam]))
    if membership.person.email == ENGINEER:
        timeline.add(calendar.now - timedelta(days=2), partial(_hand_in, membership))


def _hand_in(membership: Membership, at: datetime) -> None:
    """It waits for a reviewer when the visitor comes."""
    task = PracticeTask.objects.get(slug=TASK)
    hand_in(task=task, person=membership.person, membership=membership, words=HANDED_IN, link="", file=None, at=at)


def _learn(membership: Membership, course: Course, lessons: int | None, at: datetime) -> None:
    enrolment = enrol_person(person=membership.person, course=course, membership=membership, at=at)
    for lesson in enrolment.version.lessons.select_related("module").order_by("position")[:lessons]:
        at += timedelta(minutes=lesson.minutes + 1)
        complete_lesson(enrolment=enrolment, lesson=lesson, at=at)


def _pass(membership: Membership, exam: Assessment, at: datetime) -> None:
    rng = Random(f"laurel:{membership.person.email}")  # noqa: S311  not a secret
    sit_exam(assessment=exam, membership=membership, skill=0.96, rng=rng, at=at)
