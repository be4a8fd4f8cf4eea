"""Answers as they are given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from lms.assessments import items
from lms.assessments.errors import AttemptOver, BadVersion, NewerAnswer, NoSuchItem
from lms.assessments.models import Attempt, AttemptEvent, Response
from lms.assessments.services.clock import OVER, require_open
from lms.assessments.services.integrity import record_event

MAX_VERSION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Save:
    """One answer as a browser sends it. `is_queued`: it waited there because there was no connection."""

    answer: Any
    version: int
    nonce: UUID
    confidence: str = ""
    is_queued: bool = False


def find_response(*, person_id: int, attempt_id: UUID, position: int) -> Response:
    """One question of a person's own attempt, with all that a save needs to know. One query. Raises NoSuchItem."""
    wanted = Response.objects.select_related("attempt__assessment", "attempt__membership__partner", "item_version")
    try:
        return wanted.get(attempt__public_id=attempt_id, attempt__person=person_id, position=position)
    except Response.DoesNotExist as error:
        raise NoSuchItem("This exam has no such question.") from error


def save_response(
    *,
    attempt: Attempt,
    position: int,
    answer: Any,
    version: int,
    nonce: UUID,
    at: datetime,
    confidence: str = "",
    is_queued: bool = False,
) -> Response:
    """Reads the question and stores an answer to it as store_answer does. Two queries, at most three."""
    save = Save(answer=answer, version=version, nonce=nonce, confidence=confidence, is_queued=is_queued)
    check_version(version)
    found = find_response(person_id=attempt.person_id, attempt_id=attempt.public_id, position=position)
    return store_answer(response=found, save=save, at=at)


def check_version(version: Any) -> None:
    """Raises BadVersion for what is no number of a save."""
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= MAX_VERSION:
        raise BadVersion("The number of this save is not valid. Nothing was saved.")


def store_answer(*, response: Response, save: Save, at: datetime) -> Response:
    """Stores an answer as posted (in tokens) if its version is newer than the stored one. One query, at most two.

    The newest version wins, in whatever order saves arrive; the same nonce again changes nothing and succeeds. Raises
    NewerAnswer (with the stored version), AttemptOver (submitted, or past the deadline: nothing stored), BadVersion,
    QuestionClosed, OnBreak, AnswerRefused. What it does and returns does not depend on whether the answer is right.

    An answer that waited in a browser for a connection is taken until the attempt closes; it is marked, and written
    into the timeline, when it came after the deadline.

    Takes no lock: one conditional UPDATE decides. That the row has no points and waits for no marks is part of it, so a
    save that waited for the row while the attempt was being handed in stores nothing.
    """
    check_version(save.version)
    if response.nonce == save.nonce:
        return response
    is_late = require_open(response.attempt, response.position, at, is_queued=save.is_queued)
    kind, shown = response.item_version.type, response.loaded_shown
    answer = items.parse_answer(kind, response.item_version.loaded_content, shown, save.answer)
    return write_answer(response=response, answer=answer, save=save, at=at, is_late=is_late)


def write_answer(*, response: Response, answer: items.Answer, save: Save, at: datetime, is_late: bool) -> Response:
    """The conditional UPDATE of store_answer, for an answer that was read and may be given now."""
    changes = {
        "answer": answer,
        "confidence": save.confidence if save.confidence in Response.Confidence.values else "",
        "version": save.version,
        "nonce": save.nonce,
        "saved_at": at,
        "is_late": is_late,
    }
    unscored = Response.objects.filter(pk=response.pk, points=None, awaits_marks=False)
    if unscored.filter(version__lt=save.version).update(**changes) == 1:
        for name, value in changes.items():
            setattr(response, name, value)
        if is_late:
            late = AttemptEvent.Kind.LATE_ANSWER
            record_event(attempt=response.attempt, kind=late, at=at, detail={"item": response.position})
        return response
    response.refresh_from_db(fields=["answer", "version", "nonce", "saved_at", "points", "awaits_marks"])
    if response.nonce == save.nonce:
        return response
    if response.points is not None or response.awaits_marks:
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
