"""How far a person is on the pathways that his badges lead to. Reads only; counts, never shares."""

from dataclasses import dataclass
from datetime import datetime

from badges import standing
from badges.models import Achievement, Pathway
from lms.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Way:
    """`have` of `needed` badges; `missing` are those that would count."""

    pathway: Pathway
    have: int
    missing: tuple[Achievement, ...]

    @property
    def needed(self) -> int:
        return self.pathway.needed

    @property
    def words(self) -> str:
        return f"{self.have} of {self.needed} badges"


def ways(person: User, *, at: datetime) -> list[Way]:
    """The pathways the person has begun and not finished, nearest first."""
    held = {award.achievement_id for award, state in standing.of_person(person, at) if not state.is_listed}
    begun = (
        Pathway.objects.filter(retired_at=None, members__in=held)
        .exclude(achievement__awards__person=person)
        .select_related("achievement__image")
        .prefetch_related("members")
        .distinct()
    )
    found = []
    for pathway in begun:
        members = sorted(pathway.members.all(), key=lambda one: one.name)
        missing = tuple(one for one in members if one.pk not in held)
        found.append(Way(pathway=pathway, have=len(members) - len(missing), missing=missing))
    return sorted(found, key=lambda way: (way.needed - way.have, way.pathway.pk))
