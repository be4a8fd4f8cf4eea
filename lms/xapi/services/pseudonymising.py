"""Hiding a person in the statements: in his place stands a pseudonym, and every figure stays what it was.

The rules, for those who keep the data:

- The pseudonym is a random account of ours, given once and kept in `Pseudonym`, which is the only link back. Figures
  follow it; no page, answer or export does.
- Replaced are: every agent that is the person (by account, e-mail address, its SHA-1, or an identity that is named),
  wherever it stands in a statement, with its name; and his public id and e-mail address inside any other text.
- States and profiles kept for him become those of the pseudonym, with the same done to their JSON and text.
- The keys by which statements are found follow, so nothing is found under the old identity any more.
- `digest` stays that of what was said. A client that repeats its statement is told "stored", as before, and brings
  nobody back; a client that says something else is refused, as before.
- Not reached are: his name in free text; files that came as attachments, and signatures, which no longer fit; what was
  forwarded or exported before; backups; certificates and tier decisions, which are frozen; the audit log.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.xapi.agents import activity_key, actor_key
from lms.xapi.drafts import object_key
from lms.xapi.models import (
    Activity,
    Credential,
    Document,
    Mention,
    Pseudonym,
    Reference,
    ReferenceMention,
    Statement,
)
from lms.xapi.services.documents import Place

_CHUNK = 200
_IDENTIFIERS = ("account", "mbox", "mbox_sha1sum", "openid")


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """What was changed: the numbers are those of this run."""

    account: UUID
    statements: int
    documents: int
    credentials: int


def pseudonymise_person(
    *, person: User, at: datetime, reason: str, also: Sequence[Mapping[str, Any]] = (), by: User | None = None
) -> Hidden:
    """Puts the person's pseudonym in his place in everything that is stored, in transactions of 200 statements.

    `also` are further xAPI agents that are the person: an older address, an account of another system. Credentials
    bound to any of his identities are revoked. What is stored about him later has his old identity again: run it once
    more, the pseudonym is the same. Twice changes nothing but the audit log. Locks the statements of a transaction.
    """
    pseudonym, _ = Pseudonym.objects.get_or_create(
        person=person, defaults={"account": uuid4(), "made_at": at, "made_by": by}
    )
    veil = _Veil(person, pseudonym.account, also)
    changed = last = 0
    while chunk := _statements(veil.keys, last):
        with transaction.atomic():
            changed += _hide(chunk, veil)
        last = chunk[-1]
    with transaction.atomic():
        documents = _hide_documents(veil)
        bound = Credential.objects.filter(actor_key__in=veil.keys, revoked_at=None).update(revoked_at=at)
        detail: dict[str, object] = {"statements": changed, "documents": documents, "credentials": bound}
        detail["reason"] = reason[:500]
        record_audit(action="xapi.pseudonymise_person", actor=by, at=at, target=person, detail=detail)
    return Hidden(account=pseudonym.account, statements=changed, documents=documents, credentials=bound)


def identities(person: User) -> list[dict[str, Any]]:
    """The agents by which the store knows a person: his account here, his address, and the address's SHA-1."""
    mbox = f"mailto:{person.email}"
    return [
        {"account": {"homePage": settings.XAPI_BASE_IRI, "name": str(person.public_id)}},
        {"mbox": mbox},
        {"mbox_sha1sum": sha1(mbox.encode()).hexdigest()},  # noqa: S324  the specification's own
    ]


def _statements(keys: Iterable[UUID], after: int) -> list[int]:
    """The next statements, by row, that name one of the keys anywhere."""
    keys = list(keys)
    direct = Statement.objects.filter(Q(actor_key__in=keys) | Q(object_key__in=keys), pk__gt=after)
    mentioned = Mention.objects.filter(key__in=keys, statement_id__gt=after)
    found = set(direct.order_by("pk").values_list("pk", flat=True)[:_CHUNK])
    found |= set(mentioned.order_by("statement_id").values_list("statement_id", flat=True)[:_CHUNK])
    return sorted(found)[:_CHUNK]


def _hide(chunk: list[int], veil: "_Veil") -> int:
    rows = list(Statement.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=chunk).order_by("pk"))
    for row in rows:
        body = json.loads(row.body)
        hidden = {name: part if name in {"authority", "id"} else veil.over(part) for name, part in body.items()}
        row.actor_key, row.object_key = actor_key(hidden["actor"]), object_key(hidden["object"])
        row.body = json.dumps(hidden, ensure_ascii=False, separators=(",", ":"))
    Statement.objects.bulk_update(rows, ["actor_key", "object_key", "body"])
    _move_keys(rows, veil)
    return len(rows)


