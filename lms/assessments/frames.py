"""What every page of a running attempt shows: clocks, tools, and the questions with their states."""

from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lms.assessments import services
from lms.assessments.models import Attempt


def frame(request: HttpRequest, attempt: Attempt, position: int | None = None) -> dict[str, Any]:
    """The context of `assessments/_frame.html`. One query, and one for the papers on the desk where there are any."""
    now = timezone.now()
    rules, clock = attempt.loaded_rules, services.section_clock(attempt, now)
    is_open = services.open_positions(attempt, now)
    given = ExpressionWrapper(Q(answer__isnull=False), output_field=BooleanField())  # the answers stay where they are
    found = attempt.responses.annotate(is_given=given).order_by("position")
    rows = list(found.values_list("position", "section", "is_flagged", "is_given"))
    answered = sum(is_given for *_, is_given in rows)
    flagged = sum(is_flagged for _, _, is_flagged, _ in rows)
    summary = [f"{answered} answered", f"{flagged} flagged" if flagged else "", f"{len(rows) - answered} open"]
    base = reverse("assessments:review", args=[attempt.public_id]).removesuffix("review/")
    left, papers = attempt.seconds_left(now), attempt.assessment.documents
    section_left = clock.seconds_left(now) if clock else None
    return {
        "attempt": attempt,
        "assessment": attempt.assessment,
        "rules": rules,
        "seconds_left": left,
        "minutes_left": left // 60,
        "section": clock,
        "section_seconds_left": section_left,
        "section_minutes_left": None if section_left is None else section_left // 60,
        "breaks_left": attempt.break_left(now) // 60,
        "documents": list(papers.order_by("title")) if getattr(attempt, "has_documents", True) else [],
        "result_url": f"{base}result/",
        "review_url": f"{base}review/",
        "save_url": f"{base}save/",
        "events_url": f"{base}events/",
        "questions": [_place(row, base, is_open, position) for row in rows],
        "count": len(rows),
        "open_count": len(rows) - answered,
        "summary": " · ".join(part for part in summary if part),
        "watermark": f"{request.user} · {attempt.public_id}",
    }


def _place(row: tuple[int, str, bool, bool], base: str, is_open: range, position: int | None) -> dict[str, Any]:
    """One question in the list of all. Without an address when it cannot be opened."""
    number, section, is_flagged, is_given = row
    return {
        "number": number,
        "url": f"{base}items/{number}/" if number in is_open else "",
        "is_current": number == position,
        "is_flagged": is_flagged,
        "state": "answered" if is_given else "open",
        "section": section,
    }
