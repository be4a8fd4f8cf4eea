"""Answers as they are given."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from lms.assessments import items
from lms.assessments.errors import AttemptOver, BadVersion, NewerAnswer, NoSuchItem
from lms.assessments.models import Attempt, Response

MAX_VERSION = 1_000_000
OVER = "The time is up or the exam was handed in. This answer was not stored; what was saved before counts."


def _response(attempt: Attempt, position: int) -> Response:
    found = (
        Response.objects.filter(attempt=attempt, position=position).select_related("attempt", "item_version").first()
    )
    if found is None:
        raise NoSuchItem("This exam has no such question.")
    return found


def save_response(*, attempt: Attempt, position: int, answer: Any, version: int, nonce: UUID, at: datetime) -> Response:
    """Stores an answer as posted (in tokens) if its version is newer than the stored one. Two queries, at most three.

    The newest version wins, in whatever order saves arrive; the same nonce again changes nothing and succeeds. Raises
    NewerAnswer (with the stored version), AttemptOver (submitted, or past the deadline: nothing stored), AnswerRefused,
    BadVersion, NoSuchItem. What it does and returns does not depend on whether the answer is right.

    Takes no lock: one conditional UPDATE decides. `points=None` is part of it, so a save that waited for the row while
    the attempt was being scored stores nothing.
    """
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= MAX_VERSION:
        raise BadVersion("The number of this save is not valid. Nothing was saved.")
    response = _response(attempt, position)
    if response.attempt.is_over(at):
        raise AttemptOver(OVER)
    shown, content = response.loaded_shown, response.item_version.loaded_content
    parsed = items.parse_answer(response.item_version.type, content, shown, answer)
    changes = {"answer": parsed, "version": version, "nonce": nonce, "saved_at": at}
    if Response.objects.filter(pk=response.pk, version__lt=version, points=None).update(**changes) == 1:
        for name, value in changes.items():
            setattr(response, name, value)
        return response
    response.refresh_from_db(fields=["answer", "version", "nonce", "saved_at", "points"])
    if response.nonce == nonce:
        return response
    if response.points is not None:
        raise AttemptOver(OVER)
    raise NewerAnswer("A newer answer to this question is stored. This one was not.", version=response.version)


def flag_response(*, attempt: Attempt, position: int, is_flagged: bool, at: datetime) -> None:
    """Marks a question to come back to, or removes the mark. Raises AttemptOver, NoSuchItem."""
    rows = Response.objects.filter(attempt=attempt, position=position)
    open_rows = rows.filter(Q(attempt__submitted_at=None, attempt__deadline_at__gte=at))
    if open_rows.update(is_flagged=is_flagged) != 1:
        if rows.exists():
            raise AttemptOver("The time is up or the exam was handed in. Flags cannot be changed any more.")
        raise NoSuchItem("This exam has no such question.")
