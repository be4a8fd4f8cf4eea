"""Answers that people mark: two who know nothing of each other, and a third where they differ too much.

Whoever marks takes an answer first, so that nobody reads one for nothing; what he took and left lying goes back after
three days. Nobody marks his own answer, nor one of a person with whom he shares a partner, now or ever.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.safestring import SafeString

from lms.accounts.models import User
from lms.assessments import items
from lms.assessments.errors import BadMarks, MarkGiven, NothingToMark
from lms.assessments.items.written import RubricKey
from lms.assessments.media import addresses_for
from lms.assessments.models import Attempt, CriterionMark, Mark, Response
from lms.assessments.services.attempts import settle_result
from lms.assessments.services.scoring import follow_regrades, points_of
from lms.common.errors import DomainError
from lms.common.guards import check_text
from lms.partners.models import Membership

KEPT_FOR = timedelta(days=3)
MAX_COMMENT = 2000


@dataclass(frozen=True, kw_only=True)
class Given:
    """Points and words for one criterion."""

    criterion: str
    points: Decimal
    comment: str = ""


def answers_for(grader: User, at: datetime) -> QuerySet[Response]:
    """The answers that this person may take now: those where only a decision is missing first, then the oldest.

    Annotated with `given`, how many have marked it. Those he took or marked before are not among them.
    """
    marks = Mark.objects.filter(response=OuterRef("pk"))
    busy = Q(marks__marked_at__isnull=False) | Q(marks__taken_at__gt=at - KEPT_FOR)
    shared = Membership.objects.filter(
        person=OuterRef("attempt__person"), partner__in=Membership.objects.filter(person=grader).values("partner")
    )
    at_own_partner = Membership.objects.filter(person=grader, partner=OuterRef("attempt__membership__partner"))
    found = Response.objects.filter(
        ~Exists(marks.filter(grader=grader)), ~Exists(shared), ~Exists(at_own_partner), awaits_marks=True
    ).exclude(attempt__person=grader)
    counted = found.annotate(
        given=Count("marks", filter=Q(marks__marked_at__isnull=False)), busy=Count("marks", filter=busy)
    )
    free = counted.filter(Q(busy__lt=Mark.SECOND) | Q(given=Mark.SECOND, busy=F("given")))
    return free.order_by("is_pilot", "-given", "attempt__submitted_at", "pk")


def take_answer(*, grader: User, at: datetime, assessment_id: int | None = None) -> Mark:
    """Takes the next answer to mark, or returns the one he has in hand: two clicks take one.

    Locks the answer, passing over those that others take in this moment; when nothing else is left it waits for them,
    for an answer has two places. The database allows a place and a person once per answer. Raises NothingToMark.
    """
    waiting = Mark.objects.taken().filter(grader=grader, response__awaits_marks=True)
    found = answers_for(grader, at)
    if assessment_id is not None:
        waiting = waiting.filter(response__attempt__assessment=assessment_id)
        found = found.filter(attempt__assessment=assessment_id)
    if in_hand := waiting.order_by("taken_at").first():
        return in_hand
    free = list(found.values_list("pk", flat=True)[:20])
    for waits in (False, True):
        for pk in free:
            if mark := _take(pk, grader, at, waits=waits):
                return mark
    raise NothingToMark("Nothing waits for you to be marked.")


@transaction.atomic
def _take(pk: int, grader: User, at: datetime, *, waits: bool) -> Mark | None:
    """The mark of an answer that is still free; None when somebody was quicker."""
    locked = Response.objects.select_for_update(of=("self",), skip_locked=not waits).filter(pk=pk).first()
    if locked is None or not answers_for(grader, at).filter(pk=pk).exists():
        return None
    Mark.objects.taken().filter(response=locked, taken_at__lte=at - KEPT_FOR).delete()
    places = set(Mark.objects.filter(response=locked).values_list("place", flat=True))
    place = next(one for one in (Mark.FIRST, Mark.SECOND, Mark.DECISION) if one not in places)
    try:
        with transaction.atomic():
            return Mark.objects.create(response=locked, place=place, grader=grader, taken_at=at)
    except IntegrityError:
        return None


def give_back(*, mark: Mark) -> bool:
    """Lays an answer back that was taken and not marked. A repeat does nothing and returns False."""
    count, _ = Mark.objects.taken().filter(pk=mark.pk).delete()
    return count == 1


@transaction.atomic
def give_marks(*, mark: Mark, given: Sequence[Given], comment: str, at: datetime) -> Mark:
    """Gives the marks of an answer that was taken, for good; the same again changes nothing.

    When the second is in and the two differ by no more than the exam's tolerance, their average counts; otherwise a
    third person's marks count alone. With the last counted answer of the attempt, its result is settled, once, as of
    any attempt (settle_result): points exactly in Decimal, rounded half up to four decimals per answer. Locks the
    attempt, then the answer. Raises BadMarks, and MarkGiven when other marks were given, or the answer went back.
    """
    attempt_id = Response.objects.values_list("attempt_id", flat=True).get(pk=mark.response_id)
    attempt = (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("assessment", "person", "membership__partner", "membership__persona")
        .get(pk=attempt_id)
    )
    response = Response.objects.select_for_update(of=("self",)).select_related("item_version").get(pk=mark.response_id)
    scores, points = _read(rubric_of(response), given)
    comment = _words(comment)
    stored = Mark.objects.filter(pk=mark.pk).first()
    if stored is None:
        raise MarkGiven("You had this answer for more than three days, and it went back to the others.")
    if stored.marked_at is not None:
        if (stored.scores, stored.comment) != (scores, comment):
            raise MarkGiven("You have marked this answer already. Marks are not changed afterwards.")
        return stored
    stored.marked_at, stored.scores, stored.points, stored.comment = at, scores, points, comment
    stored.save(update_fields=["marked_at", "scores", "points", "comment"])
    _conclude(attempt, response, at)
    return stored


def _conclude(attempt: Attempt, response: Response, at: datetime) -> None:
    """Sets the points of an answer that is marked to the end, and settles the attempt with its last one, by what was
    decided on items while it waited."""
    marks = list(Mark.objects.filter(response=response).given().order_by("place"))
    points = decided(rubric_of(response), marks, attempt.loaded_rules.mark_tolerance, response.max_points)
    if points is None or not response.awaits_marks:
        return
    response.points, response.awaits_marks = points, False
    response.save(update_fields=["points", "awaits_marks"])
    if attempt.is_scored or attempt.responses.filter(awaits_marks=True, is_pilot=False).exists():
        return
    responses = list(attempt.responses.select_related("item_version__item").order_by("position"))
    follow_regrades(attempt.assessment, responses)
    for one in responses:
        if one.regrade is not None and not one.is_dropped and not one.awaits_marks:
            one.points = points_of(one)
    Response.objects.bulk_update(responses, ["points", "regrade", "is_dropped"])
    settle_result(attempt, responses, at)


def decided(rubric: RubricKey, marks: Sequence[Mark], tolerance: int, max_points: Decimal) -> Decimal | None:
    """The points of an answer from its given marks in order of place; None while somebody has to mark it. Pure.

    `tolerance` is in percent of the rubric's points, and a difference of exactly that is within it.
    """
    counted = counting(rubric, marks, tolerance)
    if not counted:
        return None
    total = sum((mark.points or Decimal(0) for mark in counted), Decimal(0))
    return min((total * max_points / (rubric.most * len(counted))).quantize(items.POINT, ROUND_HALF_UP), max_points)


def counting(rubric: RubricKey, marks: Sequence[Mark], tolerance: int) -> list[Mark]:
    """The marks that make the points: the third person's, or the two that agree; none while they do not. Pure."""
    decision = [mark for mark in marks if mark.is_decision]
    if decision or len(marks) < Mark.SECOND:
        return decision
    first, second = (mark.points or Decimal(0) for mark in marks)
    return list(marks) if abs(first - second) * 100 <= rubric.most * tolerance else []