def _hide_documents(veil: "_Veil") -> int:
    """States and profiles of the person become those of the pseudonym; their JSON and text lose id and address.

    Where the pseudonym has a document of that name already (it was hidden before, and a client wrote a new one under
    the old name), the newer stays.
    """
    documents = Document.objects.select_for_update(of=("self",)).filter(agent_key__in=list(veil.keys)).order_by("pk")
    count = 0
    for document in documents:
        place = Place(
            kind=Document.Kind(document.kind),
            known_activity=document.activity_key,
            agent_key=veil.own_key,
            registration=document.registration,
        )
        document.key, document.agent_key = place.key(document.document_id), veil.own_key
        Document.objects.filter(key=document.key).delete()
        document.content = veil.over_content(bytes(document.content), document.content_type)
        document.etag = sha1(document.content, usedforsecurity=False).hexdigest()
        document.save(update_fields=["key", "agent_key", "content", "etag"])
        count += 1
    return count


def _move_keys(rows: list[Statement], veil: "_Veil") -> None:
    """The keys beside those of the statement itself: what it mentions, and what of it stands where others point at it.

    The keys of groups and activities that had the person in them move wherever they are.
    """
    chunk = [row.pk for row in rows]
    moved = list(veil.moved)
    _replace(Mention.objects.filter(Q(statement__in=chunk, key__in=veil.keys) | Q(key__in=moved)), veil)
    there = Q(reference__target__in=chunk, key__in=veil.keys)
    _replace(ReferenceMention.objects.filter(there | Q(key__in=moved)), veil)
    by_pk = {row.pk: row for row in rows}
    references = list(Reference.objects.filter(target__in=chunk))
    for reference in references:
        target = by_pk[reference.target_id]
        reference.actor_key, reference.object_key = target.actor_key, target.object_key
    Reference.objects.bulk_update(references, ["actor_key", "object_key"])
    for activity in Activity.objects.filter(key__in=moved):
        Activity.objects.filter(key=activity.key).delete()
        activity.key = veil.new_key(activity.key)
        activity.activity_id, activity.definition = veil.over(activity.activity_id), veil.over(activity.definition)
        activity.save()


def _replace(mentions: "QuerySet[Mention] | QuerySet[ReferenceMention]", veil: "_Veil") -> None:
    """The key is part of the primary key: the old rows go, new ones come."""
    old: list[Any] = list(mentions)
    model: Any = mentions.model
    for mention in old:
        model.objects.filter(pk=mention.pk).delete()
        mention.key = veil.new_key(mention.key)
    model.objects.bulk_create(old, ignore_conflicts=True)


@dataclass
class _Veil:
    """Lays itself over JSON: the pseudonym in the person's place. `moved` notes the keys that changed on the way."""

    person: User
    account: UUID
    also: Sequence[Mapping[str, Any]]
    moved: dict[UUID, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.agent = {"account": {"homePage": settings.XAPI_BASE_IRI, "name": str(self.account)}}
        self.keys = {actor_key(agent) for agent in (*identities(self.person), *self.also)}
        self.own_key = actor_key(self.agent)
        addresses = [agent["mbox"].removeprefix("mailto:") for agent in self.also if "mbox" in agent]
        told = [str(self.person.public_id), self.person.email, *addresses]
        self._text = re.compile("|".join(map(re.escape, told)), re.IGNORECASE)

    def new_key(self, key: UUID) -> UUID:
        """The key in place of one of the person, or of a group or activity that changed."""
        return self.own_key if key in self.keys else self.moved[key]

    def over(self, value: Any) -> Any:
        """`value` without the person."""
        if isinstance(value, str):
            return self._text.sub(str(self.account), value)
        if isinstance(value, list):
            return [self.over(member) for member in value]
        if isinstance(value, dict):
            return self._over_object(value)
        return value

    def over_content(self, content: bytes, media_type: str) -> bytes:
        """A document without the person; what is neither JSON nor text stays as it is."""
        kind = media_type.partition(";")[0].strip().lower()
        try:
            if kind == "application/json":
                return json.dumps(self.over(json.loads(content)), ensure_ascii=False).encode()
            return self._text.sub(str(self.account), content.decode()).encode() if kind.startswith("text/") else content
        except (ValueError, RecursionError):
            return content

    def _over_object(self, value: dict[str, Any]) -> dict[str, Any]:
        if self._is_person(value):
            kind = {"objectType": value["objectType"]} if "objectType" in value else {}
            return {**kind, **self.agent}
        hidden = {self.over(name): self.over(member) for name, member in value.items()}
        if hidden != value:
            self._note(value, hidden)
        return hidden

    def _is_person(self, value: dict[str, Any]) -> bool:
        if not any(name in value for name in _IDENTIFIERS) or value.get("objectType") == "Group":
            return False
        try:
            return actor_key(value) in self.keys
        except (KeyError, TypeError, AttributeError):
            return False  # something in an extension that only looks like an agent

    def _note(self, value: dict[str, Any], hidden: dict[str, Any]) -> None:
        """An anonymous group has the key of its members, an activity that of its IRI: both may have changed."""
        if value.get("objectType") == "Group" and "member" in value:
            self.moved[actor_key(value)] = actor_key(hidden)
        elif isinstance(value.get("id"), str):
            self.moved[activity_key(value["id"])] = activity_key(hidden["id"])
