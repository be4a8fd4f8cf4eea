"""Getting a target past a statement at which it fails each time, without saying that it refuses it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common.peers import Lease, leased, note_failure
from lms.xapi.errors import InvalidPeer
from lms.xapi.horizon import settled_through
from lms.xapi.models import ForwardingTarget
from lms.xapi.remote import RemoteLrs, for_sending
from lms.xapi.services.forwarding import FAILURES, Row, Sent, files_of, next_rows
from lms.xapi.services.peers import bury, failure_words

BY_HAND = "Skipped by hand."


def skip_failing(
    *, target: ForwardingTarget, at: datetime, statement_id: UUID | None = None, by: User | None = None
) -> Sent:
    """Sends the next batch one by one; those at which the target fails become dead letters, and it goes on behind them.

    Where it fails at all of them it is the target that is broken: nothing is skipped then, and its place stays. With
    `statement_id` that one is not even tried. Order is kept. Does not wait for the back-off. Writes an audit entry.
    Raises InvalidPeer when `statement_id` is not in the next batch. `retry_dead_letters` sends them once more.
    """
    ForwardingTarget.objects.filter(pk=target.pk, paused_at=None).update(next_try_at=at)
    result = Sent()
    with leased(target, at) as lease:
        if lease is None:
            result.problem = "It is paused, or another worker is at it."
            return result
        rows = _rows(target, lease)
        if statement_id and statement_id not in {row.statement_id for row in rows}:
            raise InvalidPeer(f"{statement_id} is not in the next batch for {target.name}; nothing was done.")
        try:
            with RemoteLrs(target) as remote:
                remote.check()
                skipped = {
                    row: BY_HAND
                    if row.statement_id == statement_id
                    else _try(remote, lease, row, target.is_persona_free)
                    for row in rows
                }
        except FAILURES as error:
            result.problem, retry_after = failure_words(error)
            note_failure(lease, target, result.problem, retry_after)
            return result
        _settle(target, lease, skipped, result, statement_id)
        if result.refused:
            detail: dict[str, object] = {"name": target.name, "statements": result.refused}
            record_audit(action="xapi.skip_statements", actor=by, at=at, target=target, detail=detail)
    return result


def _rows(target: ForwardingTarget, lease: Lease) -> list[Row]:
    if target.pass_through is None and (settled := settled_through()) is not None:
        lease.save(pass_through=settled)
    return next_rows(target) if target.pass_through is not None else []


def _try(remote: RemoteLrs, lease: Lease, row: Row, is_persona_free: bool) -> str:
    """Why the target does not take the statement; empty when it does."""
    lease.save()
    body = for_sending(row.body, is_persona_free=is_persona_free)
    try:
        refusal = remote.store([body], files_of([row]))
    except FAILURES as error:
        return str(error)
    return refusal.reason if refusal else ""


def _settle(
    target: ForwardingTarget, lease: Lease, tried: dict[Row, str], result: Sent, statement_id: UUID | None
) -> None:
    reasons = [reason for reason in tried.values() if reason]
    if reasons and len(reasons) == len(tried) and statement_id is None:
        result.problem = f"It fails at every statement, so it is not one of them. {reasons[0]}"
        return
    if tried:
        last = list(tried)[-1]
        with transaction.atomic():
            for row, reason in tried.items():
                if reason:
                    bury(target=target, statement_id=row.statement_id, reason=reason, at=lease.now)
            lease.save(place_stored_at=last.stored_at, place_id=last.pk, failures=0, last_error="")
    result.refused, result.sent = len(reasons), len(tried) - len(reasons)
    result.is_done = not tried
