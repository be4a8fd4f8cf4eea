"""Asking for statements: from the parameters of a request to a page, by keyset, without offsets or joins that grow."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from lms.common import guards
from lms.common.errors import DomainError
from lms.xapi.agents import activity_key, actor_key, verb_key
from lms.xapi.errors import InvalidQuery, UnknownStatement
from lms.xapi.models import Authority, Credential, Mention, Reference, ReferenceMention, Statement
from lms.xapi.timestamps import parse_timestamp
from lms.xapi.validation import check_agent_query, check_iri

DEFAULT_LIMIT = MAX_LIMIT = 500
MAX_PAGE_CHARACTERS = 4_000_000
_LONGEST_AGENT = 10_000
_LONGEST_DOCUMENT_ID = 2000

Place = tuple[datetime, int]


def _uuid(text: str) -> UUID:
    if len(text) != 36:
        raise ValueError("not 8-4-4-4-12")
    return UUID(text)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


def parse_agent(text: str) -> dict[str, Any]:
    """The agent of an `agent` parameter. Raises InvalidQuery."""
    try:
        return _agent(text)
    except DomainError as error:
        raise InvalidQuery(f"The parameter agent is not the JSON of an agent or group: {error.message}") from error


def _agent(text: str) -> dict[str, Any]:
    agent: dict[str, Any] = guards.load_json(text, max_bytes=_LONGEST_AGENT)
    check_agent_query(agent)
    return agent


def _iri(text: str) -> str:
    check_iri(text)
    return text


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError("not a whole number")
    return min(int(text), MAX_LIMIT) or DEFAULT_LIMIT


def _document_id(text: str) -> str:
    if not 0 < len(text) <= _LONGEST_DOCUMENT_ID:
        raise ValueError("no id, or too long for one")
    return text


def _format(text: str) -> str:
    return {"exact": "exact", "ids": "ids", "canonical": "canonical"}[text]


@dataclass(frozen=True, kw_only=True)
class StatementQuery:
    """What a client asks for. Keys and instants are parsed; `statement_id` and `voided_id` ask for one statement."""

    statement_id: UUID | None = None
    voided_id: UUID | None = None
    agent: UUID | None = None
    verb: UUID | None = None
    activity: UUID | None = None
    registration: UUID | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = DEFAULT_LIMIT
    ascending: bool = False
    format: str = "exact"
    attachments: bool = False


_PARAMETERS: Mapping[str, tuple[str, Callable[[str], Any], str]] = {
    "statementId": ("statement_id", _uuid, "a UUID"),
    "voidedStatementId": ("voided_id", _uuid, "a UUID"),
    "agent": ("agent", lambda text: actor_key(_agent(text)), "the JSON of an agent or identified group"),
    "verb": ("verb", lambda text: verb_key(_iri(text)), "an IRI"),
    "activity": ("activity", lambda text: activity_key(_iri(text)), "an IRI"),
    "registration": ("registration", _uuid, "a UUID"),
    "related_agents": ("related_agents", _boolean, "true or false"),
    "related_activities": ("related_activities", _boolean, "true or false"),
    "since": ("since", parse_timestamp, "a timestamp such as 2027-03-12T09:30:00Z"),
    "until": ("until", parse_timestamp, "a timestamp such as 2027-03-12T09:30:00Z"),
    "limit": ("limit", _limit, "a whole number from 0"),
    "ascending": ("ascending", _boolean, "true or false"),
    "format": ("format", _format, "exact, ids or canonical"),
    "attachments": ("attachments", _boolean, "true or false"),
}
_WITH_ONE_STATEMENT = {"statementId", "voidedStatementId", "format", "attachments"}


# Of the document, activities and agents resources.
_OTHERS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "activityId": (_iri, "an IRI"),
    "agent": (_PARAMETERS["agent"][1], _PARAMETERS["agent"][2]),
    "registration": (_uuid, "a UUID"),
    "since": (parse_timestamp, _PARAMETERS["since"][2]),
    "stateId": (_document_id, f"a string of 1 to {_LONGEST_DOCUMENT_ID} characters"),
    "profileId": (_document_id, f"a string of 1 to {_LONGEST_DOCUMENT_ID} characters"),
}


def parse_parameter(name: str, text: str) -> Any:
    """The value of a parameter of the other resources. Raises InvalidQuery."""
    parse, form = _OTHERS[name]
    return _parsed(name, text, parse, form)


def _parsed(name: str, text: str, parse: Callable[[str], Any], form: str) -> Any:
    try:
        return parse(text)
    except (ValueError, KeyError, OverflowError, DomainError) as error:
        raise InvalidQuery(f"The parameter {name} is not {form}.") from error


def parse_query(parameters: Mapping[str, str]) -> StatementQuery:
    """The query that a request's parameters make. Raises InvalidQuery for unknown, wrong and contradicting ones."""
    values: dict[str, Any] = {}
    for name, text in parameters.items():
        if name not in _PARAMETERS:
            raise InvalidQuery(f"{name[:60]} is not a parameter of this resource (names are case-sensitive).")
        field, parse, form = _PARAMETERS[name]
        values[field] = _parsed(name, text, parse, form)
    single = {"statementId", "voidedStatementId"}.intersection(parameters)
    if len(single) > 1 or (single and not _WITH_ONE_STATEMENT.issuperset(parameters)):
        raise InvalidQuery(f"With {min(single)} only format and attachments may be given.")
    return StatementQuery(**values)


def find_one(query: StatementQuery, credential: Credential) -> Statement:
    """The one statement asked for by id. Raises UnknownStatement; a voided one is found only as a voided one."""
    wanted = Q(statement_id=query.statement_id, voided_by=None)
    if query.voided_id is not None:
        wanted = Q(statement_id=query.voided_id, voided_by__isnull=False)
    statement = Statement.objects.visible_to(credential).filter(wanted).first()
    if statement is None:
        raise UnknownStatement("No such statement is stored, or this credential may not see it.")
    return statement


