"""The demo's badges: what each certification's looks like, and one that two of them earn."""

from datetime import datetime

from badges.images.design import Design
from badges.models import Achievement, Pathway
from badges.services import drawn, save_achievement, save_pathway
from certifications.models import Certification
from lms.accounts.models import User

_LOOKS = {
    "halden-associate": Design(shape="circle", icon="laurel", line_1="Halden", line_2="Associate"),
    "halden-sales": Design(shape="hexagon", fill="#23406e", icon="bars", line_1="Halden", line_2="Sales Professional"),
    "halden-presales": Design(shape="shield", fill="#5a2348", icon="peak", line_1="Pre-sales", line_2="Engineer"),
}
_ALL_ROUND = Design(shape="seal", fill="#1d1f24", icon="star", line_1="All-rounder", line_2="two certificates")


def build_badges(*, by: User, at: datetime) -> None:
    """Achievements before the first of them is awarded, and the pathway "all-rounder"."""
    made = [_achievement(slug, design, by, at) for slug, design in _LOOKS.items()]
    all_round = Achievement(
        name="Halden All-rounder",
        type=Achievement.Type.BADGE,
        description="For people who know Halden from more than one side.",
        criteria="Holds two of the Halden certificates.",
        tags=["Halden"],
    )
    save_achievement(achievement=all_round, related=made, image=drawn(_ALL_ROUND), by=by, at=at)
    save_pathway(pathway=Pathway(achievement=all_round), members=made, needed=2, by=by, at=at)


def _achievement(slug: str, design: Design, by: User, at: datetime) -> Achievement:
    certification = Certification.objects.get(slug=slug)
    achievement = Achievement(
        certification=certification,
        name=certification.title,
        description=certification.description or certification.criteria,
        criteria=certification.criteria,
        tags=["Halden", "certification"],
    )
    return save_achievement(achievement=achievement, related=[], image=drawn(design), by=by, at=at)
