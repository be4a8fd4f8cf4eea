"""Proving the store: that rows, texts, mentions, authorities and voidings say the same. Reads only.

What the database itself holds (unique ids, references, attachments) is not looked for. What PostgreSQL does not check,
for the sake of speed (docs/adr/0003), is: the statement of a mention and the authority of a statement.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef

from lms.common import guards
from lms.xapi.agents import actor_key, verb_key
from lms.xapi.digests import content_digest, normalised
from lms.xapi.drafts import VOIDED_KEY, mentions_of, object_key
from lms.xapi.models import Authority, Mention, Pseudonym, Statement
from lms.xapi.selection import behind
from lms.xapi.timestamps import parse_timestamp

CHUNK = 500
_decode = msgspec.json.decode


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is not as it must be. `statement_id` is empty where there is no statement."""

    statement_id: UUID | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.statement_id or '-'}  {self.sentence}"


def check_store(*, until: datetime, on_progress: Callable[[int], object] = lambda _: None) -> Iterator[Fault]:
    """Everything stored up to `until` that contradicts itself. Streams; may run beside the platform.

    `until` must lie so far back that every transaction of then has ended. `on_progress` is told how many are done.
    """
    context = _Context()
    rows = Statement.objects.filter(stored_at__lte=until).order_by("stored_at", "pk")
    expected, chunk = 0, list(rows[:CHUNK])
    while chunk:
        bodies = {row.pk: _decode(row.body) for row in chunk}
        for row in chunk:
            yield from _row_faults(row, bodies[row.pk], context)
        mentions = {(key, row.pk): mark for row in chunk for key, mark in mentions_of(bodies[row.pk], row).items()}
        expected += len(mentions)
        yield from _mention_faults(chunk, mentions)
        yield from _voiding_faults(chunk, context)
        on_progress(len(chunk))
        chunk = list(rows.filter(behind((chunk[-1].stored_at, chunk[-1].pk)))[:CHUNK])
    yield from _loose_mentions(until, expected)


class _Context:
    """What is asked for once."""

    def __init__(self) -> None:
        self.authorities = Authority.objects.in_bulk()
        self.pseudonyms = [str(account) for account in Pseudonym.objects.values_list("account", flat=True)]


def _row_faults(row: Statement, body: Mapping[str, Any], context: _Context) -> Iterator[Fault]:
    """The columns are what the text says, and the text is what was sent."""
    if row.authority_id not in context.authorities:
        yield Fault(statement_id=row.statement_id, sentence=f"There is no authority {row.authority_id}.")
    registration = body.get("context", {}).get("registration")
    said: dict[str, object] = {
        "statement_id": UUID(body["id"]),
        "stored_at": parse_timestamp(body["stored"]),
        "happened_at": parse_timestamp(body["timestamp"]),
        "actor_key": actor_key(body["actor"]),
        "verb_key": verb_key(body["verb"]["id"]),
        "object_key": object_key(body["object"]),
        "registration": UUID(registration) if registration else None,
    }
    for name, value in said.items():
        if getattr(row, name) != value:
            yield Fault(statement_id=row.statement_id, sentence=f"Its {name} is not what its text says.")
    # A statement that was pseudonymised keeps the digest of what was said (docs/adr/0011).
    if row.digest not in _digests(row, body) and not any(account in row.body for account in context.pseudonyms):
        yield Fault(statement_id=row.statement_id, sentence="Its text is not the one that was sent.")


def _digests(row: Statement, body: Mapping[str, Any]) -> Iterator[str]:
    """The digests that the text may have: with its timestamp, and without, if the store set it."""
    for content in _readings(row.body, body):
        yield content_digest(content)
        if content["timestamp"] == content["stored"]:
            yield content_digest({name: part for name, part in content.items() if name != "timestamp"})


def _readings(text: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """As read by compiled code, and by the careful reader, which keeps numbers that the other rounds."""
    yield normalised(body)
    yield normalised(guards.load_json(text, max_bytes=2 * guards.MAX_JSON_BYTES))


def _mention_faults(chunk: Sequence[Statement], expected: Mapping[tuple[UUID, int], bool]) -> Iterator[Fault]:
    """Each mention that the texts make is there. By key and time, as the index is: never by statement."""
    stored = Mention.objects.filter(
        key__in={key for key, _ in expected},
        stored_at__gte=chunk[0].stored_at,
        stored_at__lte=chunk[-1].stored_at,
    )
    columns = stored.values_list("key", "statement_id", "stored_at", "is_member")
    found = {(key, pk): (at, mark) for key, pk, at, mark in columns}
    rows = {row.pk: row for row in chunk}
    for (key, pk), mark in expected.items():
        if found.get((key, pk)) != (rows[pk].stored_at, mark):
            yield Fault(statement_id=rows[pk].statement_id, sentence=f"Its mention of {key} is missing or differs.")


def _voiding_faults(chunk: Sequence[Statement], context: _Context) -> Iterator[Fault]:
    """What is void was voided by a statement that says so, and what such a statement says was done."""
    voidings = _by_id(row.voided_by for row in chunk if row.voided_by)
    targets = _by_id(row.object_key for row in chunk if row.verb_key == VOIDED_KEY)
    for row in chunk:
        if row.voided_by:
            voiding = voidings.get(row.voided_by)
            if voiding is None or (voiding.verb_key, voiding.object_key) != (VOIDED_KEY, row.statement_id):
                sentence = f"It is void, and {row.voided_by} does not void it."
                yield Fault(statement_id=row.statement_id, sentence=sentence)
        target = targets.get(row.object_key) if row.verb_key == VOIDED_KEY else None
        if target and target.voided_by is None and target.verb_key != VOIDED_KEY:
            is_own, authority = row.authority_id == target.authority_id, context.authorities.get(row.authority_id)
            # The platform voids what is there; only its own it may name before.
            if is_own or (authority and authority.is_platform and target.pk < row.pk):
                sentence = f"It is not void, and {row.statement_id} voids it."
                yield Fault(statement_id=target.statement_id, sentence=sentence)


def _by_id(ids: Iterable[UUID]) -> Mapping[UUID, Statement]:
    rows = Statement.objects.filter(statement_id__in=set(ids))
    return {row.statement_id: row for row in rows.defer("body")}


def _loose_mentions(until: datetime, expected: int) -> Iterator[Fault]:
    """Mentions of no statement; and, by number, those that no text makes."""
    stored = Mention.objects.filter(stored_at__lte=until)
    loose = stored.filter(~Exists(Statement.objects.filter(pk=OuterRef("statement_id"))))
    dangling = loose.count()
    for key, pk in loose.values_list("key", "statement_id")[:CHUNK]:
        yield Fault(statement_id=None, sentence=f"The mention of {key} belongs to row {pk}, which does not exist.")
    surplus = stored.count() - dangling - expected
    if surplus > 0:
        yield Fault(statement_id=None, sentence=f"{surplus} mentions are of nothing that their statement says.")
