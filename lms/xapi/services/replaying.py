"""Having the figures made anew from a date on, by those who make them."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from lms.events.services import emit
from lms.xapi.drafts import MILESTONE_KEYS, VOIDED_KEY
from lms.xapi.events import MilestonesStored
from lms.xapi.models import Statement

_CHUNK = 500


def replay_milestones(*, since: datetime, at: datetime, on_progress: Callable[[int], object] = lambda _: None) -> int:
    """Tells again of every registration whose standing a statement stored since then may have changed; counts them.

    That are those of the milestones that trusted authorities stored since then, and of those voided since then. Emits
    MilestonesStored for 500 registrations a transaction. Who listens recomputes from the statements, so where nothing
    was amiss nothing changes.
    """
    voidings = Statement.objects.filter(verb_key=VOIDED_KEY, stored_at__gte=since)
    changed = Q(stored_at__gte=since) | Q(statement_id__in=voidings.values("object_key"))
    milestones = Statement.objects.filter(
        changed, verb_key__in=MILESTONE_KEYS, authority__is_trusted=True, registration__isnull=False
    )
    rest = milestones.order_by("registration").values_list("registration", flat=True).distinct()
    count, last = 0, None
    while page := _page(rest.filter(registration__gt=last) if last else rest):
        with transaction.atomic():
            emit(MilestonesStored(at=at, registrations=page))
        count, last = count + len(page), page[-1]
        on_progress(len(page))
    return count


def _page(registrations: "QuerySet[Statement, UUID | None]") -> tuple[UUID, ...]:
    return tuple(registration for registration in registrations[:_CHUNK] if registration)
