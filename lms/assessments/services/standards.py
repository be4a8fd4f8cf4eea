"""Cut scores set by a panel: ratings recorded, what they come to, and the decision."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.errors import NotAllowed, RatingsRefused, WrongState
from lms.assessments.models import AngoffRating, Assessment, ItemVersion, StandardSetting
from lms.assessments.statistics.angoff import Cut, Rating, cut
from lms.common import guards
from lms.common.tables import Bounds, read_table

BOUNDS = Bounds(max_bytes=2_000_000, max_rows=20_000)
COLUMNS = ("judge", "round", "item", "percent")
MOST_ROUNDS = 9


@dataclass(frozen=True, kw_only=True)
class RatingRow:
    """One rating as it was handed in."""

    judge: str
    round: int
    item: str
    percent: Decimal


def read_ratings(text: str) -> list[RatingRow]:
    """Rows of a CSV with the columns judge, round, item, percent. Raises RatingsRefused with the line that is wrong."""
    try:
        rows = read_table(text.encode("utf-8", "surrogatepass"), BOUNDS).named(*COLUMNS)
    except guards.UnsafeInput as error:
        raise RatingsRefused(f"{error.message} Nothing was stored.") from error
    return [_row(row, line) for line, row in rows]


def _row(row: dict[str, str], line: int) -> RatingRow:
    judge, item, number = guards.clean_name(row["judge"]), guards.clean_name(row["item"]), row["round"]
    try:
        percent = Decimal(row["percent"])
    except InvalidOperation:
        percent = Decimal(-1)
    is_round = number.isascii() and number.isdigit() and 1 <= int(number[:3]) <= MOST_ROUNDS
    if not judge or len(judge) > 150 or not is_round or not (percent.is_finite() and 0 <= percent <= 100):
        raise RatingsRefused(
            f"Line {line} is no rating: a judge, a round from 1 to {MOST_ROUNDS}, an item, and a percent up to 100. "
            "Nothing was stored."
        )
    return RatingRow(judge=judge, round=int(number), item=item, percent=percent.quantize(Decimal("0.01")))


@transaction.atomic
def record_standard(
    *, assessment: Assessment, held_on: date, definition: str, ratings: Iterable[RatingRow], by: User, at: datetime
) -> StandardSetting:
    """Keeps what a panel rated. The exam's cut score does not change by it.

    Ratings go to the live version of each item, by its code. Raises NotAllowed (permission assessments.set_standard),
    RatingsRefused for an item that the exam does not draw and for a judge who rated one twice in a round.
    """
    _require(by)
    live = ItemVersion.objects.live().filter(item__bank__drawn_by__assessment=assessment, item__retired_at=None)
    versions = {version.item.code: version for version in live.select_related("item").order_by("number")}
    setting = StandardSetting.objects.create(
        assessment=assessment, held_on=held_on, definition=definition.strip(), recorded_at=at, recorded_by=by
    )
    seen: set[tuple[str, int, str]] = set()
    rows = []
    for rating in ratings:
        name = (rating.judge, rating.round, rating.item)
        if rating.item not in versions:
            raise RatingsRefused(f"The exam has no live item “{rating.item}”. Nothing was stored.")
        if name in seen:
            raise RatingsRefused(f"{rating.judge} rated “{rating.item}” twice in round {rating.round}.")
        seen.add(name)
        rows.append(
            AngoffRating(
                setting=setting,
                judge=rating.judge,
                round=rating.round,
                item_version=versions[rating.item],
                percent=rating.percent,
            )
        )
    AngoffRating.objects.bulk_create(rows)
    return setting


def _require(by: User) -> None:
    if not by.has_perm("assessments.set_standard"):
        raise NotAllowed("You may not set cut scores. Nothing was changed.")


def cuts(setting: StandardSetting) -> list[tuple[int, Cut]]:
    """What each round came to, in order. One query."""
    by_round: dict[int, list[Rating]] = {}
    for row in setting.ratings.select_related("item_version__item").order_by("round", "judge", "pk"):
        rating = Rating(judge=row.judge, item=row.item_version.item.code, percent=float(row.percent))
        by_round.setdefault(row.round, []).append(rating)
    return [(number, cut(rows)) for number, rows in by_round.items()]


@transaction.atomic
def adopt_standard(
    *, setting: StandardSetting, by: User, at: datetime, cut_score: Decimal | None = None, reason: str = ""
) -> StandardSetting:
    """Makes the last round's result the exam's cut score, or another one with a reason (the panel's cut less its
    standard error, say). Attempts keep the cut they began under.

    Raises NotAllowed, WrongState when it is adopted already or nobody rated, RatingsRefused for another cut without a
    reason or outside 0 to 100. A conditional update makes two clicks one decision. Writes the audit log.
    """
    _require(by)
    rounds = cuts(setting)
    if not rounds:
        raise WrongState("Nobody has rated anything. Nothing was changed.")
    panel = Decimal(str(rounds[-1][1].percent)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    chosen = panel if cut_score is None else cut_score.quantize(Decimal("0.01"), ROUND_HALF_UP)
    reason = guards.clean_name(reason)[:300]
    if not 0 < chosen <= 100 or (chosen != panel and not reason):
        raise RatingsRefused("Another cut than the panel's lies above 0 and up to 100, and needs a reason.")
    changed = StandardSetting.objects.filter(pk=setting.pk, adopted_at=None).update(
        cut_score=chosen, adopted_at=at, adopted_by=by, reason=reason
    )
    if changed != 1:
        raise WrongState("This panel's result is the cut score already.")
    Assessment.objects.filter(pk=setting.assessment_id).update(cut_score=chosen)
    record_audit(
        action="assessments.adopt_standard",
        actor=by,
        at=at,
        target=setting.assessment,
        detail={"cut": str(chosen), "panel": str(panel), "judges": len(rounds[-1][1].by_judge), "reason": reason},
    )
    setting.refresh_from_db()
    return setting
