"""States of a win story and the moves between them, as one table. Services, pages and database read it from here."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import TextChoices

from lms.deals.table import Side, Step, by_name, sides_of, steps_from


class StoryState(TextChoices):
    DRAFT = "draft", "Being written"
    IN_REVIEW = "in_review", "In review"
    PUBLISHED = "published", "Published"
    TAKEN_DOWN = "taken_down", "Taken down"
    REVOKED = "revoked", "Permission withdrawn"


class Naming(TextChoices):
    """What the customer allows."""

    NAME = "name", "The customer may be named"
    ANONYMOUS = "anonymous", "Only without the customer's name"


@dataclass(frozen=True, kw_only=True)
class StoryMove(Step):
    """`label` is the button's; `hint` asks for the sentence the move needs, empty where it needs none."""

    label: str
    hint: str = ""


def _move(name: str, label: str, origins: str, target: StoryState, sides: str, hint: str = "") -> StoryMove:
    states = frozenset(StoryState(one) for one in origins.split())
    return StoryMove(name=name, label=label, origins=states, target=target, sides=sides_of(sides), hint=hint)


TABLE: tuple[StoryMove, ...] = (
    _move("begin", "Tell how it was won", "", StoryState.DRAFT, "partner"),
    _move("submit", "Send it to review", "draft", StoryState.IN_REVIEW, "partner"),
    _move("take_back", "Take it back to change it", "in_review", StoryState.DRAFT, "partner"),
    _move("send_back", "Send it back", "in_review", StoryState.DRAFT, "vendor", "What has to change?"),
    _move("publish", "Publish it", "in_review", StoryState.PUBLISHED, "vendor"),
    _move("confirm", "It is still true", "published", StoryState.PUBLISHED, "vendor"),
    _move("take_down", "Take it down", "published", StoryState.TAKEN_DOWN, "vendor", "Why is it taken down?"),
    _move(
        "revoke",
        "The customer withdrew the permission",
        "draft in_review published taken_down",
        StoryState.REVOKED,
        "partner vendor",
        "Who withdrew it, and why?",
    ),
    _move("reopen", "Write it anew", "taken_down revoked", StoryState.DRAFT, "partner"),
)
MOVES = by_name(TABLE)


def moves_from(state: str, side: Side) -> Iterator[StoryMove]:
    """What this side may do with a story in this state, in the order of the table."""
    return steps_from(TABLE, state, side)
