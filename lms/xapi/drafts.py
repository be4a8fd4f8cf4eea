"""From a statement's JSON to the row that is stored. Pure: nothing is read from or written to the database."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, actor_key, verb_key
from lms.xapi.digests import content_digest, content_of, normalised
from lms.xapi.models import Authority, Statement
from lms.xapi.timestamps import format_timestamp, parse_timestamp

Json = Mapping[str, Any]
VOIDED_KEY = verb_key(vocabulary.VOIDED)
MILESTONE_KEYS = frozenset(map(verb_key, vocabulary.MILESTONES))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A statement ready to be stored: the row, and the keys it mentions (True: as a member of its actor or object)."""

    row: Statement
    has_own_id: bool
    is_reference: bool = False
    mentions: Mapping[UUID, bool] = field(default_factory=dict)

    @property
    def refers_to(self) -> UUID | None:
        """The id of the statement that its object points at."""
        return self.row.object_key if self.is_reference else None

    @property
    def voids(self) -> UUID | None:
        """The id of the statement that this one voids."""
        return self.row.object_key if self.row.verb_key == VOIDED_KEY else None


def draft(statement: Json, *, authority: Authority, stored_at: datetime, default_version: str) -> Draft:
    """The row of a valid statement. Sets stored, authority and, where missing, id, timestamp and version.

    The digest covers what the client said, so the same statement sent again has the same one: all but the id and what
    the server sets, keys in order, single context activities as lists.
    """
    content = normalised(content_of(statement))
    statement_id = UUID(statement["id"]) if "id" in statement else uuid4()
    stored = format_timestamp(stored_at)
    body = {
        "id": str(statement_id),
        **content,
        "timestamp": content.get("timestamp", stored),
        "stored": stored,
        "version": statement.get("version", default_version),
        "authority": authority.agent,
    }
    registration = content.get("context", {}).get("registration")
    row = Statement(
        statement_id=statement_id,
        stored_at=stored_at,
        happened_at=parse_timestamp(body["timestamp"]),
        authority=authority,
        actor_key=actor_key(content["actor"]),
        verb_key=verb_key(content["verb"]["id"]),
        object_key=object_key(content["object"]),
        registration=UUID(registration) if registration else None,
        digest=content_digest(content),
        body=_dumps(body),
    )
    mentions = mentions_of(content, row)
    is_reference = content["object"].get("objectType") == "StatementRef"
    return Draft(row=row, has_own_id="id" in statement, is_reference=is_reference, mentions=mentions)


def mentions_of(content: Json, row: Statement) -> dict[UUID, bool]:
    """What a statement names elsewhere than as its actor or object; True for a member of one of these."""
    mentions = dict(_mentions(content))
    for key in (row.actor_key, row.object_key):
        mentions.pop(key, None)
    return mentions


def object_key(target: Json) -> UUID:
    """The key of a statement's object. A sub-statement, which nothing can ask for, has the key of its JSON."""
    match target.get("objectType", "Activity"):
        case "Activity":
            return activity_key(target["id"])
        case "StatementRef":
            return UUID(target["id"])
        case "SubStatement":
            return activity_key(_dumps(target, sort_keys=True))
        case _:
            return actor_key(target)


def _dumps(value: Any, *, sort_keys: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)


def _mentions(statement: Json) -> Iterator[tuple[UUID, bool]]:
    """Keys beside those of actor and object. Members of actor and object come last, so their mark wins in a dict."""
    yield from _context_mentions(statement.get("context", {}))
    target = statement["object"]
    if target.get("objectType") == "SubStatement":
        yield actor_key(target["actor"]), False
        yield object_key(target["object"]), False
        yield from ((key, False) for key, _ in _mentions(target))
    for party in (statement["actor"], target):
        yield from ((actor_key(member), True) for member in party.get("member", ()))


def _context_mentions(context: Json) -> Iterator[tuple[UUID, bool]]:
    parties = [context[name] for name in ("instructor", "team") if name in context]
    parties += [entry["agent"] for entry in context.get("contextAgents", ())]
    parties += [entry["group"] for entry in context.get("contextGroups", ())]
    for party in parties:
        yield actor_key(party), False
        yield from ((actor_key(member), False) for member in party.get("member", ()))
    for activities in context.get("contextActivities", {}).values():
        yield from ((activity_key(activity["id"]), False) for activity in activities)
