"""Storing and voiding statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
import tincan
from django.conf import settings
from django.db import connection, transaction

from lms.accounts.models import User
from lms.events.services import emit, is_awaited
from lms.xapi import statements as ours
from lms.xapi import vocabulary
from lms.xapi.drafts import MILESTONE_KEYS, VOIDED_KEY, Draft, draft
from lms.xapi.errors import NotYours, UnknownStatement, VoidingRefused
from lms.xapi.events import MilestonesStored, StatementsStored
from lms.xapi.models import Authority, Statement
from lms.xapi.services.inserting import check_same, insert, insert_plain
from lms.xapi.services.referencing import link_references, pointing_at
from lms.xapi.timestamps import after
from lms.xapi.validation import Sent


def platform_authority() -> Authority:
    """Our own authority, trusted for completions; made on first use."""
    agent = {"objectType": "Agent", "account": {"homePage": settings.XAPI_BASE_IRI, "name": "platform"}}
    authority, _ = Authority.objects.get_or_create(
        is_platform=True, defaults={"name": "Platform", "agent": agent, "is_trusted": True}
    )
    return authority


def record(
    statements: Sequence[tincan.Statement | Mapping[str, Any] | Sent],
    *,
    authority: Authority,
    at: datetime,
    default_version: str = "1.0.0",
) -> list[UUID]:
    """Stores valid statements, all or none, and returns their ids in the order given.

    A statement already stored under its id with equal content is left as it is, so a replay changes nothing. The n-th
    of a batch is stored at `at` plus n microseconds: the order given is the order of every list. The number of queries
    does not depend on the number of statements. Rows are inserted in the order of their ids, so overlapping batches
    of several writers wait for one another and never deadlock.

    Raises StatementConflict (other content under the same id), NotYours (voids a statement of another authority;
    only the platform may) and VoidingRefused (voids a voiding statement). Emits StatementsStored when anything new was
    stored, and MilestonesStored for the registrations whose standing it may change. Locks the rows that are voided.
    """
    drafts = draft_all(statements, authority=authority, at=at, default_version=default_version)
    with transaction.atomic():
        store(drafts, authority=authority, at=at)
    return [item.statement_id for item in drafts]


def draft_all(
    statements: Sequence[tincan.Statement | Mapping[str, Any] | Sent],
    *,
    authority: Authority,
    at: datetime,
    default_version: str,
) -> list[Draft]:
    """What `record` would store, in the order given. Touches no database."""
    return [
        draft(_sent(statement), authority=authority, stored_at=after(at, count), default_version=default_version)
        for count, statement in enumerate(statements)
    ]


def store(drafts: Sequence[Draft], *, authority: Authority, at: datetime) -> None:
    """Stores drafts in the caller's transaction; see `record`."""
    new = insert(_distinct(drafts), authority)
    if not new:
        return
    voided = _void_targets(new, authority)
    # Nobody can point at facts of ours before they are stored: their ids are secret until then.
    earlier = [] if authority.is_platform else pointing_at(new)
    _void_latecomers(new, earlier, authority)
    link_references(new, earlier)
    emit(StatementsStored(at=at, statement_ids=tuple(item.statement_id for item in new)))
    moved = voided | {item.registration for item in new if authority.is_trusted and item.verb_key in MILESTONE_KEYS}
    if registrations := sorted(registration for registration in moved if registration):
        emit(MilestonesStored(at=at, registrations=tuple(registrations)))


def store_plain(drafts: Sequence[Draft], *, authority: Authority) -> bool:
    """Stores drafts in one round trip if nothing but their rows is to be written; else does nothing and returns False.

    That is nearly always so with what other systems send. It is not when a statement voids or points at another, when
    figures may move by it, or when somebody waits for StatementsStored: an event belongs into the transaction.
    """
    is_possible = (
        connection.vendor == "postgresql"
        and not connection.in_atomic_block
        and not is_awaited(StatementsStored)
        and not any(item.is_reference or (authority.is_trusted and item.verb_key in MILESTONE_KEYS) for item in drafts)
    )
    return bool(is_possible and drafts) and insert_plain(_distinct(drafts), authority)


def _sent(statement: tincan.Statement | Mapping[str, Any] | Sent) -> Sent:
    if isinstance(statement, Sent):
        return statement
    value = statement.as_version() if isinstance(statement, tincan.Statement) else statement
    return Sent(value, msgspec.json.encode(value))


def _distinct(drafts: Iterable[Draft]) -> list[Draft]:
    """One draft per id, by id. Raises StatementConflict when two of one id differ."""
    distinct: dict[UUID, Draft] = {}
    for item in drafts:
        check_same(item, distinct.setdefault(item.statement_id, item).digest)
    return sorted(distinct.values(), key=attrgetter("statement_id"))


def _void_targets(new: Iterable[Draft], authority: Authority) -> set[UUID | None]:
    """Marks what the new voiding statements void. Returns the registrations whose standing that may change."""
    voidings = {item.voids: item.statement_id for item in new if item.voids}
    if not voidings:
        return set()
    targets = list(
        Statement.objects.filter(statement_id__in=voidings)
        .select_for_update(of=("self",), no_key=True)
        .select_related("authority")
        .order_by("statement_id")
    )
    for target in targets:
        if target.verb_key == VOIDED_KEY:
            raise VoidingRefused(f"{target.statement_id} is a voiding statement; these cannot be voided.")
        if not authority.may_void(target):
            raise NotYours(f"{target.statement_id} was stored by another authority; only that one may void it.")
        target.voided_by = target.voided_by or voidings[target.statement_id]
    Statement.objects.bulk_update(targets, ["voided_by"])
    counted = [target for target in targets if target.authority.is_trusted and target.verb_key in MILESTONE_KEYS]
    return {target.registration for target in counted}


def _void_latecomers(new: Iterable[Draft], earlier: Iterable[Statement], authority: Authority) -> None:
    """Marks new statements that a voiding statement of the same authority named before they came."""
    rows = {item.statement_id: item for item in new if not item.voids}
    late = {}
    for voiding in earlier:
        is_voiding = voiding.verb_key == VOIDED_KEY and voiding.authority_id == authority.pk
        if is_voiding and voiding.object_key in rows:
            late[rows[voiding.object_key].pk] = voiding.statement_id
    Statement.objects.bulk_update([Statement(pk=pk, voided_by=by) for pk, by in late.items()], ["voided_by"])


@transaction.atomic
def void_statement(*, statement_id: UUID, reason: str, by: User, at: datetime) -> UUID:
    """Voids a statement in the platform's name and returns the id of the voiding statement. Projections follow.

    A statement that is void already stays as it is, and the id of its voiding statement is returned.
    Raises UnknownStatement, VoidingRefused. Emits StatementsStored. Locks the statement.
    """
    target = Statement.objects.select_for_update(of=("self",), no_key=True).filter(statement_id=statement_id).first()
    if target is None:
        raise UnknownStatement(f"No statement is stored under the id {statement_id}.")
    if target.voided_by:
        return target.voided_by
    voiding = ours.build(
        actor=by,
        verb=vocabulary.VOIDED,
        object=tincan.StatementRef(id=statement_id),
        extensions={vocabulary.REASON_EXTENSION: reason},
        at=at,
    )
    return record([voiding], authority=platform_authority(), at=at)[0]
