"""What the sums say about an exam and its items: read from the tallies, never from the attempts."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.errors import NotAllowed, ReasonMissing
from lms.assessments.items.named import option_names, right_options
from lms.assessments.models import (
    Assessment,
    Attempt,
    Calibration,
    ExamTally,
    ItemDifficulty,
    ItemFlag,
    ItemTally,
    ItemVersion,
    Response,
)
from lms.assessments.statistics import estimates
from lms.assessments.statistics.figures import ItemFigures, OptionFigures, figures
from lms.assessments.statistics.flags import Flag, flags, trial_words
from lms.assessments.statistics.rasch import calibrate
from lms.assessments.statistics.reliability import ExamFigures, exam_figures
from lms.assessments.statistics.sums import OMITTED, PARTLY, RIGHT, WRONG, ExamSums, ItemSums, merged, merged_exams
from lms.common import guards

CALIBRATED = 5000  # the newest first attempts that difficulties are estimated from


@dataclass(frozen=True, kw_only=True)
class Month:
    """One month in the history of an item version."""

    month: date
    figures: ItemFigures


@dataclass(frozen=True, kw_only=True)
class ItemStatistics:
    """One item version in one exam. `key` are the options that earn points, `names` all options in words."""

    version: ItemVersion
    is_pilot: bool
    sums: ItemSums
    figures: ItemFigures
    flags: tuple[Flag, ...]
    key: frozenset[str]
    names: dict[str, str]
    months: tuple[Month, ...]
    exposure: float | None
    difficulty: ItemDifficulty | None

    @property
    def trial(self) -> str:
        """What to do with it while it is on trial; empty for one that is scored."""
        return trial_words(self.figures, self.flags) if self.is_pilot else ""

    @property
    def options(self) -> list[tuple[OptionFigures, str, bool]]:
        """The distractor table with words and whether each earns points."""
        words = {OMITTED: "No answer", RIGHT: "Right", PARTLY: "Partly right", WRONG: "Wrong"} | self.names
        return [
            (row, words.get(row.option, row.option), row.option in self.key or row.option == RIGHT)
            for row in self.figures.options
        ]


@dataclass(frozen=True, kw_only=True)
class ExamStatistics:
    """One exam: all forms together or one of them, from each person's first attempt or from all."""

    assessment: Assessment
    form: int | None
    is_first_only: bool
    sums: ExamSums
    figures: ExamFigures
    items: tuple[ItemStatistics, ...]
    forms: tuple[tuple[int, ExamSums], ...]


def exam_statistics(
    assessment: Assessment, *, form: int | None = None, first_only: bool = True, item_id: int | None = None
) -> ExamStatistics:
    """Everything that is known about an exam, or about one item of it. Five queries; no attempt is read."""
    exams = [tally for tally in ExamTally.objects.filter(assessment=assessment) if tally.n]
    rows = ItemTally.objects.filter(assessment=assessment, n__gt=0)
    items = list(rows.filter(item_version__item=item_id) if item_id else rows)
    counted = [tally for tally in exams if tally.is_first or not first_only]
    by_form: dict[int, list[ExamSums]] = defaultdict(list)
    for tally in counted:
        by_form[tally.form].append(tally.loaded)
    forms = tuple((number, merged_exams(sums)) for number, sums in sorted(by_form.items()))
    whole = merged_exams(sums for number, sums in forms if form in {None, number})
    shown = _item_statistics(
        assessment,
        [tally for tally in items if form in {None, tally.form}],
        first_only=first_only,
        attempts=sum(tally.n for tally in exams),
    )
    scored = [item.sums for item in shown if not item.is_pilot]
    return ExamStatistics(
        assessment=assessment,
        form=form,
        is_first_only=first_only,
        sums=whole,
        figures=exam_figures(whole, scored, float(assessment.cut_score) / 100),
        items=shown,
        forms=forms,
    )


