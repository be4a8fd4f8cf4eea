"""Sending our statements on to other record stores.

In order, each at least once, with the statement's id as the key that makes a second time harmless. See
docs/adr/0010-forwarding.md.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from lms.common.outgoing import ForbiddenAddress, Unreachable
from lms.common.peers import Lease, leased, note_failure
from lms.common.sealing import BrokenSeal
from lms.xapi.exchange_models import DeadLetter, ForwardingTarget
from lms.xapi.horizon import settled_through
from lms.xapi.models import Attachment, Statement, StatementAttachment
from lms.xapi.remote import PeerFailure, Refusal, RemoteLrs, for_sending
from lms.xapi.selection import Selection, behind
from lms.xapi.services.attachments import attached_files
from lms.xapi.services.peers import bury, failure_words

BATCH = 100
BATCH_CHARACTERS = 1_000_000
RUN_SECONDS = 60.0
ALL_RUNS_SECONDS = 240.0
logger = logging.getLogger("laurel.xapi")

FAILURES = (PeerFailure, Unreachable, ForbiddenAddress, BrokenSeal)


@dataclass(kw_only=True)
class Sent:
    """What one run did. `problem` says why it ended early; `is_done` that nothing was left to send."""

    sent: int = 0
    refused: int = 0
    is_done: bool = False
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A statement on its way out."""

    pk: int
    stored_at: datetime
    statement_id: UUID
    body: str
    has_files: bool


def forward_due(*, at: datetime) -> dict[str, Sent]:
    """One run for every target that is due, by name, the longest waiting first, for at most about four minutes in all.

    One that fails does not hold up the others.
    """
    began, results = time.monotonic(), dict[str, Sent]()
    for target in ForwardingTarget.objects.due(at).order_by("next_try_at", "pk"):
        gone = time.monotonic() - began
        if gone < ALL_RUNS_SECONDS:
            results[target.name] = forward_statements(target=target, at=at + timedelta(seconds=gone))
    return results


def forward_statements(*, target: ForwardingTarget, at: datetime, seconds: float = RUN_SECONDS) -> Sent:
    """Sends what the target has not got yet, in passes of stored order, for at most about `seconds`.

    A pass is what was committed until it began (see `lms.xapi.horizon`): what was committed before another was stored
    is sent before it, and nothing is left out. The place is saved after each batch: who dies in between sends one batch
    twice. A statement the target refuses for good becomes a dead letter and holds up nobody; a target that fails as a
    whole is tried again later, from the same place. Never raises for what the other side does.
    """
    result = Sent()
    with leased(target, at) as lease:
        if lease is None:
            result.problem = "It is paused, waits for its next try, or another worker is at it."
            return result
        try:
            with RemoteLrs(target) as remote:
                _run(_Run(target, remote, lease, result), seconds)
        except FAILURES as error:
            message, retry_after = failure_words(error)
            note_failure(lease, target, message, retry_after)
            result.problem = message
            logger.warning("forwarding to %s failed: %s", target.name, type(error).__name__)
    return result


@dataclass(frozen=True)
class _Run:
    target: ForwardingTarget
    remote: RemoteLrs
    lease: Lease
    result: Sent


def _run(run: _Run, seconds: float) -> None:
    ends = time.monotonic() + seconds
    is_checked = False
    while time.monotonic() < ends:
        if run.target.pass_through is None and not _begin_pass(run):
            return
        rows = next_rows(run.target)
        if not rows:
            _end_pass(run)
            continue
        if not is_checked:
            run.remote.check()
            is_checked = True
        _send(run, rows)


def _begin_pass(run: _Run) -> bool:
    settled = settled_through()
    if settled is None:
        run.result.problem = "Somebody is storing statements at length; the next run goes on."
        return False
    if settled <= run.target.sent_through:
        run.result.is_done = True
        return False
    run.lease.save(pass_through=settled)
    return True


def _end_pass(run: _Run) -> None:
    run.lease.save(
        sent_through=run.target.pass_through, pass_through=None, place_stored_at=None, place_id=None, last_error=""
    )


