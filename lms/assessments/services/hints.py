"""Hints: shown one by one to who asks for them, and counted. They change no points."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from lms.assessments import items
from lms.assessments.errors import NoSuchItem
from lms.assessments.media import addresses_for
from lms.assessments.models import Response
from lms.assessments.services.clock import require_open


@dataclass(frozen=True, kw_only=True)
class Hints:
    """The hints that were shown, and the number of the next one; 0: there is none."""

    shown: tuple[SafeString, ...] = ()
    next: int = 0


NO_HINTS = Hints()


def hints_from(key: items.Key, count: int, person_id: int) -> Hints:
    """The first `count` hints of a key, for one person."""
    address = addresses_for(person_id)
    shown = tuple(items.safe_html(hint, address) for hint in key.hints[:count])
    return Hints(shown=shown, next=len(shown) + 1 if len(shown) < len(key.hints) else 0)


def hints_of(response: Response) -> Hints:
    """What a candidate has asked for so far; nothing where the exam has none. Needs `item_version` and `attempt`."""
    if not response.attempt.loaded_rules.has_hints:
        return NO_HINTS
    return hints_from(response.item_version.loaded_key, response.hints_shown, response.attempt.person_id)


def show_hint(*, response: Response, number: int, at: datetime) -> int:
    """Shows hint `number` of a question, the next one only, and counts it; a repeat changes nothing.

    Returns how many are shown. Raises NoSuchItem where there is no such hint, and AttemptOver, OnBreak, QuestionClosed.
    """
    require_open(response.attempt, response.position, at, is_queued=False)
    if hints_of(response).next < number or number < 1:
        raise NoSuchItem("There is no such hint.")
    waiting = Response.objects.filter(pk=response.pk, hints_shown=number - 1, points=None, awaits_marks=False)
    if waiting.update(hints_shown=number) == 1:
        response.hints_shown = number
    return response.hints_shown
