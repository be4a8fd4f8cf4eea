"""A partner's people as rows: what they completed, what they hold, what ends next. Constant queries per list."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from certifications.models import Credential
from courses.models import Enrolment
from lms.common import guards
from lms.partners.models import Membership

SOON = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """One member. `certificates` counts certifications held today; `next_expiry` is the first of them to end."""

    membership: Membership
    completed: int
    enrolled: int
    certificates: int
    next_expiry: date | None
    ends_soon: bool


def search(memberships: QuerySet[Membership], text: str) -> QuerySet[Membership]:
    """Members whose name or address has every word of `text`."""
    for word in guards.clean_search_query(text).split():
        memberships = memberships.filter(Q(person__name__icontains=word) | Q(person__email__icontains=word))
    return memberships


def rows(memberships: Iterable[Membership], on: date) -> list[PersonRow]:
    """A row per membership (person and persona loaded), in the order given. Two queries."""
    memberships = list(memberships)
    counts = {
        membership_id: (completed, enrolled)
        for membership_id, completed, enrolled in Enrolment.objects.current()
        .filter(membership__in=memberships)
        .values("membership")
        .annotate(completed=Count("pk", filter=Q(completed_at__isnull=False)), enrolled=Count("pk"))
        .values_list("membership", "completed", "enrolled")
    }
    held = _last_days(memberships, on)
    return [
        _row(membership, *counts.get(membership.pk, (0, 0)), held.get(membership.person_id, {}), on)
        for membership in memberships
    ]


def _last_days(memberships: list[Membership], on: date) -> dict[int, dict[int, date | None]]:
    """By person and certification the last day of the newest credential that holds today."""
    held: dict[int, dict[int, date | None]] = defaultdict(dict)
    people = [membership.person_id for membership in memberships]
    credentials = Credential.objects.valid(on).filter(person__in=people).order_by("sequence")
    for person, certification, expires_on in credentials.values_list("person_id", "certification_id", "expires_on"):
        held[person][certification] = expires_on
    return held


def _row(membership: Membership, completed: int, enrolled: int, held: dict[int, date | None], on: date) -> PersonRow:
    next_expiry = min((day for day in held.values() if day is not None), default=None)
    return PersonRow(
        membership=membership,
        completed=completed,
        enrolled=enrolled,
        certificates=len(held),
        next_expiry=next_expiry,
        ends_soon=next_expiry is not None and next_expiry <= on + SOON,
    )
