"""Scored attempts scored again after an item turned out wrong: looked at first, then ordered, then done in the
background, attempt by attempt, with everything that follows from it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments import statements
from lms.assessments.errors import NotAllowed, NothingToRegrade, ReasonMissing, RegradeRunning
from lms.assessments.events import AttemptRegraded, RegradeContinued
from lms.assessments.models import Assessment, Attempt, Item, ItemVersion, Regrade, RegradeChange, Response, figure
from lms.assessments.services.attempts import settle_result
from lms.assessments.services.scoring import decide, fits, grade, latest_regrades, total_up
from lms.assessments.services.tallies import change_tallies, lock_tallies
from lms.common import guards
from lms.events.services import emit
from lms.xapi import services as xapi

BATCH = 50


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Points and pass of one attempt."""

    points: Decimal
    max_points: Decimal
    is_passed: bool

    @property
    def figure(self) -> str:
        return figure(self.points, self.max_points)


@dataclass(frozen=True, kw_only=True)
class PlannedChange:
    """One attempt whose result would change."""

    attempt: Attempt
    before: Outcome
    after: Outcome

    @property
    def turn(self) -> str:
        """ "pass", "fail", or empty when only the points change."""
        if self.before.is_passed == self.after.is_passed:
            return ""
        return "pass" if self.after.is_passed else "fail"


@dataclass(frozen=True, kw_only=True)
class RegradePlan:
    """What a regrade would do. `unfit` counts, by version number, the answers that the other key cannot score: they
    stay as they are."""

    looked_at: int
    changes: tuple[PlannedChange, ...]
    unfit: dict[int, int]

    @property
    def to_pass(self) -> list[PlannedChange]:
        return [change for change in self.changes if change.turn == "pass"]

    @property
    def to_fail(self) -> list[PlannedChange]:
        return [change for change in self.changes if change.turn == "fail"]


def plan_regrade(
    *, assessment: Assessment, item: Item, action: Regrade.Action, key_version: ItemVersion | None = None
) -> RegradePlan:
    """The dry run: who would get other points, and who would pass or fail. Writes nothing.

    Raises NothingToRegrade for a key of another item or none, one that nobody has approved, and for dropping the last
    item that some attempt is scored by.
    """
    draft = _draft(assessment, item, action, key_version)
    versions = {version.pk: version for version in item.versions.all()}
    changes, unfit, looked_at = [], Counter[int](), 0
    for attempt, responses in _each(_affected(assessment, item)):
        looked_at += 1
        before, was_scored = _outcome(attempt), attempt.is_scored
        for response in responses:
            if response.item_version_id in versions:
                response.item_version = versions[response.item_version_id]
                unfit[response.item_version.number] += not fits(draft, response.item_version)
                _decide(draft, response)
        total_up(attempt, responses)
        after = _outcome(attempt)
        if was_scored and after != before:
            changes.append(PlannedChange(attempt=attempt, before=before, after=after))
    return RegradePlan(looked_at=looked_at, changes=tuple(changes), unfit=dict(+unfit))


def _draft(assessment: Assessment, item: Item, action: Regrade.Action, key_version: ItemVersion | None) -> Regrade:
    if action == Regrade.Action.REKEY:
        if key_version is None or key_version.item_id != item.pk:
            raise NothingToRegrade("Choose a version of this item whose key counts. Nothing was changed.")
        if key_version.approved_at is None:
            raise NothingToRegrade(
                "Nobody has approved this version yet, so its key cannot count. Nothing was changed."
            )
        if key_version.kind.is_marked:
            raise NothingToRegrade(
                "People mark this question: no key counts. Drop it, or give everybody its points. Nothing was changed."
            )
    else:
        key_version = None
    if action == Regrade.Action.DROP:
        others = Response.objects.filter(attempt=OuterRef("pk"), is_pilot=False, is_dropped=False)
        if _affected(assessment, item).filter(~Exists(others.exclude(item_version__item=item))).exists():
            raise NothingToRegrade("Without this item some attempts have nothing to score. Give everybody its points.")
    return Regrade(assessment=assessment, item=item, action=action, key_version=key_version)


def _affected(assessment: Assessment, item: Item) -> QuerySet[Attempt]:
    """Attempts handed in at the exam that showed the item, in whichever version; by their id. One that waits for marks
    is among them: nobody shall mark what counts for nobody, and no wrong key shall score it in the end."""
    showed = Response.objects.filter(item_version__item=item).values("attempt")
    return Attempt.objects.filter(assessment=assessment, submitted_at__isnull=False, pk__in=showed).order_by("pk")


