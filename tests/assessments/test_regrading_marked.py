"""Regrading beside people who mark: no key counts for what they mark, and nothing that is decided waits for them."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.errors import NothingToRegrade
from lms.assessments.models import Assessment, Attempt, Item, Regrade, Response
from lms.events.services import drain
from tests.assessments.factories import vendor
from tests.assessments.marking import essay, grader, handed_in, mark_by, marked_exam, waiting
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
REKEY, DROP, CREDIT = Regrade.Action.REKEY, Regrade.Action.DROP, Regrade.Action.CREDIT


@pytest.fixture
def exam() -> Assessment:
    return marked_exam()


@pytest.fixture
def written(exam: Assessment) -> Item:
    return Item.objects.get(versions__type="essay")


def order(exam: Assessment, item: Item, at: datetime, action: str) -> Regrade:
    by: User = vendor("Portal managers")
    made = services.order_regrade(assessment=exam, item=item, action=action, reason="It was unclear", by=by, at=at)
    drain()
    return made


def test_no_key_counts_for_what_people_mark(exam: Assessment, written: Item, now: datetime) -> None:
    handed_in(exam, MembershipFactory(), now)
    version = written.versions.get()
    with pytest.raises(NothingToRegrade, match="People mark this question"):
        services.plan_regrade(assessment=exam, item=written, action=REKEY, key_version=version)
    # One that was ordered before this was refused does no harm: the answer goes to people.
    by = vendor("Portal managers")
    Regrade.objects.create(
        assessment=exam, item=written, action=REKEY, key_version=version, reason="A test", ordered_by=by,
        ordered_at=now, total=0, finished_at=now,
    )  # fmt: skip
    attempt = handed_in(exam, MembershipFactory(), now + timedelta(hours=1))
    assert (waiting(attempt).awaits_marks, waiting(attempt).points) == (True, None)


@pytest.mark.parametrize(("action", "of"), [(DROP, (1, 1)), (CREDIT, (4, 4))])
def test_what_waits_for_marks_is_settled_when_nobody_has_to_mark_it(
    exam: Assessment, written: Item, now: datetime, action: str, of: tuple[int, int]
) -> None:
    attempt = handed_in(exam, MembershipFactory(), now)
    assert services.plan_regrade(assessment=exam, item=written, action=action).changes == ()
    order(exam, written, now, action)
    attempt.refresh_from_db()
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (*of, True)
    assert not waiting(attempt).awaits_marks
    assert services.rebuild_tallies(check=True, at=now).differences == []
    later = handed_in(exam, MembershipFactory(), now + timedelta(hours=1))
    assert (later.points, later.max_points) == of


def test_an_attempt_of_dropped_questions_only_is_scored_by_their_keys(
    exam: Assessment, written: Item, now: datetime
) -> None:
    choice = Item.objects.get(versions__type="choice")
    by = vendor("Portal managers")
    for item in (choice, written):
        Regrade.objects.create(
            assessment=exam, item=item, action=DROP, reason="A test", ordered_by=by, ordered_at=now, total=1,
            finished_at=now,
        )  # fmt: skip
    attempt = handed_in(exam, MembershipFactory(), now)
    assert waiting(attempt).awaits_marks
    for number in (1, 2):
        mark_by(grader(f"g{number}"), 2, 8, now)
    attempt.refresh_from_db()
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (4, 4, True)


def test_a_trial_answer_marked_late_stays_out_of_the_sums(now: datetime) -> None:
    exam = marked_exam(essay(worth=Decimal(3)))
    attempt = handed_in(exam, MembershipFactory(), now)
    response = waiting(attempt)
    Response.objects.filter(pk=response.pk).update(is_pilot=True)
    choice = Item.objects.get(versions__type="choice")
    order(exam, choice, now, CREDIT)  # settles it: only the trial answer waits
    drain()
    assert Attempt.objects.get().points == 1
    for number in (1, 2):
        mark_by(grader(f"g{number}"), 2, 8, now)
    assert waiting(attempt).points == 3
    order(exam, choice, now + timedelta(hours=1), CREDIT)
    assert services.rebuild_tallies(check=True, at=now).differences == []


def test_a_result_held_while_the_others_were_released_is_told(now: datetime) -> None:
    """The hand-in read the exam before the release was stored, the release listed attempts before the hand-in was."""
    exam = marked_exam(is_result_held=True)
    attempt = handed_in(exam, MembershipFactory(), now)
    for number in (1, 2):
        mark_by(grader(f"g{number}"), 2, 8, now)
    Assessment.objects.filter(pk=exam.pk).update(results_released_at=now + timedelta(seconds=1))
    drain()
    attempt.refresh_from_db()
    assert (attempt.is_passed, attempt.is_result_known) == (True, True)
