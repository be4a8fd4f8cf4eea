"""Forms drawn before an exam opens, so that a large group can start in the same minute."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.db import transaction

from lms.assessments.errors import ExamNotReady
from lms.assessments.models import Assessment, Item, PreparedForm, Response
from lms.assessments.services.draw import draw

AHEAD = timedelta(hours=1)
BATCH = 100


def prepare_forms(*, assessment: Assessment, at: datetime, rng: Random, limit: int = BATCH) -> int:
    """Draws forms until as many wait or were taken as the exam asks for; at most `limit` in one call. Returns how many.

    A form belongs to nobody until an attempt takes it. Two callers at once may draw a few too many; nothing else.
    """
    missing = min(limit, assessment.prepared_forms - PreparedForm.objects.filter(assessment=assessment).count())
    try:
        forms = [
            PreparedForm(assessment=assessment, drawn=_frozen(draw(assessment, rng)), made_at=at)
            for _ in range(missing)
        ]
    except ExamNotReady:
        return 0  # whoever starts is told why
    PreparedForm.objects.bulk_create(forms)
    return len(forms)


def _frozen(responses: list[Response]) -> list[dict[str, object]]:
    return [
        {
            "version": response.item_version_id,
            "section": response.section,
            "is_pilot": response.is_pilot,
            "max_points": str(response.max_points),
            "shown": response.shown,
        }
        for response in responses
    ]


def prepare_due(*, at: datetime, rng: Random) -> int:
    """One batch for each exam that opens within the hour, or opened within the last. Returns how many were drawn."""
    due = Assessment.objects.filter(prepared_forms__gt=0, opened_at__gt=at - AHEAD, opened_at__lte=at + AHEAD)
    return sum(prepare_forms(assessment=assessment, at=at, rng=rng) for assessment in due)


@transaction.atomic
def drop_prepared(assessment: Assessment) -> None:
    """Forgets the forms that wait: the exam is not what it was when they were drawn."""
    PreparedForm.objects.filter(assessment=assessment, taken_at=None).delete()


def take_prepared(assessment: Assessment, at: datetime) -> list[Response]:
    """A prepared form as unsaved responses, taken for good when the transaction around it commits; empty without one.

    A form in which an item was changed or retired since is thrown away and the next is tried: prepared never means old.
    """
    if not assessment.prepared_forms:
        return []
    waiting = PreparedForm.objects.filter(assessment=assessment, taken_at=None)
    while form := waiting.select_for_update(skip_locked=True).order_by("pk").first():
        form.taken_at = at
        form.save(update_fields=["taken_at"])
        if _is_current(form):
            return [
                Response(
                    item_version_id=one["version"],
                    position=position,
                    section=one["section"],
                    is_pilot=one["is_pilot"],
                    max_points=Decimal(one.get("max_points", "1")),
                    shown=one["shown"],
                )
                for position, one in enumerate(form.drawn, start=1)
            ]
    return []


def _is_current(form: PreparedForm) -> bool:
    """Whether each version is still the one that would be drawn. Two queries."""
    drawn = {one["version"] for one in form.drawn}
    items = Item.objects.filter(versions__in=drawn, retired_at=None)
    newest = set(items.live_versions().values_list("pk", flat=True))
    rest = drawn - newest
    return not rest or rest <= set(items.pilot_versions().values_list("pk", flat=True))
