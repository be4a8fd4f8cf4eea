"""Keeping the sums of items and exams equal to what the scored attempts say."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from lms.assessments.items import MARKED
from lms.assessments.models import Assessment, Attempt, AttemptEvent, CountedAttempt, ExamTally, ItemTally, Response
from lms.assessments.statistics.sums import ExamSums, ItemSums
from lms.assessments.statistics.tally import Scored, Sitting, contributions

BATCH, RECENT = 100, timedelta(minutes=15)
_ITEM_KEY = ("item_version_id", "form", "month", "is_first", "is_pilot")
_EXAM_KEY = ("form", "month", "is_first")
Key = tuple[Any, ...]


@dataclass
class Sums:
    """Tallies of one exam in memory, by their keys."""

    items: dict[Key, ItemSums] = field(default_factory=dict)
    exams: dict[Key, ExamSums] = field(default_factory=dict)

    def add(self, attempt: Attempt, made: Sitting, sign: int = 1) -> None:
        """Counts a scored attempt, or takes it away with sign -1."""
        total, percent, number, answers = contributions(made)
        key = (attempt.form_number, month_of(attempt), attempt.number == 1)
        exam = self.exams.setdefault(key, ExamSums(by_percent={}))
        exam.add(total, percent, number, is_passed=bool(attempt.is_passed), sign=sign)
        for scored, answered in answers:
            sums = self.items.setdefault((scored.item, *key, scored.is_pilot), ItemSums(by_percent={}, options={}))
            sums.add(answered, sign)


def month_of(attempt: Attempt) -> date:
    assert attempt.submitted_at is not None  # noqa: S101  narrows the type: only scored attempts are counted
    return attempt.submitted_at.astimezone(UTC).date().replace(day=1)


def sittings(attempts: Collection[Attempt]) -> dict[int, Sitting]:
    """Scored attempts as the statistics take them, by primary key. Two queries."""
    answers, breaks = answers_of(attempts), defaultdict[int, list[datetime]](list)
    begun = AttemptEvent.objects.filter(attempt__in=answers, kind=AttemptEvent.Kind.BREAK_STARTED)
    for pk, at in begun.order_by("number").values_list("attempt", "at"):
        breaks[pk].append(at)
    return {attempt.pk: _sitting(attempt, answers[attempt.pk], breaks[attempt.pk]) for attempt in attempts}


def _sitting(attempt: Attempt, responses: Iterable[Response], breaks: list[datetime]) -> Sitting:
    """When an answer that waited for a connection was given is not known: its time is left out. An answer whose item
    counts for nobody, or that has no points yet, is none."""
    answers = [
        Scored(
            item=response.item_version_id,
            type=response.item_version.type,
            answer=response.answer,
            points=response.points,
            max_points=response.max_points,
            is_pilot=response.is_pilot,
            saved_at=None if response.is_late else response.saved_at,
        )
        for response in responses
        if response.points is not None and not response.is_dropped and not _is_marked_trial(response)
    ]
    return Sitting(started_at=attempt.started_at, is_passed=bool(attempt.is_passed), answers=answers, breaks=breaks)


def _is_marked_trial(response: Response) -> bool:
    """People may mark a trial answer long after its attempt was counted: such answers are left out, always."""
    return response.is_pilot and response.item_version.type in MARKED


def answers_of(attempts: Iterable[Attempt]) -> dict[int, list[Response]]:
    """The responses of attempts, by attempt, in order; without what was shown, keys and texts. One query."""
    found: dict[int, list[Response]] = {attempt.pk: [] for attempt in attempts}
    rows = Response.objects.filter(attempt__in=found).select_related("item_version").order_by("attempt", "position")
    for response in rows.defer("shown", "item_version__content", "item_version__key"):
        found[response.attempt_id].append(response)
    return found


def lock_tallies(assessment: Assessment) -> None:
    """Who changes the tallies of an exam waits here for whoever does; candidates do not."""
    Assessment.objects.select_for_update(no_key=True).only("pk").get(pk=assessment.pk)


@transaction.atomic
def count_attempt(*, attempt_id: UUID, at: datetime) -> int:
    """Counts a scored attempt (public id) in the tallies, and with it up to 99 others handed in lately; each once.

    Of many handlers that wait for the lock, the first does the others' work. Returns how many it counted.
    """
    attempt = Attempt.objects.select_related("assessment").get(public_id=attempt_id)
    lock_tallies(attempt.assessment)
    lately = Q(pk=attempt.pk) | Q(submitted_at__gte=at - RECENT)
    scored = Attempt.objects.scored().select_related("form").filter(lately, counted=None)
    open_ = scored.filter(assessment=attempt.assessment)
    if not open_.filter(pk=attempt.pk).exists():
        return 0
    rest = open_.exclude(pk=attempt.pk).order_by("submitted_at", "pk")[: BATCH - 1]
    return len(change_tallies(attempt.assessment, [open_.get(pk=attempt.pk), *rest], at=at))


def change_tallies(
    assessment: Assessment, attempts: list[Attempt], *, at: datetime, sign: int = 1
) -> list[CountedAttempt]:
    """Adds attempts to the tallies, or with sign -1 takes them away as they are stored now. Call it in a transaction
    that holds the lock. Five queries, and three that write."""
    sums, made = Sums(), sittings(attempts)
    for attempt in attempts:
        sums.add(attempt, made[attempt.pk], sign)
    merge_in(assessment, sums)
    if sign < 0:
        CountedAttempt.objects.filter(attempt__in=attempts).delete()
        return []
    return CountedAttempt.objects.bulk_create(CountedAttempt(attempt=attempt, counted_at=at) for attempt in attempts)


def merge_in(assessment: Assessment, sums: Sums) -> None:
    """Adds sums to those stored."""
    months = {key[1] for key in sums.exams}
    versions = {key[0] for key in sums.items}
    stored = stored_sums(assessment, Q(month__in=months), Q(month__in=months, item_version__in=versions))
    for key, item in sums.items.items():
        stored.items.setdefault(key, ItemSums(by_percent={}, options={})).merge(item)
    for key, exam in sums.exams.items():
        stored.exams.setdefault(key, ExamSums(by_percent={})).merge(exam)
    store(
        assessment,
        Sums(
            items={key: stored.items[key] for key in sums.items}, exams={key: stored.exams[key] for key in sums.exams}
        ),
    )


def stored_sums(assessment: Assessment, exams: Q | None = None, items: Q | None = None) -> Sums:
    """The tallies of an exam, all or some. Two queries."""
    of_items = ItemTally.objects.filter(items or Q(), assessment=assessment)
    of_exams = ExamTally.objects.filter(exams or Q(), assessment=assessment)
    return Sums(
        items={tuple(getattr(row, name) for name in _ITEM_KEY): row.loaded for row in of_items},
        exams={tuple(getattr(row, name) for name in _EXAM_KEY): row.loaded for row in of_exams},
    )


def store(assessment: Assessment, sums: Sums) -> None:
    """Writes tallies over those with the same key."""
    ItemTally.objects.bulk_create(
        (
            ItemTally(assessment=assessment, **dict(zip(_ITEM_KEY, key, strict=True)), n=one.n, sums=one.as_json())
            for key, one in sums.items.items()
        ),
        update_conflicts=True,
        unique_fields=["assessment", *(name.removesuffix("_id") for name in _ITEM_KEY)],
        update_fields=["n", "sums"],
    )
    ExamTally.objects.bulk_create(
        (
            ExamTally(assessment=assessment, **dict(zip(_EXAM_KEY, key, strict=True)), n=one.n, sums=one.as_json())
            for key, one in sums.exams.items()
        ),
        update_conflicts=True,
        unique_fields=["assessment", *_EXAM_KEY],
        update_fields=["n", "sums"],
    )


@dataclass(frozen=True, kw_only=True)
class TallyDifference:
    """Sums that are not what the attempts say."""

    assessment: str
    what: str
    stored: int
    rebuilt: int

    def __str__(self) -> str:
        return f"{self.assessment}: {self.what}: {self.stored} answers counted, {self.rebuilt} there; the sums differ"


@dataclass(frozen=True, kw_only=True)
class TallyRebuild:
    attempts: int
    differences: list[TallyDifference]


def rebuild_tallies(
    *, check: bool, at: datetime, on_progress: Callable[[int, int], None] | None = None
) -> TallyRebuild:
    """Compares every exam's tallies with its scored attempts; unless `check`, sets right what differs.

    One exam in one transaction under its lock; reads 500 attempts at a time. With `check`, an attempt that is handed in
    and whose delivery is still on its way shows as a difference.
    """
    total = Attempt.objects.scored().count()
    done, differences = 0, list[TallyDifference]()
    for assessment in Assessment.objects.order_by("pk"):
        with transaction.atomic():
            lock_tallies(assessment)
            rebuilt, attempts = Sums(), list[int]()
            for chunk in _chunks(assessment):
                made = sittings(chunk)
                for attempt in chunk:
                    rebuilt.add(attempt, made[attempt.pk])
                    attempts.append(attempt.pk)
                done += len(chunk)
                if on_progress is not None:
                    on_progress(done, total)
            found = _differences(assessment, stored_sums(assessment), rebuilt)
            if not check:
                _set_right(assessment, rebuilt, attempts, at, is_different=bool(found))
            differences += found
    return TallyRebuild(attempts=done, differences=differences)


def _chunks(assessment: Assessment) -> Iterator[list[Attempt]]:
    last = 0
    scored = Attempt.objects.scored().select_related("form").filter(assessment=assessment)
    while chunk := list(scored.filter(pk__gt=last).order_by("pk")[:500]):
        yield chunk
        last = chunk[-1].pk


def _differences(assessment: Assessment, stored: Sums, rebuilt: Sums) -> list[TallyDifference]:
    found = []

    def compare(what: str, before: ItemSums | ExamSums | None, after: ItemSums | ExamSums | None) -> None:
        counts = [0 if sums is None else sums.n for sums in (before, after)]
        if before != after and any(counts):
            found.append(TallyDifference(assessment=str(assessment), what=what, stored=counts[0], rebuilt=counts[1]))

    for key in sorted(stored.items.keys() | rebuilt.items.keys()):
        compare(f"item version {key[0]}, {key[2]:%Y-%m}", stored.items.get(key), rebuilt.items.get(key))
    for key in sorted(stored.exams.keys() | rebuilt.exams.keys()):
        compare(f"all attempts, {key[1]:%Y-%m}", stored.exams.get(key), rebuilt.exams.get(key))
    return found


def _set_right(assessment: Assessment, rebuilt: Sums, attempts: list[int], at: datetime, *, is_different: bool) -> None:
    if is_different:
        ItemTally.objects.filter(assessment=assessment).delete()
        ExamTally.objects.filter(assessment=assessment).delete()
        store(assessment, rebuilt)
    counted = set(CountedAttempt.objects.filter(attempt__assessment=assessment).values_list("attempt_id", flat=True))
    CountedAttempt.objects.bulk_create(
        CountedAttempt(attempt_id=pk, counted_at=at) for pk in attempts if pk not in counted
    )
