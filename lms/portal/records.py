"""Learning records as rows, for administrators and for the person himself. Reads only, in constant queries per page."""

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from django.db.models import Q

from lms.accounts.models import User
from lms.reporting.models import CourseRecord
from lms.xapi.agents import actor_key
from lms.xapi.models import Document, Mention, Pseudonym, Statement, StatementQuerySet
from lms.xapi.sentences import HIDDEN, Sentence, accounts, sentence
from lms.xapi.services.pseudonymising import identities

PAGE = 25
YOU = "You"
NEWS_COUNTED = 99

Place = tuple[datetime, int]


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """One statement for a list. `standing` is a word on what became of it, `tone` its colour."""

    statement: Statement
    body: Mapping[str, Any]
    sentence: Sentence
    standing: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class RecordPage:
    """`older` is the place to go on from; "" on the last page. `newest` is where the first row stands."""

    rows: list[RecordRow]
    older: str
    newest: str


def place_token(place: Place) -> str:
    return f"{place[0].isoformat()}~{place[1]}"


def place_of(token: str) -> Place | None:
    """The place of a token; None for anything else, which is the first page."""
    instant, _, pk = token.partition("~")
    try:
        at = datetime.fromisoformat(instant)
        return (at, int(pk)) if at.tzinfo is not None and pk.isascii() and len(pk) < 19 else None
    except ValueError:
        return None


def record_page(statements: StatementQuerySet, after: Place | None) -> RecordPage:
    """A page, newest first. Six queries at most."""
    if after is not None:
        statements = statements.filter(_older_than(after))
    found = list(statements.select_related("authority").order_by("-stored_at", "-pk")[: PAGE + 1])
    return _page(found)


def _page(found: list[Statement]) -> RecordPage:
    rows = record_rows(found[:PAGE])
    return RecordPage(
        rows=rows,
        older=place_token(_place(found[PAGE - 1])) if len(found) > PAGE else "",
        newest=place_token(_place(found[0])) if found else "",
    )


def _place(statement: Statement) -> Place:
    return statement.stored_at, statement.pk


def _older_than(place: Place, pk: str = "pk") -> Q:
    return Q(stored_at__lte=place[0]) & (Q(stored_at__lt=place[0]) | Q(**{f"{pk}__lt": place[1]}))


def news_count(statements: StatementQuerySet, newest: Place | None) -> int:
    """How many stand before the place, up to 100, which means more than 99."""
    if newest is not None:
        at, pk = newest
        statements = statements.filter(Q(stored_at__gte=at) & (Q(stored_at__gt=at) | Q(pk__gt=pk)))
    return len(statements.order_by("-stored_at", "-pk").values_list("pk")[: NEWS_COUNTED + 1])


def record_rows(statements: Sequence[Statement], *, viewer: User | None = None) -> list[RecordRow]:
    """Rows of statements (authority loaded). With `viewer` nobody else is named, and he is "You"."""
    bodies = [json.loads(statement.body) for statement in statements]
    if viewer is None:
        names = names_of(bodies)
        said = [sentence(body, names) for body in bodies]
    else:
        keys = set(own_keys(viewer))
        said = [_to_himself(viewer, keys, body) for body in bodies]
    counted = _counted(statements)
    return [_row(statement, body, one, counted) for statement, body, one in zip(statements, bodies, said, strict=True)]


def _to_himself(viewer: User, keys: set[UUID], body: Mapping[str, Any]) -> Sentence:
    one = sentence(body, {viewer.public_id: YOU}, nobody="Somebody else")
    return replace(one, who=YOU) if actor_key(body["actor"]) in keys else one


def names_of(bodies: Iterable[Mapping[str, Any]]) -> dict[UUID, str]:
    """Names for the accounts of ours in these statements; of who was hidden that he was. Two queries."""
    wanted = {account for body in bodies for account in accounts(body)}
    names = dict(User.objects.filter(public_id__in=wanted).values_list("public_id", "name"))
    hidden = Pseudonym.objects.filter(account__in=wanted).values_list("account", flat=True)
    return names | dict.fromkeys(hidden, HIDDEN)


def _counted(statements: Sequence[Statement]) -> set[UUID]:
    """Those that a course record is made of. One query."""
    ids = [statement.statement_id for statement in statements]
    fields = ("registered_statement", "completed_statement", "withdrawn_statement")
    used = Q()
    for field in fields:
        used |= Q(**{f"{field}__in": ids})
    found = CourseRecord.objects.filter(used).values_list(*fields) if ids else ()
    return {statement_id for row in found for statement_id in row if statement_id is not None}