def _each(attempts: QuerySet[Attempt]) -> Iterator[tuple[Attempt, list[Response]]]:
    """Attempts with people and their answers, 200 at a time, without texts, keys and what was shown."""
    wanted = attempts.select_related("person", "membership__partner")
    last = 0
    while chunk := list(wanted.filter(pk__gt=last)[:200]):
        found: dict[int, list[Response]] = {attempt.pk: [] for attempt in chunk}
        rows = Response.objects.filter(attempt__in=chunk).defer("shown", "nonce").order_by("attempt", "position")
        for response in rows:
            found[response.attempt_id].append(response)
        yield from ((attempt, found[attempt.pk]) for attempt in chunk)
        last = chunk[-1].pk


def _outcome(attempt: Attempt) -> Outcome:
    return Outcome(
        points=attempt.points or Decimal(0),
        max_points=attempt.max_points or Decimal(0),
        is_passed=bool(attempt.is_passed),
    )


def _decide(regrade: Regrade, response: Response) -> None:
    """Sets the points of one answer by a regrade; an answer that the key does not fit stays as it was."""
    if fits(regrade, response.item_version):
        decide(regrade, response)
        grade(response)


@transaction.atomic
def order_regrade(
    *,
    assessment: Assessment,
    item: Item,
    action: Regrade.Action,
    key_version: ItemVersion | None = None,
    reason: str,
    by: User,
    at: datetime,
) -> Regrade:
    """Decides on a regrade; the work follows in the background, one exam at a time. Emits RegradeContinued, and writes
    the audit log.

    Raises NotAllowed (permission assessments.regrade), ReasonMissing, NothingToRegrade, RegradeRunning (the unique
    constraint decides between two at once).
    """
    if not by.has_perm("assessments.regrade"):
        raise NotAllowed("You may not change results. Nothing was changed.")
    regrade = _draft(assessment, item, action, key_version)
    regrade.reason = guards.clean_name(reason)[:300]
    if not regrade.reason:
        raise ReasonMissing("Say why the results change. Nothing was changed.")
    regrade.ordered_by, regrade.ordered_at = by, at
    regrade.total = _affected(assessment, item).count()
    if not regrade.total:
        raise NothingToRegrade("No scored attempt at this exam showed the item. Nothing was changed.")
    try:
        with transaction.atomic():
            regrade.save()
    except IntegrityError as error:
        raise RegradeRunning(
            "Another regrade of this exam is at work. Nothing was changed; try again later."
        ) from error
    record_audit(
        action="assessments.order_regrade",
        actor=by,
        at=at,
        target=regrade,
        detail={
            "exam": assessment.slug,
            "item": item.code,
            "action": str(action),
            "version": key_version.number if regrade.key_version and key_version else None,
            "reason": regrade.reason,
            "attempts": regrade.total,
        },
    )
    emit(RegradeContinued(at=at, regrade_id=regrade.public_id, after=0))
    return regrade


@transaction.atomic
def continue_regrade(*, regrade_id: UUID, after: int, at: datetime) -> int:
    """Does the next 50 attempts after the one with the id `after`, and calls for more until none is left.

    A repeat of what was done changes nothing. Locks the exam's tallies, then the attempts, all before the first is
    worked on: what records statements locks more. The last call waits for attempts that are being handed in, and does
    those that could not see the order; it does no others, so that it holds up nobody who sits the exam for long.
    Returns how many it did.
    """
    regrade = Regrade.objects.select_related("assessment", "item", "key_version", "ordered_by").get(
        public_id=regrade_id
    )
    lock_tallies(regrade.assessment)
    regrade.refresh_from_db(fields=["last_attempt", "done", "finished_at"])
    if regrade.finished_at is not None or regrade.last_attempt != after:
        return 0
    affected = _affected(regrade.assessment, regrade.item)
    pks = list(affected.filter(pk__gt=after).values_list("pk", flat=True)[:BATCH])
    is_last = not pks
    wanted = _undecided(regrade) if is_last else pks
    locked = Attempt.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=wanted)
    list(locked.order_by("pk").values_list("pk"))
    ready = list(affected.filter(pk__in=wanted).values_list("pk", flat=True)) if is_last else pks
    decided = [_regrade_attempt(regrade, pk, at) for pk in ready]
    done = sum(decided) if is_last else len(pks)
    regrade.done += done
    regrade.total = max(regrade.total, regrade.done)  # some were handed in beside the order
    regrade.last_attempt = pks[-1] if pks else after
    if is_last:
        regrade.finished_at = at
    else:
        emit(RegradeContinued(at=at, regrade_id=regrade.public_id, after=regrade.last_attempt))
    regrade.save(update_fields=["done", "total", "last_attempt", "finished_at"])
    return done


