"""What badges say: achievements with their pictures, pathways, the issuer's profile. Changed by the vendor only."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from badges.errors import InvalidPathway, NotAllowed
from badges.models import Achievement, BadgeImage, IssuerProfile, Pathway
from lms.accounts.models import User
from lms.accounts.services import record_audit

# What stands in signed documents: a change of any of these is another version.
_SIGNED = ("name", "description", "criteria", "type", "tags", "alignments", "image_id")


def _check(by: User) -> None:
    if not by.has_perm("badges.manage_badges"):
        raise NotAllowed("You may not change badges. Nothing was changed.")


@transaction.atomic
def save_achievement(
    *, achievement: Achievement, related: Iterable[Achievement], image: BadgeImage | None, by: User, at: datetime
) -> Achievement:
    """Stores an achievement. When anything that badges sign changed, `version` grows; badges keep what they say.

    Without `image` the picture stays. Writes the audit log. Raises NotAllowed (permission badges.manage_badges).
    """
    _check(by)
    if image is not None:
        achievement.image = image
    before = Achievement.objects.filter(pk=achievement.pk).first()
    wanted = sorted(one.pk for one in related if one.pk != achievement.pk)
    if before is not None and (
        any(getattr(before, name) != getattr(achievement, name) for name in _SIGNED)
        or sorted(before.related.values_list("pk", flat=True)) != wanted
    ):
        achievement.version = before.version + 1
    achievement.save()
    achievement.related.set(wanted)
    record_audit(
        action="badges.save_achievement", actor=by, at=at, target=achievement, detail={"version": achievement.version}
    )
    return achievement


@transaction.atomic
def save_pathway(*, pathway: Pathway, members: Iterable[Achievement], needed: int, by: User, at: datetime) -> Pathway:
    """Stores a pathway. Badges it has awarded keep the rule they were awarded by.

    Writes the audit log. Raises NotAllowed (permission badges.manage_badges) and InvalidPathway: no members, more
    needed than there are, or a circle, in which a badge would lead to itself.
    """
    _check(by)
    wanted = sorted(set(members), key=lambda one: one.pk)
    if not 1 <= needed <= len(wanted):
        raise InvalidPathway(f"Choose a number from 1 to {len(wanted)}: that many badges are chosen.")
    if pathway.achievement_id in _below({one.pk for one in wanted}):
        raise InvalidPathway("The badge would lead to itself. Choose other badges.")
    if pathway.achievement.certification_id is not None:
        raise InvalidPathway("This badge comes with a certification. Make a badge of its own for the pathway.")
    pathway.needed = needed
    pathway.save()
    pathway.members.set(wanted)
    record_audit(
        action="badges.save_pathway",
        actor=by,
        at=at,
        target=pathway.achievement,
        detail={"needed": needed, "members": [str(one) for one in wanted]},
    )
    return pathway


def _below(achievements: set[int]) -> set[int]:
    """These achievements and all that lead to them, by one query per step."""
    found = set(achievements)
    while achievements:
        rows = Pathway.objects.filter(achievement__in=achievements).values_list("members", flat=True)
        achievements = {one for one in rows if one is not None} - found
        found |= achievements
    return found


@transaction.atomic
def save_issuer(*, profile: IssuerProfile, by: User, at: datetime) -> IssuerProfile:
    """Stores the one profile of the issuer. Badges that are out keep the one they were signed with.

    Writes the audit log. Raises NotAllowed (permission badges.manage_badges).
    """
    _check(by)
    profile.pk = 1
    profile.save()
    record_audit(action="badges.save_issuer", actor=by, at=at, detail={"name": profile.name})
    return profile
