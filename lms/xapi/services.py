"""Every write of the statement store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import tincan
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from lms.accounts.models import User
from lms.events.services import emit
from lms.xapi import statements as ours
from lms.xapi import vocabulary
from lms.xapi.drafts import VOIDED_KEY, Draft, draft
from lms.xapi.errors import NotYours, StatementConflict, UnknownStatement, VoidingRefused
from lms.xapi.events import StatementsStored
from lms.xapi.models import Authority, Mention, Statement
from lms.xapi.timestamps import after

_TRIES = 3


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
    stored. Locks the rows that are voided.
    """
    drafts = [
        draft(_as_json(statement), authority=authority, stored_at=after(at, count), default_version=default_version)
        for count, statement in enumerate(statements)
    ]
    new = _insert(drafts)
    if new:
        Mention.objects.bulk_create(
            Mention(key=key, stored_at=item.row.stored_at, statement=item.row, is_member=is_member)
            for item in new
            for key, is_member in item.mentions.items()
        )
        touched = _void_targets(new, authority)
        if authority.is_trusted:
            touched |= {item.row.registration for item in new if item.row.registration}
        stored = tuple(item.row.statement_id for item in new)
        emit(StatementsStored(at=at, statement_ids=stored, registrations=tuple(sorted(touched))))
    return [item.row.statement_id for item in drafts]


def _as_json(statement: tincan.Statement | Mapping[str, Any]) -> Mapping[str, Any]:
    return statement.as_version() if isinstance(statement, tincan.Statement) else statement


def _insert(drafts: Sequence[Draft]) -> list[Draft]:
    """Inserts those whose id is not stored yet; another writer that comes between makes it look again."""
    for attempt in range(1, _TRIES + 1):
        new = _unknown(drafts)
        try:
            with transaction.atomic():
                Statement.objects.bulk_create(item.row for item in new)
        except IntegrityError:
            if attempt == _TRIES:
                raise
            for item in new:
                item.row.pk = None
        else:
            return new
    raise AssertionError("the loop returns or raises")


def _unknown(drafts: Sequence[Draft]) -> list[Draft]:
    """One draft per id that is not stored, by id. Marks those that a stored statement of the right hand voids already.

    Raises StatementConflict when the content under an id differs, in the batch or from what is stored.
    """
    new: dict[UUID, Draft] = {}
    for item in drafts:
        first = new.setdefault(item.row.statement_id, item)
        _check_same(item.row.statement_id, first.row.digest, item.row.digest)
    given = [statement_id for statement_id, item in new.items() if item.has_own_id]
    related = Statement.objects.filter(Q(statement_id__in=given) | Q(verb_key=VOIDED_KEY, object_key__in=given))
    fields = ("statement_id", "digest", "verb_key", "object_key", "authority_id", "authority__is_platform")
    for statement_id, digest, verb_key, target, authority_id, is_platform in (
        related.values_list(*fields) if given else ()
    ):
        if statement_id in new:
            _check_same(statement_id, digest, new.pop(statement_id).row.digest)
        if verb_key == VOIDED_KEY and target in new:
            row = new[target].row
            if row.verb_key != VOIDED_KEY and (is_platform or authority_id == row.authority_id):
                row.voided_by = statement_id
    return sorted(new.values(), key=lambda item: item.row.statement_id)


def _check_same(statement_id: UUID, one: str, other: str) -> None:
    if one != other:
        raise StatementConflict(f"Another statement is stored under the id {statement_id}; nothing was changed.")


def _void_targets(new: Iterable[Draft], authority: Authority) -> set[UUID]:
    """Marks what the new voiding statements void. Returns the registrations of trusted statements among them."""
    voidings = {item.voids: item.row.statement_id for item in new if item.voids}
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
    return {target.registration for target in targets if target.registration and target.authority.is_trusted}


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
