"""Fetching the statements of other record stores.

In their stored order, resumed where the last run ended, under an authority of ours: what they say is as trusted as an
administrator said it is, whatever authority they write into it.
"""

import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from lms.common import guards
from lms.common.errors import DomainError
from lms.common.peers import Lease, leased, note_failure
from lms.xapi.errors import InvalidAttachment, InvalidStatement
from lms.xapi.exchange_models import PullSource
from lms.xapi.multipart import Upload
from lms.xapi.remote import Page, PeerFailure, RemoteLrs
from lms.xapi.sameness import said_already
from lms.xapi.services.attachments import attachments_of, check_attachments, store_attachments
from lms.xapi.services.forwarding import FAILURES
from lms.xapi.services.peers import bury, failure_words
from lms.xapi.services.recording import record
from lms.xapi.timestamps import format_timestamp, parse_timestamp
from lms.xapi.validation import Version, check_statement

PAGE = 100
RUN_SECONDS = 60.0
ALL_RUNS_SECONDS = 240.0
# Read again at the next run: a store that says it is consistent through now may still have writers before now.
OVERLAP = timedelta(seconds=60)
_DEFAULT_VERSION = {Version.V1: "1.0.0", Version.V2: "2.0.0"}
logger = logging.getLogger("laurel.xapi")


@dataclass(kw_only=True)
class Pulled:
    """What one run did. `fetched` counts what is stored here now, new or not."""

    fetched: int = 0
    refused: int = 0
    is_done: bool = False
    problem: str = ""


def pull_due(*, at: datetime) -> dict[str, Pulled]:
    """One run for every source that is due, by name, the longest waiting first, for at most about four minutes in all.

    One that fails does not hold up the others.
    """
    began, results = time.monotonic(), dict[str, Pulled]()
    for source in PullSource.objects.due(at).order_by("next_try_at", "pk"):
        gone = time.monotonic() - began
        if gone < ALL_RUNS_SECONDS:
            results[source.name] = pull_statements(source=source, at=at + timedelta(seconds=gone))
    return results


def pull_statements(*, source: PullSource, at: datetime, seconds: float = RUN_SECONDS) -> Pulled:
    """Stores what the source has stored since the last run, for at most about `seconds`.

    A page and the place behind it are committed together, so a run that dies reads one page again, which changes
    nothing. The last minute of a list is read again by the next run. A statement that is invalid, or that says
    something else under an id we know, becomes a dead letter. Never raises for what the other side does.
    """
    result = Pulled()
    with leased(source, at) as lease:
        if lease is None:
            result.problem = "It is paused, waits for its next try, or another worker is at it."
            return result
        try:
            with RemoteLrs(source) as remote:
                _run(source, remote, lease, result, seconds)
        except FAILURES as error:
            message, retry_after = failure_words(error)
            note_failure(lease, source, message, retry_after)
            result.problem = message
            logger.warning("pulling from %s failed: %s", source.name, type(error).__name__)
    return result


def _run(source: PullSource, remote: RemoteLrs, lease: Lease, result: Pulled, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not result.is_done:
        page = remote.page(since=source.since, more=source.more, limit=PAGE)
        if page.more and page.more == source.more:
            raise PeerFailure("Its list goes in a circle: a page names itself as the next.")
        valid, broken = _sorted_out(page, Version(source.version))
        valid, uploads, unfit = _with_files(remote, valid)
        broken += unfit
        with transaction.atomic():
            same = said_already(valid)
            new = [statement for statement in valid if UUID(statement["id"]) not in same]
            refused = broken + _record(source, new, uploads, lease.now)
            for statement_id, reason, text in refused:
                bury(source=source, statement_id=statement_id, reason=reason, body=text[:100_000], at=lease.now)
            lease.save(**_place_behind(source, page, lease.now), failures=0, last_error="", last_success_at=lease.now)
        result.fetched += len(page.statements) - len(refused)
        result.refused += len(refused)
        result.is_done = not page.more


_Refused = list[tuple[UUID, str, str]]


def _sorted_out(page: Page, version: Version) -> tuple[list[dict[str, Any]], _Refused]:
    """The valid statements of a page, and the others each with the reason."""
    valid, broken = [], []
    for text in page.statements:
        try:
            statement = guards.load_json(text)
            check_statement(statement, version)
            if "id" not in statement:
                raise guards.UnsafeInput("It came without an id.")
        except DomainError as error:
            broken.append((_id_of(text), error.message, text.replace("\x00", "")))
        else:
            valid.append(statement)
    return valid, broken


def _with_files(
    remote: RemoteLrs, statements: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Upload], _Refused]:
    """Fetches the files of statements that have attachments. Where these do not fit, the statement is refused."""
    kept, uploads, refused = [], dict[str, Upload](), []
    for statement in statements:
        try:
            if any(True for _ in attachments_of(statement)):
                files = remote.files(statement["id"])
                check_attachments([statement], files)
                uploads |= files
        except (InvalidAttachment, InvalidStatement) as error:
            refused.append((UUID(statement["id"]), error.message, json.dumps(statement, ensure_ascii=False)))
        else:
            kept.append(statement)
    return kept, uploads, refused


def _id_of(text: str) -> UUID:
    """The id in a statement that could not be read; else one made of its text."""
    try:
        return UUID(guards.load_json(text)["id"])
    except (DomainError, ValueError, TypeError, KeyError, AttributeError):
        return uuid5(UUID(int=0), text)


def _record(source: PullSource, statements: list[dict[str, Any]], uploads: dict[str, Upload], at: datetime) -> _Refused:
    """Records them, halving what is refused as a whole until each culprit is found."""
    if not statements:
        return []
    try:
        with transaction.atomic():
            ids = record(
                statements,
                authority=source.authority,
                at=at,
                default_version=_DEFAULT_VERSION[Version(source.version)],
            )
            own = {attachment["sha2"].lower() for one in statements for _, attachment in attachments_of(one)}
            store_attachments(ids, statements, {sha2: uploads[sha2] for sha2 in own & uploads.keys()}, at=at)
    except DomainError as error:
        if len(statements) == 1:
            return [(UUID(statements[0]["id"]), error.message, json.dumps(statements[0], ensure_ascii=False))]
        middle = len(statements) // 2
        return _record(source, statements[:middle], uploads, at) + _record(source, statements[middle:], uploads, at)
    return []


def _place_behind(source: PullSource, page: Page, now: datetime) -> dict[str, Any]:
    """Where the next page begins: its address, or at the end of the list the next list's `since`.

    That is the stored time of the newest statement, in the other store's own digits, unless it is of the last minute
    by the other store's clock: then a minute before the list was begun.
    """
    began_at = source.began_at if source.more else (page.consistent_through or now)
    newest = _stored(page.statements[-1]) if page.statements else ""
    newest = newest or (source.newest if source.more else "")
    if page.more:
        return {"more": page.more, "newest": newest, "began_at": began_at}
    return {"more": "", "newest": "", "began_at": None, "since": _next_since(source.since, newest, began_at or now)}


def _next_since(since: str, newest: str, began_at: datetime) -> str:
    if not newest:
        return since
    edge = began_at - OVERLAP
    if parse_timestamp(newest) <= edge:
        return newest
    if since and parse_timestamp(since) >= edge:
        return since
    return format_timestamp(edge)


def _stored(text: str) -> str:
    try:
        stored = str(guards.load_json(text)["stored"])
        parse_timestamp(stored)
    except (DomainError, ValueError, TypeError, KeyError):
        return ""
    return stored