def _item_statistics(
    assessment: Assessment, tallies: list[ItemTally], *, first_only: bool, attempts: int
) -> tuple[ItemStatistics, ...]:
    by_version: dict[tuple[int, bool], list[ItemTally]] = defaultdict(list)
    seen: dict[int, int] = defaultdict(int)
    for tally in tallies:
        seen[tally.item_version_id] += tally.n
        if tally.is_first or not first_only:
            by_version[tally.item_version_id, tally.is_pilot].append(tally)
    versions = ItemVersion.objects.select_related("item").in_bulk({pk for pk, _ in by_version})
    difficulties = _difficulties(assessment)
    limits = [section.max_exposure for section in assessment.sections.all() if section.max_exposure is not None]
    found = []
    for (pk, is_pilot), months in by_version.items():
        exposure = seen[pk] / attempts if attempts else None
        found.append(
            _one(versions[pk], is_pilot, months, exposure, min(limits) / 100 if limits else None, difficulties.get(pk))
        )
    return tuple(sorted(found, key=lambda one: (one.is_pilot, one.version.item.code, one.version.number)))


def _one(
    version: ItemVersion,
    is_pilot: bool,
    tallies: list[ItemTally],
    exposure: float | None,
    max_exposure: float | None,
    difficulty: ItemDifficulty | None,
) -> ItemStatistics:
    by_month: dict[date, list[ItemSums]] = defaultdict(list)
    for tally in tallies:
        by_month[tally.month].append(tally.loaded)
    months = {month: merged(sums) for month, sums in sorted(by_month.items())}
    sums = merged(months.values())
    made = figures(sums)
    key, names = right_options(version.loaded_key), option_names(version.kind, version.loaded_content)
    earlier, later = periods(list(months.values()))
    return ItemStatistics(
        version=version,
        is_pilot=is_pilot,
        sums=sums,
        figures=made,
        flags=tuple(
            flags(
                made,
                key=key,
                names=names,
                earlier=earlier,
                later=later,
                exposure=exposure,
                max_exposure=max_exposure,
            )
        ),
        key=frozenset(key),
        names=names,
        months=tuple(Month(month=month, figures=figures(one)) for month, one in months.items()),
        exposure=exposure,
        difficulty=difficulty,
    )


def periods(months: list[ItemSums]) -> tuple[ItemSums | None, ItemSums | None]:
    """The newest months with enough answers to judge drift by, and all before them. None where there are too few."""
    later = 0
    for count in range(1, len(months)):
        later += months[-count].n
        if later >= estimates.DRIFT:
            return merged(months[:-count]), merged(months[-count:])
    return None, None


def _difficulties(assessment: Assessment) -> dict[int, ItemDifficulty]:
    """Of the newest calibration, by item version."""
    newest = Calibration.objects.filter(assessment=assessment).order_by("-calibrated_at", "-pk").values("pk")[:1]
    return {row.item_version_id: row for row in ItemDifficulty.objects.filter(calibration__in=newest)}


@transaction.atomic
def judge_items(*, assessment: Assessment, at: datetime) -> list[ItemFlag]:
    """Raises the flags that hold now, takes back those that no longer do, and returns the new ones.

    A flag that a person settled is not raised again. Locks the exam's row.
    """
    Assessment.objects.select_for_update(no_key=True).only("pk").get(pk=assessment.pk)
    known = {(flag.item_version_id, flag.kind): flag for flag in ItemFlag.objects.filter(assessment=assessment)}
    standing: set[tuple[int, str]] = set()
    raised = []
    for item in exam_statistics(assessment).items:
        for flag in item.flags:
            name = (item.version.pk, str(flag.kind))
            standing.add(name)
            if _raise(known.get(name), flag, at):
                continue
            if name not in known:
                raised.append(_flag(assessment, item.version, flag, at))
                known[name] = raised[-1]
    gone = [flag.pk for name, flag in known.items() if name not in standing and flag.pk and flag.gone_at is None]
    ItemFlag.objects.filter(pk__in=gone).update(gone_at=at)
    return ItemFlag.objects.bulk_create(raised)


def judge_exams(*, at: datetime) -> int:
    """Judges the items of every exam that has been sat, each in a transaction of its own. Returns how many flags are
    new."""
    sat = Assessment.objects.filter(tallies__isnull=False).distinct().order_by("pk")
    return sum(len(judge_items(assessment=assessment, at=at)) for assessment in sat)


def _raise(flag: ItemFlag | None, found: Flag, at: datetime) -> bool:
    """Brings a known flag up to date. Returns whether there was one to bring."""
    if flag is None or flag.pk is None:
        return False
    if flag.note != found.note or flag.gone_at is not None:
        flag.raised_at = at if flag.gone_at is not None else flag.raised_at
        flag.note, flag.is_urgent, flag.gone_at = found.note, found.is_urgent, None
        flag.save(update_fields=["note", "is_urgent", "gone_at", "raised_at"])
    return True


