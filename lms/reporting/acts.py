"""From a statement to the mark it makes: who did something with what, for which partner, when. Pure.

A statement makes a mark when a trusted authority vouches for it, it is not voided, its actor is an account of ours,
its context names a partner of ours as team, and its object is an activity. What others say of a person, or the
platform by itself, is not something he did: enrolled, withdrawn, passed, failed, earned, voided. A moment more than an
hour after the statement was stored is a wrong clock and makes no mark.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from lms.reporting.activity import mark
from lms.xapi import vocabulary
from lms.xapi.agents import account_id, digest_key, verb_key

NOT_ACTS = frozenset(
    map(
        verb_key,
        (
            *(vocabulary.REGISTERED, vocabulary.WITHDREW, vocabulary.PASSED),
            *(vocabulary.FAILED, vocabulary.EARNED, vocabulary.VOIDED),
        ),
    )
)
VOIDED_KEY = verb_key(vocabulary.VOIDED)
PROGRESSED_KEY = verb_key(vocabulary.PROGRESSED)
_AHEAD = timedelta(hours=1)
_LONGEST_WORD = 50
_LONGEST_IRI = 250


class _Context(msgspec.Struct):
    team: Any = None
    extensions: Any = None
    revision: Any = None


class _Object(msgspec.Struct):
    kind: Any = msgspec.field(default="Activity", name="objectType")
    id: Any = ""
    definition: Any = None


class _Body(msgspec.Struct):
    actor: Any
    object: _Object
    context: _Context | None = None


_decode = msgspec.json.Decoder(_Body).decode


class Row(NamedTuple):
    """The columns of a statement that are looked at."""

    pk: int
    stored_at: datetime
    happened_at: datetime
    verb_key: UUID
    object_key: UUID
    registration: UUID | None
    voided_by: UUID | None
    is_trusted: bool
    body: str


COLUMNS = (
    *("pk", "stored_at", "happened_at", "verb_key", "object_key", "registration", "voided_by"),
    *("authority__is_trusted", "body"),
)


class Place(NamedTuple):
    """What a ContentDay is told by: `person` is the account in the statements, or the person behind it."""

    person: UUID
    partner: UUID
    persona: str
    activity: UUID
    version: str
    day: date

    @property
    def key(self) -> UUID:
        return digest_key(*(str(part) for part in self))


Lesson = tuple[UUID, str]


class Item(NamedTuple):
    """What an activity is called, by a statement of `named_at`."""

    named_at: datetime
    iri: str
    name: str
    kind: str


@dataclass
class Acts:
    """Marks by place; first completions of lessons by (registration, lesson) with the account that did them; and what
    the activities are called, by key."""

    days: dict[Place, int]
    lessons: dict[Lesson, tuple[UUID, datetime]]
    items: dict[UUID, Item]

    def of_people(self, people: Mapping[UUID, UUID]) -> "Acts":
        """With the person in place of the account; acts of accounts that `people` does not know are left out."""
        days: dict[Place, int] = {}
        for place, marks in self.days.items():
            if place.person in people:
                known = place._replace(person=people[place.person])
                days[known] = days.get(known, 0) | marks
        lessons = {lesson: (people[account], at) for lesson, (account, at) in self.lessons.items() if account in people}
        return Acts(days, lessons, self.items)

    @property
    def accounts(self) -> set[UUID]:
        return {place.person for place in self.days} | {account for account, _ in self.lessons.values()}


def read_acts(rows: Iterable[Row]) -> Acts:
    """What the statements say that people did. In any order, any number of times: the same."""
    days: dict[Place, int] = {}
    lessons: dict[Lesson, tuple[UUID, datetime]] = {}
    items: dict[UUID, Item] = {}
    for row in rows:
        if not row.is_trusted or row.voided_by is not None or row.verb_key in NOT_ACTS:
            continue
        if row.happened_at > row.stored_at + _AHEAD:
            continue
        body = _decode(row.body)
        context = body.context or _Context()
        person, partner = _account(body.actor), _account(context.team)
        if body.object.kind != "Activity" or person is None or partner is None:
            continue
        extensions = context.extensions if isinstance(context.extensions, dict) else {}
        day, slot = mark(row.happened_at)
        place = Place(
            person=person,
            partner=partner,
            persona=_word(extensions.get(vocabulary.PERSONA_EXTENSION)),
            activity=row.object_key,
            version=_word(context.revision),
            day=day,
        )
        days[place] = days.get(place, 0) | slot
        known_item = items.get(row.object_key)
        if known_item is None or known_item.named_at < row.happened_at:
            items[row.object_key] = _item(body.object, row.happened_at)
        lesson = extensions.get(vocabulary.LESSON_EXTENSION)
        if row.verb_key == PROGRESSED_KEY and row.registration is not None and isinstance(lesson, str):
            lesson = lesson[:_LONGEST_IRI]
            known = lessons.get((row.registration, lesson))
            if known is None or (row.happened_at, person) < (known[1], known[0]):
                lessons[row.registration, lesson] = (person, row.happened_at)
    return Acts(days, lessons, items)


def _item(target: _Object, at: datetime) -> Item:
    """Kind is the last part of the activity type: "course", "video"."""
    definition = target.definition if isinstance(target.definition, dict) else {}
    name = next(iter(definition.get("name", {}).values()), "")
    kind = definition.get("type", "").rstrip("/").rpartition("/")[2]
    return Item(at, target.id[:_LONGEST_IRI], name[:_LONGEST_IRI], {"cmi.interaction": "question"}.get(kind, kind)[:50])


def _word(value: Any) -> str:
    return value[:_LONGEST_WORD] if isinstance(value, str) else ""


def _account(party: Any) -> UUID | None:
    return account_id(party) if isinstance(party, dict) else None