def next_rows(target: ForwardingTarget) -> list[Row]:
    """The next batch of the pass: at most 100 statements and about a million characters, at least one if any.

    A statement that came with files goes alone, with these.
    """
    files = StatementAttachment.objects.filter(statement=OuterRef("pk"))
    wanted = selection(target).statements().filter(pk__gt=target.sent_through, pk__lte=target.pass_through)
    if target.place_stored_at is not None and target.place_id is not None:
        wanted = wanted.filter(behind((target.place_stored_at, target.place_id)))
    rows: list[Row] = []
    characters = 0
    columns = ("pk", "stored_at", "statement_id", "body", "has_files")
    found = wanted.annotate(has_files=Exists(files)).order_by("stored_at", "pk").values_list(*columns)
    for values in found[:BATCH]:
        row = Row(**dict(zip(columns, values, strict=True)))
        characters += len(row.body)
        if rows and (row.has_files or characters > BATCH_CHARACTERS):
            break
        rows.append(row)
        if row.has_files:
            break
    return rows


def selection(target: ForwardingTarget) -> Selection:
    """The target's filter."""
    return Selection(
        verbs=tuple(target.verbs),
        activities=tuple(target.activities),
        authorities=tuple(target.authorities.values_list("pk", flat=True)),
        is_trusted_only=target.is_trusted_only,
    )


def _send(run: _Run, rows: list[Row]) -> None:
    """One batch, its dead letters, and the place behind it."""
    refused = _refused(run, rows)
    accepted = len(rows) - len(refused)
    if refused and not accepted and not run.result.sent and all(refusal.is_forbidden for _, refusal in refused):
        raise PeerFailure(f"It lets the key store nothing. {refused[0][1].reason}")
    last, now = rows[-1], run.lease.now
    with transaction.atomic():
        for row, refusal in refused:
            bury(target=run.target, statement_id=row.statement_id, reason=refusal.reason, at=now)
        run.lease.save(place_stored_at=last.stored_at, place_id=last.pk, failures=0, last_error="", last_success_at=now)
    run.result.sent += accepted
    run.result.refused += len(refused)


def _refused(run: _Run, rows: Sequence[Row]) -> list[tuple[Row, Refusal]]:
    """Stores the rows, and returns those that the target refuses: halves a refused batch until each is found."""
    bodies = [for_sending(row.body, is_persona_free=run.target.is_persona_free) for row in rows]
    refusal = run.remote.store(bodies, files_of(rows))
    if refusal is None:
        return []
    if len(rows) == 1:
        return [(rows[0], refusal)]
    run.lease.save()
    middle = len(rows) // 2
    return _refused(run, rows[:middle]) + _refused(run, rows[middle:])


def files_of(rows: Sequence[Row]) -> list[Attachment]:
    """What the statements came with."""
    ids = [row.statement_id for row in rows if row.has_files]
    return list(attached_files(ids).values()) if ids else []


def retry_dead_letters(*, target: ForwardingTarget, at: datetime) -> Sent:
    """Sends the target's dead letters once more, one by one, oldest first; what it takes now is dead no longer.

    Raises PeerFailure, Unreachable and ForbiddenAddress when the target fails as a whole; what was taken stays taken.
    """
    result = Sent()
    with RemoteLrs(target) as remote:
        remote.check()
        for letter in target.dead_letters.order_by("refused_at", "pk"):
            body = Statement.objects.values_list("body", flat=True).get(statement_id=letter.statement_id)
            sent = for_sending(body, is_persona_free=target.is_persona_free)
            refusal = remote.store([sent], list(attached_files([letter.statement_id]).values()))
            if refusal is None:
                DeadLetter.objects.filter(pk=letter.pk).delete()
                result.sent += 1
            else:
                bury(target=target, statement_id=letter.statement_id, reason=refusal.reason, at=at)
                result.refused += 1
    result.is_done = True
    return result