def _flag(assessment: Assessment, version: ItemVersion, found: Flag, at: datetime) -> ItemFlag:
    return ItemFlag(
        assessment=assessment,
        item_version=version,
        kind=str(found.kind),
        is_urgent=found.is_urgent,
        note=found.note,
        raised_at=at,
    )


@transaction.atomic
def settle_flag(*, flag: ItemFlag, settlement: str, by: User, at: datetime) -> None:
    """A person has looked: says what was done, or why nothing. It leaves the inbox and is not raised again. Twice
    changes nothing. Writes the audit log. Raises NotAllowed (permission assessments.settle_flag), ReasonMissing."""
    if not by.has_perm("assessments.settle_flag"):
        raise NotAllowed("You may not settle this. Nothing was changed.")
    settlement = guards.clean_name(settlement)[:300]
    if not settlement:
        raise ReasonMissing("Say what was done, or why nothing. Nothing was changed.")
    changed = ItemFlag.objects.filter(pk=flag.pk, settled_at=None).update(
        settled_at=at, settled_by=by, settlement=settlement
    )
    if changed:
        record_audit(
            action="assessments.settle_flag",
            actor=by,
            at=at,
            target=flag,
            detail={"item": str(flag.item_version), "kind": flag.kind, "settlement": settlement},
        )


@transaction.atomic
def calibrate_items(*, assessment: Assessment, at: datetime) -> Calibration | None:
    """Estimates Rasch difficulties from the newest 5,000 first attempts; an answer with all its points counts as right.

    Items with fewer than 100 answers get none. Returns None when there is nothing to estimate. For a command or a
    worker: takes seconds to minutes.
    """
    attempts = Attempt.objects.scored().filter(assessment=assessment, number=1)
    newest = list(attempts.order_by("-submitted_at").values_list("pk", flat=True)[:CALIBRATED])
    answers = _right_or_wrong(newest)
    try:
        made = calibrate(answers)
    except ValueError:
        return None
    if not math.isfinite(made.log_likelihood):
        return None
    calibration = Calibration.objects.create(
        assessment=assessment,
        calibrated_at=at,
        attempts=len(answers),
        spread=made.spread,
        log_likelihood=made.log_likelihood,
    )
    ItemDifficulty.objects.bulk_create(
        ItemDifficulty(
            calibration=calibration, item_version_id=cast(int, name), value=found.value, error=found.error, n=found.n
        )
        for name, found in made.difficulties.items()
    )
    return calibration


def _right_or_wrong(attempts: Collection[int]) -> list[dict[int, bool]]:
    """Which scored items each attempt got right, without items that too few answered."""
    by_attempt: dict[int, dict[int, bool]] = defaultdict(dict)
    counts: dict[int, int] = defaultdict(int)
    rows: Iterable[Response] = Response.objects.filter(
        attempt__in=attempts, is_pilot=False, is_dropped=False, points__isnull=False
    ).only("attempt_id", "item_version_id", "points", "max_points")
    for row in rows:
        by_attempt[row.attempt_id][row.item_version_id] = row.points == row.max_points
        counts[row.item_version_id] += 1
    enough = {name for name, count in counts.items() if count >= estimates.RASCH}
    kept = ({name: right for name, right in row.items() if name in enough} for row in by_attempt.values())
    return [answers for answers in kept if answers]


def as_json(made: ExamStatistics) -> dict[str, Any]:
    """The figures as JSON: null where one is not known."""
    figures = made.figures
    names = ("passed", "mean", "deviation", "alpha", "error", "consistency", "kappa", "at_cut")
    of_items = ("facility", "deviation", "discrimination", "upper_lower", "omitted", "seconds")
    return {
        "exam": made.assessment.slug,
        "attempts": figures.n,
        **{name: getattr(figures, name).value for name in names},
        "items": [
            {
                "item": one.version.item.code,
                "version": one.version.number,
                "on_trial": one.is_pilot,
                "answers": one.figures.n,
                **{name: getattr(one.figures, name).value for name in of_items},
                "exposure": one.exposure,
                "rasch": None if one.difficulty is None else one.difficulty.value,
                "flags": [{"kind": str(flag.kind), "note": flag.note} for flag in one.flags],
            }
            for one in made.items
        ],
    }
