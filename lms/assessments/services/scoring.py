"""From answers to points, from points to a result: the same for a first grading and for every later one."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F

from lms.assessments import items
from lms.assessments.models import Assessment, Attempt, ItemLesson, ItemVersion, Regrade, Response, figure

ZERO = Decimal(0)


def points_of(response: Response) -> Decimal:
    """The points of an answer by the key it was shown with, or as a regrade has decided. Needs `item_version` selected,
    and `regrade__key_version` for attempts that were graded before. What people have marked no key changes."""
    regrade, version = response.regrade, response.item_version
    if regrade is not None and regrade.action == Regrade.Action.CREDIT:
        return response.max_points
    if version.kind.is_marked:
        return response.points or ZERO
    if regrade is None or regrade.action == Regrade.Action.DROP:
        return items.score(version.type, version.loaded_key, response.answer, response.max_points)
    assert regrade.key_version is not None  # noqa: S101  what the constraint says
    rekeyed = items.rekey(
        version.type, version.loaded_content, regrade.key_version.loaded_content, regrade.key_version.loaded_key
    )
    if regrade.key_version.type != version.type or rekeyed is None:
        return items.score(version.type, version.loaded_key, response.answer, response.max_points)
    return items.score(version.type, rekeyed.key, rekeyed.translate(response.answer), response.max_points)


def grade(response: Response) -> None:
    """Sets the points by the key or by the regrade that decides; an answer that people mark waits for them instead.
    Nothing given is nought, and what a regrade has decided nobody has to mark. Needs what `points_of` needs."""
    is_for_people = response.item_version.kind.is_marked and response.is_answered
    response.awaits_marks = is_for_people and response.regrade is None
    if response.is_dropped and is_for_people and response.points is None:
        return  # nobody marks it any more, and it counts for nobody
    if not response.awaits_marks:
        response.points = points_of(response)


def follow_regrades(assessment: Assessment, responses: list[Response]) -> None:
    """Has what was decided on items of this exam decide for an attempt that ran meanwhile too. Saves nothing.

    Needs `item_version` selected. One query.
    """
    for response, regrade in zip(responses, latest_regrades(assessment, responses), strict=True):
        if regrade is not None:
            decide(regrade, response)
    if responses and not any(response.is_counted for response in responses):
        for response in responses:  # nobody fails because all that he was asked was dropped: the keys decide
            response.regrade, response.is_dropped = None, False


def latest_regrades(assessment: Assessment, responses: list[Response]) -> list[Regrade | None]:
    """For each answer the newest regrade of its item that can score it. Needs `item_version` selected. One query."""
    decided = Regrade.objects.filter(
        assessment=assessment, item__in={response.item_version.item_id for response in responses}
    )
    newest = list(decided.select_related("key_version").order_by("-ordered_at", "-pk"))
    versions = [response.item_version for response in responses]
    return [
        next((one for one in newest if one.item_id == version.item_id and fits(one, version)), None)
        for version in versions
    ]


def fits(regrade: Regrade, version: ItemVersion) -> bool:
    """Whether a regrade can score answers to this version: another version's key fits when its options do, and none
    fits what people mark."""
    key = regrade.key_version
    if key is not None and version.kind.is_marked:
        return False
    if key is None or key.pk == version.pk:
        return True
    return key.type == version.type and (
        items.rekey(version.type, version.loaded_content, key.loaded_content, key.loaded_key) is not None
    )


def decide(regrade: Regrade, response: Response) -> None:
    """From now on the regrade says what the answer is worth; its points are still as they were."""
    response.regrade = regrade
    response.is_dropped = regrade.action == Regrade.Action.DROP


def total_up(attempt: Attempt, responses: Iterable[Response]) -> None:
    """Sets the attempt's points and whether it is passed, from the points of its responses. Saves nothing.

    While an answer that counts has no points yet, neither has the attempt.
    """
    counted = [response for response in responses if response.is_counted]
    if any(response.points is None for response in counted):
        attempt.points = attempt.max_points = attempt.is_passed = None
        return
    attempt.points = sum((response.points or ZERO for response in counted), ZERO)
    attempt.max_points = sum((response.max_points for response in counted), ZERO)
    attempt.is_passed = is_pass(attempt.points, attempt.max_points, attempt.cut_score) and all(
        is_pass(section.points, section.max_points, Decimal(attempt.minimums[section.title]))
        for section in sections_of(counted)
        if section.title in attempt.minimums
    )


def is_pass(points: Decimal, max_points: Decimal, cut_score: Decimal) -> bool:
    """Whether `points` of `max_points` reach `cut_score` percent: 69.995 is no pass at 70, 70 is; nought of nought is
    none."""
    return max_points > 0 and points * 100 >= cut_score * max_points


@dataclass(frozen=True, kw_only=True)
class SectionResult:
    """Points of one section of a scored attempt; `minimum` is the percent it needs, if any."""

    title: str
    points: Decimal
    max_points: Decimal
    minimum: Decimal | None = None

    @property
    def percent(self) -> int:
        """Whole percent, rounded down."""
        return int(self.points * 100 / self.max_points)

    @property
    def figure(self) -> str:
        return figure(self.points, self.max_points)

    @property
    def is_below_minimum(self) -> bool:
        return self.minimum is not None and not is_pass(self.points, self.max_points, self.minimum)


def sections_of(counted: Iterable[Response], minimums: dict[str, str] | None = None) -> list[SectionResult]:
    """The points by section, in the order of the responses."""
    totals: dict[str, tuple[Decimal, Decimal]] = {}
    for response in counted:
        earned, possible = totals.get(response.section, (ZERO, ZERO))
        totals[response.section] = (earned + (response.points or ZERO), possible + response.max_points)
    return [
        SectionResult(
            title=title,
            points=earned,
            max_points=possible,
            minimum=Decimal(minimums[title]) if minimums and title in minimums else None,
        )
        for title, (earned, possible) in totals.items()
        if possible
    ]


def section_results(attempt: Attempt) -> list[SectionResult]:
    """The result by section, in the order in which the sections were sat. One query."""
    rows = attempt.responses.filter(is_pilot=False, is_dropped=False).order_by("position")
    return sections_of(rows.only("section", "points", "max_points", "attempt"), attempt.minimums)


@dataclass(frozen=True, kw_only=True)
class Review:
    """A lesson that teaches what questions of an attempt asked, and how many of them did not earn all their points."""

    iri: str
    title: str
    missed: int


def lessons_to_review(attempt: Attempt) -> list[Review]:
    """What to read again, the most missed first: by lesson, so nothing tells which question was wrong where a lesson
    teaches several. Empty when everything was right or no item names a lesson. Two queries."""
    missed = attempt.responses.filter(is_pilot=False, is_dropped=False, points__lt=F("max_points"))
    items_ = list(missed.values_list("item_version__item", flat=True))
    found: dict[str, Review] = {}
    for lesson in ItemLesson.objects.filter(item__in=items_).order_by("title", "iri"):
        before = found.get(lesson.iri)
        found[lesson.iri] = Review(
            iri=lesson.iri, title=before.title if before else lesson.title, missed=before.missed + 1 if before else 1
        )
    return sorted(found.values(), key=lambda review: -review.missed)