def _undecided(regrade: Regrade) -> list[int]:
    """Attempts with an answer that the regrade can score and has not: those that run, and those that were being handed
    in when it was ordered. Theirs may have read what was decided before the order was there to be read."""
    fitting = [version.pk for version in regrade.item.versions.all() if fits(regrade, version)]
    earlier = Q(regrade=None) | Q(regrade__ordered_at__lt=regrade.ordered_at)
    found = Response.objects.filter(earlier, attempt__assessment=regrade.assessment, item_version__in=fitting)
    return sorted(set(found.values_list("attempt_id", flat=True)))


def _regrade_attempt(regrade: Regrade, pk: int, at: datetime) -> bool:
    """One attempt: out of the tallies, scored anew, into them again; what changed is kept, recorded and told. False
    where the regrade decides nothing."""
    people = ("assessment", "person", "membership__partner", "membership__persona", "form")
    attempt = Attempt.objects.select_for_update(of=("self",), no_key=True).select_related(*people).get(pk=pk)
    responses = list(
        attempt.responses.select_related("item_version__item", "regrade__key_version").order_by("position")
    )
    if regrade.action == Regrade.Action.DROP and not _leaves_something(regrade, responses):
        return False  # it was handed in beside the order: the keys decide, as for one handed in later
    before, was_counted = _outcome(attempt), hasattr(attempt, "counted")
    if was_counted:
        change_tallies(regrade.assessment, [attempt], at=at, sign=-1)
    decided = [response for response in responses if response.item_version.item_id == regrade.item_id]
    for response in decided:
        _decide(regrade, response)
    Response.objects.bulk_update(decided, ["points", "awaits_marks", "regrade", "is_dropped"])
    if not attempt.is_scored:
        if not any(response.awaits_marks and response.is_counted for response in responses):
            settle_result(attempt, responses, at)  # nothing is left that people have to mark
        return True
    total_up(attempt, responses)
    attempt.save(update_fields=["points", "max_points", "is_passed"])
    if was_counted:
        change_tallies(regrade.assessment, [attempt], at=at)
    after = _outcome(attempt)
    if after != before:
        _keep(regrade, attempt, before, after, at)
    return True


def _leaves_something(regrade: Regrade, responses: list[Response]) -> bool:
    """Whether something would count beside the item, by all that was decided up to now, as `follow_regrades` has it."""
    latest = latest_regrades(regrade.assessment, responses)
    return any(
        not response.is_pilot
        and response.item_version.item_id != regrade.item_id
        and (decision is None or decision.action != Regrade.Action.DROP)
        for response, decision in zip(responses, latest, strict=True)
    )


def _keep(regrade: Regrade, attempt: Attempt, before: Outcome, after: Outcome, at: datetime) -> None:
    """Keeps the change; of a result that nobody was told yet nothing else follows: its release tells the new one."""
    RegradeChange.objects.create(
        regrade=regrade,
        attempt=attempt,
        points_before=before.points,
        max_points_before=before.max_points,
        passed_before=before.is_passed,
        points_after=after.points,
        max_points_after=after.max_points,
        passed_after=after.is_passed,
        changed_at=at,
    )
    if not attempt.is_result_known:
        return
    statement = statements.rescored(attempt, regrade)
    for statement_id in statements.result_statements(attempt):
        xapi.void_statement(statement_id=statement_id, reason=regrade.reason, by=regrade.ordered_by, at=at)
    xapi.record([statement], authority=xapi.platform_authority(), at=at)
    emit(
        AttemptRegraded(
            at=at,
            regrade_id=regrade.public_id,
            attempt_id=attempt.public_id,
            person_id=attempt.person.public_id,
            assessment_id=attempt.assessment.public_id,
            was_passed=before.is_passed,
            is_passed=after.is_passed,
        )
    )