def _row(statement: Statement, body: Mapping[str, Any], said: Sentence, counted: set[UUID]) -> RecordRow:
    standing, tone = "Kept", ""
    if statement.voided_by:
        standing, tone = "Voided", "danger"
    elif statement.statement_id in counted:
        standing, tone = "Counts", "accent"
    elif not statement.authority.is_trusted:
        standing, tone = "A claim", "warn"
    return RecordRow(statement=statement, body=body, sentence=said, standing=standing, tone=tone)


# --- A person's own ---


def own_keys(person: User) -> list[UUID]:
    """The keys by which a person stands in statements."""
    return [actor_key(agent) for agent in identities(person)]


@dataclass(frozen=True, kw_only=True)
class OwnFilter:
    """What of his own records a person wants to see."""

    verb: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def condition(self, prefix: str = "") -> Q:
        wanted = Q()
        if self.verb is not None:
            wanted &= Q(**{f"{prefix}verb_key": self.verb})
        if self.since is not None:
            wanted &= Q(stored_at__gte=self.since)
        if self.until is not None:
            wanted &= Q(stored_at__lt=self.until)
        return wanted


def own_page(person: User, only: OwnFilter, after: Place | None) -> RecordPage:
    """A page of what is stored about a person: by him, about him, and where he is named. Constant queries."""
    found = own_statements(person, only, after, PAGE + 1)
    rows = record_rows(found[:PAGE], viewer=person)
    older = place_token(_place(found[PAGE - 1])) if len(found) > PAGE else ""
    return RecordPage(rows=rows, older=older, newest="")


def own_statements(person: User, only: OwnFilter, after: Place | None, limit: int) -> list[Statement]:
    """The newest `limit` after a place. Each way to be in a statement is asked for on its own, one page deep."""
    keys = own_keys(person)
    merged = heapq.merge(*_own_places(keys, only, after, limit), reverse=True)
    places = list(islice((place for place, _ in groupby(merged)), limit))
    statements = Statement.objects.filter(pk__in=[pk for _, pk in places]).select_related("authority")
    return list(statements.order_by("-stored_at", "-pk"))


def _own_places(
    keys: list[UUID], only: OwnFilter, after: Place | None, limit: int
) -> Iterator[list[tuple[datetime, int]]]:
    for column in ("actor_key", "object_key"):
        statements = Statement.objects.filter(only.condition(), **{f"{column}__in": keys})
        if after is not None:
            statements = statements.filter(_older_than(after))
        yield list(statements.order_by("-stored_at", "-pk").values_list("stored_at", "pk")[:limit])
    mentions = Mention.objects.filter(only.condition("statement__"), key__in=keys)
    if after is not None:
        mentions = mentions.filter(_older_than(after, "statement_id"))
    yield list(mentions.order_by("-stored_at", "-statement_id").values_list("stored_at", "statement_id")[:limit])


def is_about(person: User, body: Mapping[str, Any]) -> bool:
    """Whether the person is the actor or the object; else the statement is somebody else's and only names him."""
    keys = own_keys(person)
    target = body["object"]
    parties = [body["actor"]] + ([target] if target.get("objectType") == "Agent" else [])
    return any(party.get("objectType") != "Group" and actor_key(party) in keys for party in parties)


def own_documents(person: User) -> list[Document]:
    """States and profiles that courses and other systems keep for a person, newest first."""
    return list(Document.objects.filter(agent_key__in=own_keys(person)).order_by("-updated_at", "-pk"))


def export_own(person: User) -> Iterator[str]:
    """All that is stored about a person as JSON, in pieces: his records whole, of others' only that they name him."""
    yield f'{{"person": {json.dumps(str(person.public_id))},\n"records": ['
    after, separator = None, "\n"
    while page := own_statements(person, OwnFilter(), after, PAGE):
        for row in record_rows(page, viewer=person):
            yield separator + json.dumps(_exported(person, row), ensure_ascii=False)
            separator = ",\n"
        after = _place(page[-1])
    yield '\n],\n"documents": ['
    documents = (json.dumps(_exported_document(document), ensure_ascii=False) for document in own_documents(person))
    yield ",\n".join(documents)
    yield "]}\n"


def _exported(person: User, row: RecordRow) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "stored": row.statement.stored_at.isoformat(),
        "vouched_for_by": row.statement.authority.name,
        "is_voided": row.statement.voided_by is not None,
    }
    if is_about(person, row.body):
        return entry | {"sentence": str(row.sentence), "statement": row.body}
    return entry | {"id": str(row.statement.statement_id), "note": "Somebody else's record that names you."}


def _exported_document(document: Document) -> dict[str, Any]:
    try:
        content = bytes(document.content).decode()
    except UnicodeDecodeError:
        content = ""
    return {
        "kind": document.get_kind_display(),
        "name": document.document_id,
        "type": document.content_type,
        "changed": document.updated_at.isoformat(),
        "content": content,
    }