def rubric_of(response: Response) -> RubricKey:
    """The rubric of the version that was shown. Needs `item_version` selected."""
    key = response.item_version.loaded_key
    assert isinstance(key, RubricKey)  # noqa: S101  only such answers wait for marks
    return key


def _read(rubric: RubricKey, given: Iterable[Given]) -> tuple[list[CriterionMark], Decimal]:
    """What is stored, in the rubric's order, and the sum. Raises BadMarks unless each criterion has one level."""
    by_name = {one.criterion: one for one in given}
    scores: list[CriterionMark] = []
    total = Decimal(0)
    for criterion in rubric.criteria:
        one = by_name.pop(criterion.id, None)
        if one is None or one.points not in [level.points for level in criterion.levels]:
            raise BadMarks("Choose a level for each criterion. Nothing was saved.")
        scores.append({"criterion": criterion.id, "points": f"{one.points:f}", "comment": _words(one.comment)})
        total += one.points
    if by_name:
        raise BadMarks("These marks name a criterion that the rubric does not have. Nothing was saved.")
    return scores, total


def _words(text: str) -> str:
    try:
        words = check_text(text).replace("\r\n", "\n").strip()
    except DomainError as error:
        raise BadMarks("A comment holds signs that are no text. Nothing was saved.") from error
    if len(words) > MAX_COMMENT:
        raise BadMarks(f"A comment has at most {MAX_COMMENT} characters. Nothing was saved.")
    return words


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What a candidate is told of one criterion: the points that counted, and the words of those who marked."""

    html: SafeString
    points: Decimal
    most: Decimal
    comments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a candidate is told of one answer."""

    remarks: tuple[Remark, ...] = ()
    comments: tuple[str, ...] = ()


def feedback_on(attempt: Attempt) -> dict[int, Feedback]:
    """By response, what those whose marks counted said of an attempt's answers; not who they are. Two queries."""
    by_response: dict[int, list[Mark]] = defaultdict(list)
    given = Mark.objects.given().filter(response__attempt=attempt, response__points__isnull=False)
    for mark in given.order_by("place"):
        by_response[mark.response_id].append(mark)
    responses = attempt.responses.filter(pk__in=by_response).select_related("item_version")
    tolerance = attempt.loaded_rules.mark_tolerance
    address = addresses_for(attempt.person_id)
    return {one.pk: _feedback(rubric_of(one), by_response[one.pk], tolerance, address) for one in responses}


def _feedback(rubric: RubricKey, marks: Sequence[Mark], tolerance: int, address: Callable[[str], str]) -> Feedback:
    counted = counting(rubric, marks, tolerance)
    told = [{score["criterion"]: score for score in mark.scores} for mark in counted]
    remarks = []
    for criterion in rubric.criteria:
        own = [scores[criterion.id] for scores in told]
        points = sum((Decimal(score["points"]) for score in own), Decimal(0)) / len(own)
        comments = tuple(score["comment"] for score in own if score["comment"])
        html = items.safe_html(criterion.text, address)
        remarks.append(Remark(html=html, points=points, most=criterion.most, comments=comments))
    return Feedback(remarks=tuple(remarks), comments=tuple(mark.comment for mark in counted if mark.comment))