def find(query: StatementQuery, credential: Credential, after: Place | None) -> tuple[list[str], Place | None]:
    """The bodies of one page in stored order, and the place where the next page begins; None when it is the last.

    Each way in which a statement can match (its actor, its object, a mention of it, its authority) is asked for on its
    own in stored order and at most one page deep, so the cost does not grow with the store. A page ends early when it
    is large in bytes.
    """
    streams = [arm.order_by(*_order(query, place))[: query.limit + 1] for arm, place in _arms(query, credential, after)]
    merged = heapq.merge(*(list(stream) for stream in streams), reverse=not query.ascending)
    places = list(islice((place for place, _ in groupby(merged)), query.limit + 1))
    wanted = places[: query.limit]
    bodies: list[str] = []
    characters = 0
    rows = Statement.objects.filter(pk__in=[pk for _, pk in wanted]).order_by(*_order(query, _PLACE))
    for body in rows.values_list("body", flat=True).iterator(chunk_size=50):
        characters += len(body)
        if bodies and characters > MAX_PAGE_CHARACTERS:
            break
        bodies.append(body)
    is_last = len(bodies) == len(places)
    return bodies, None if is_last else places[len(bodies) - 1]


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Where matches are looked for: statements, or references, which have the columns of what they point at."""

    rows: QuerySet[Any]
    mentions: QuerySet[Any]
    place: tuple[str, str]
    mention_of: Mapping[str, str]


_PLACE = ("stored_at", "id")


def _sources(query: StatementQuery, credential: Credential) -> Iterator[_Source]:
    """Statements that are not void; and those that point at a statement, void or not, that the credential may see."""
    visible = Statement.objects.visible_to(credential)
    yield _Source(
        rows=visible.filter(voided_by=None),
        mentions=Mention.objects.all(),
        place=_PLACE,
        mention_of={"statement": "pk"},
    )
    if {query.agent, query.verb, query.activity, query.registration} != {None}:
        yield _Source(
            rows=Reference.objects.visible_to(credential).filter(referrer__voided_by=None),
            mentions=ReferenceMention.objects.all(),
            place=("stored_at", "referrer_id"),
            mention_of={"statement": "referrer_id", "reference": "pk"},
        )


def _order(query: StatementQuery, place: tuple[str, str]) -> list[str]:
    return [name if query.ascending else f"-{name}" for name in place]


def _arms(
    query: StatementQuery, credential: Credential, after: Place | None
) -> Iterator[tuple[QuerySet[Any, Place], tuple[str, str]]]:
    """One query of places for each way to match."""
    authorities = _authorities(query.agent) if query.agent is not None and query.related_agents else []
    for source in _sources(query, credential):
        yield from _arms_of(source, query, authorities, after)


def _arms_of(
    source: _Source, query: StatementQuery, authorities: Sequence[int], after: Place | None
) -> Iterator[tuple[QuerySet[Any, Place], tuple[str, str]]]:
    given = {"verb_key": query.verb, "registration": query.registration}
    base = source.rows.filter(**{name: value for name, value in given.items() if value is not None})
    window = _window(query, after, source.place[1])
    mentions = source.mentions.none()
    columns = [Q()]
    if query.agent is not None:
        base = base.filter(_about_activity(query, source))
        columns = [Q(actor_key=query.agent), Q(object_key=query.agent)]
        mentions = source.mentions.filter(key=query.agent)
        if query.related_agents:
            columns.append(Q(authority__in=authorities))
        else:
            mentions = mentions.filter(is_member=True)
    elif query.activity is not None:
        columns = [Q(object_key=query.activity)]
        if query.related_activities:
            mentions = source.mentions.filter(key=query.activity)
    for column in columns:
        yield base.filter(window, column).values_list(*source.place), source.place
    if not mentions.query.is_empty():
        place = ("stored_at", "statement_id")
        row = "reference" if "reference" in source.mention_of else "statement"
        mentions = mentions.filter(_window(query, after, "statement_id"), **{f"{row}__in": base})
        yield mentions.values_list(*place), place


def _about_activity(query: StatementQuery, source: _Source) -> Q:
    if query.activity is None:
        return Q()
    about = Q(object_key=query.activity)
    if query.related_activities:
        # All columns of the primary key: one look-up a row, not a hash of everything that mentions the activity.
        where = {name: OuterRef(column) for name, column in source.mention_of.items()}
        about |= Q(Exists(source.mentions.filter(key=query.activity, stored_at=OuterRef("stored_at"), **where)))
    return about


def _authorities(key: UUID) -> list[int]:
    """The authorities that are this agent, or (3-legged OAuth) have it as a member."""
    return [
        authority.pk
        for authority in Authority.objects.all()
        if key in {actor_key(party) for party in (authority.agent, *authority.agent.get("member", ()))}
    ]


def _window(query: StatementQuery, after: Place | None, id_name: str) -> Q:
    """`since` is exclusive, `until` inclusive; `after` continues behind a place, in the query's direction."""
    window = Q()
    if query.since is not None:
        window &= Q(stored_at__gt=query.since)
    if query.until is not None:
        window &= Q(stored_at__lte=query.until)
    if after is not None:
        stored_at, pk = after
        edge, beyond = ("gte", "gt") if query.ascending else ("lte", "lt")
        window &= Q(**{f"stored_at__{edge}": stored_at})
        window &= Q(**{f"stored_at__{beyond}": stored_at}) | Q(**{f"{id_name}__{beyond}": pk})
    return window
