"""The demo's practice: a task that a certification asks for, and what gives continuing points."""

from datetime import datetime

from certifications.models import Certification, PointsRule, PracticeTask
from certifications.services import save_certification, save_points_rule, save_practice_task
from courses.models import Course
from lms.accounts.models import User
from lms.partners.models import Persona

TASK = "hold-a-halden-demo"
HANDED_IN = (
    "On Tuesday, at a retailer with forty shops. I showed a restore at the till in front of the operations team, from "
    "the unplugged disk to the first sale. They asked what happens when two tills fail at once; I showed that too."
)


def build_practice(*, courses: dict[str, Course], by: User, at: datetime) -> None:
    """A task, the certification that asks for it, and points for the associate: too few to renew anybody's."""
    task = PracticeTask(
        slug=TASK,
        title="Hold a Halden demo",
        brief="Hold a demo of thirty minutes for a customer or colleagues. Tell when it was, for whom, what you showed "
        "and what they asked. A recording or your slides help.",
        criteria="The demo starts from the customer's problem. A restore is shown, not told. Questions are answered "
        "honestly, also with “I will find out”.",
        minutes=45,
    )
    save_practice_task(task=task, by=by, at=at)
    certification = Certification(
        slug="halden-demo-host",
        title="Halden Demo Host",
        description="For those who show Halden to customers.",
        criteria="Has held a demo that a reviewer of ours found convincing.",
        valid_months=24,
        practice_months=12,
        position=9,
    )
    personas = Persona.objects.filter(slug="presales_engineer")
    save_certification(
        certification=certification, personas=personas, courses=[], assessments=[], practice=[task], by=by, at=at
    )
    associate = Certification.objects.get(slug="halden-associate")
    associate.renewal_points = 30
    associate.save(update_fields=["renewal_points"])
    rule = PointsRule(certification=associate, course=courses["what-changed-in-4-2"], points=20)
    save_points_rule(rule=rule, by=by, at=at)
