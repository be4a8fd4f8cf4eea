"""From a statement's JSON to the row that is stored. Pure: nothing is read from or written to the database."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

import msgspec

from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, actor_key, verb_key
from lms.xapi.digests import content_digest, normalised
from lms.xapi.models import Authority
from lms.xapi.timestamps import format_timestamp, parse_timestamp
from lms.xapi.validation import Sent

Json = Mapping[str, Any]
VOIDED_KEY = verb_key(vocabulary.VOIDED)
MILESTONE_KEYS = frozenset(map(verb_key, vocabulary.MILESTONES))
_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Keyed(Protocol):
    """What has the keys of an actor and an object."""

    actor_key: UUID
    object_key: UUID


@dataclass(slots=True, kw_only=True)
class Draft:
    """A statement ready to be stored: its columns, and the keys it mentions (True: as a member of its actor or object).

    `pk` is set when it is stored, `voided_by` when it is marked.
    """

    statement_id: UUID
    stored_at: datetime
    happened_at: datetime
    actor_key: UUID
    verb_key: UUID
    object_key: UUID
    registration: UUID | None
    digest: str
    body: str
    has_own_id: bool
    is_reference: bool
    mentions: Mapping[UUID, bool] = field(default_factory=dict)
    pk: int = 0
    voided_by: UUID | None = None

    @property
    def refers_to(self) -> UUID | None:
        """The id of the statement that its object points at."""
        return self.object_key if self.is_reference else None

    @property
    def voids(self) -> UUID | None:
        """The id of the statement that this one voids."""
        return self.object_key if self.verb_key == VOIDED_KEY else None


def draft(sent: Sent, *, authority: Authority, stored_at: datetime, default_version: str) -> Draft:
    """The columns of a valid statement. Sets stored, authority and, where missing, id, timestamp and version.

    The digest covers what the client said, so the same statement sent again has the same one: all but the id and what
    the server sets, keys in order, single context activities as lists.
    """
    value = sent.value
    content = normalised(value)
    statement_id = UUID(value["id"]) if "id" in value else uuid4()
    stored = format_timestamp(stored_at)
    registration = content.get("context", {}).get("registration")
    target = content["object"]
    item = Draft(
        statement_id=statement_id,
        stored_at=stored_at,
        happened_at=parse_timestamp(value["timestamp"]) if "timestamp" in value else stored_at,
        actor_key=actor_key(content["actor"]),
        verb_key=verb_key(content["verb"]["id"]),
        object_key=object_key(target),
        registration=UUID(registration) if registration else None,
        digest=sent.digest or content_digest(content),
        body=_body(sent, content, statement_id, stored, default_version, authority).decode(),
        has_own_id="id" in value,
        is_reference=target.get("objectType") == "StatementRef",
    )
    item.mentions = mentions_of(content, item)
    return item


def _body(
    sent: Sent, content: Json, statement_id: UUID, stored: str, default_version: str, authority: Authority
) -> bytes:
    """The text that is stored: what was sent, byte for byte, and what the server sets behind it.

    Where the server's word takes the place of the client's (his `stored` and `authority`, an id in capitals, a context
    activity without its list), the members are put together anew, each as it was written but for that.
    """
    value, text = sent.value, sent.text
    added = {"id": str(statement_id)} if "id" not in value else {}
    ends = {"timestamp": stored} if "timestamp" not in value else {}
    ends["stored"] = stored
    if "version" not in value:
        ends["version"] = default_version
    tail = _encode(ends)[:-1] + b',"authority":' + _encode(authority.agent) + b"}"
    is_kept = content is value and "stored" not in value and "authority" not in value
    if not is_kept or ("id" in value and value["id"] != str(statement_id)):
        members = {name: raw for name, raw in _members(text).items() if name not in {"id", "stored", "authority"}}
        changed = {name: content[name] for name in ("context", "object") if content.get(name) is not value.get(name)}
        text, added = _encode({**members, **changed}), {"id": str(statement_id)}
    head = _encode(added)[:-1] + (b"," if added else b"")
    return head + text[text.index(b"{") + 1 : text.rindex(b"}")] + b"," + tail[1:]


def mentions_of(content: Json, row: Keyed) -> dict[UUID, bool]:
    """What a statement names elsewhere than as its actor or object; True for a member of one of these."""
    mentions = dict(_mentions(content))
    mentions.pop(row.actor_key, None)
    mentions.pop(row.object_key, None)
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
