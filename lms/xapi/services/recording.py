"""Storing and voiding statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import tincan
from django.conf import settings
from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.events.services import emit
from lms.xapi import statements as ours
from lms.xapi import vocabulary
from lms.xapi.drafts import MILESTONE_KEYS, VOIDED_KEY, Draft, draft
from lms.xapi.errors import NotYours, StatementConflict, UnknownStatement, VoidingRefused
from lms.xapi.events import MilestonesStored, StatementsStored
from lms.xapi.models import Authority, Mention, Statement
from lms.xapi.services.referencing import link_references, pointing_at
from lms.xapi.timestamps import after


def platform_authority() -> Authority:
    """Our own authority, trusted for completions; made on first use."""
    agent = {"objectType": "Agent", "account": {"homePage": settings.XAPI_BASE_IRI, "name": "platform"}}
    authority, _ = Authority.objects.get_or_create(
        is_platform=True, defaults={"name": "Platform", "agent": agent, "is_trusted": True}
    )
    return authority


@transaction.atomic
def record(
    statements: Sequence[tincan.Statement | Mapping[str, Any]],
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
    drafts = [
        draft(_as_json(statement), authority=authority, stored_at=after(at, count), default_version=default_version)
        for count, statement in enumerate(statements)
    ]
    new = _insert(_distinct(drafts))
    if new:
        Mention.objects.bulk_create(
            Mention(key=key, stored_at=item.row.stored_at, statement=item.row, is_member=is_member)
            for item in new
            for key, is_member in item.mentions.items()
        )
        voided = _void_targets(new, authority)
        # Nobody can point at facts of ours before they are stored: their ids are secret until then.
        earlier = [] if authority.is_platform else pointing_at(new)
        _void_latecomers(new, earlier, authority)
        link_references(new, earlier)
        emit(StatementsStored(at=at, statement_ids=tuple(item.row.statement_id for item in new)))
        counting = voided + [item.row for item in new if authority.is_trusted]
        moved = {row.registration for row in counting if row.registration and row.verb_key in MILESTONE_KEYS}
        if moved:
            emit(MilestonesStored(at=at, registrations=tuple(sorted(moved))))
    return [item.row.statement_id for item in drafts]


def _as_json(statement: tincan.Statement | Mapping[str, Any]) -> Mapping[str, Any]:
    return statement.as_version() if isinstance(statement, tincan.Statement) else statement


def _distinct(drafts: Iterable[Draft]) -> list[Draft]:
    """One draft per id, by id. Raises StatementConflict when two of one id differ."""
    distinct: dict[UUID, Draft] = {}
    for item in drafts:
        _check_same(item, distinct.setdefault(item.row.statement_id, item).row.digest)
    return sorted(distinct.values(), key=lambda item: item.row.statement_id)


def _insert(drafts: list[Draft]) -> list[Draft]:
    """Inserts those whose id is not stored yet, and returns them. Most are new, so it looks only when one is not."""
    while True:
        try:
            with transaction.atomic():
                Statement.objects.bulk_create(item.row for item in drafts)
        except IntegrityError:
            unknown = _unknown(drafts)
            if len(unknown) == len(drafts):
                raise  # none is stored, so something else is wrong
            drafts = unknown
        else:
            return drafts


def _unknown(drafts: list[Draft]) -> list[Draft]:
    """Those whose id is not stored. Raises StatementConflict when other content is stored under an id."""
    known = dict(
        Statement.objects.filter(statement_id__in=[item.row.statement_id for item in drafts]).values_list(
            "statement_id", "digest"
        )
    )
    unknown = []
    for item in drafts:
        if item.row.statement_id in known:
            _check_same(item, known[item.row.statement_id])
        else:
            item.row.pk = None
            unknown.append(item)
    return unknown


def _check_same(item: Draft, digest: str) -> None:
    if item.row.digest != digest:
        raise StatementConflict(
            f"Another statement is stored under the id {item.row.statement_id}; nothing was changed."
        )


def _void_targets(new: Iterable[Draft], authority: Authority) -> list[Statement]:
    """Marks what the new voiding statements void. Returns the statements among them that a trusted authority stored."""
    voidings = {item.voids: item.row.statement_id for item in new if item.voids}
    if not voidings:
        return []
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
    return [target for target in targets if target.authority.is_trusted]


def _void_latecomers(new: Iterable[Draft], earlier: Iterable[Statement], authority: Authority) -> None:
    """Marks new statements that a voiding statement of the same authority named before they came."""
    rows = {item.row.statement_id: item.row for item in new if not item.voids}
    late = []
    for voiding in earlier:
        is_voiding = voiding.verb_key == VOIDED_KEY and voiding.authority_id == authority.pk
        if is_voiding and voiding.object_key in rows:
            rows[voiding.object_key].voided_by = voiding.statement_id
            late.append(rows[voiding.object_key])
    Statement.objects.bulk_update(late, ["voided_by"])


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
