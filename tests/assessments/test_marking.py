"""Answers that people mark: two who know nothing of each other, a third where they differ, one result."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from lms.assessments import items, services
from lms.assessments.errors import AttemptOver, BadMarks, MarkGiven, NothingToMark, ResultHeld
from lms.assessments.items.written import RubricKey
from lms.assessments.models import Assessment, Attempt, Mark, Response
from lms.assessments.services.marking import decided
from lms.assessments.services.responses import write_answer
from lms.events import services as events
from lms.events.models import Message
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.assessments.factories import add, make_bank, make_exam, save, start
from tests.assessments.marking import essay, give, grader, handed_in, mark_by, marked_exam, waiting
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody waits for results, and does nothing."""
    monkeypatch.setitem(events._handlers, "assessments.AttemptScored", {"nobody": print})


@pytest.fixture
def exam() -> Assessment:
    """A choice for one point and an essay for three; its rubric has ten points; 70% pass."""
    return marked_exam()


@pytest.fixture
def attempt(exam: Assessment, member: Membership, now: datetime) -> Attempt:
    return handed_in(exam, member, now)


def scored_events() -> int:
    return Message.objects.filter(type="assessments.AttemptScored").count()


def test_an_attempt_waits_for_marks_and_tells_nothing(attempt: Attempt, now: datetime) -> None:
    assert (attempt.points, attempt.is_passed, attempt.is_scored, attempt.is_result_known) == (None, None, False, False)
    assert attempt.submitted_at == attempt.marking_asked_at == now
    assert waiting(attempt).awaits_marks
    assert attempt.responses.get(item_version__type="choice").points == 1
    assert scored_events() == 0
    state = services.state_for(attempt.assessment, attempt.person, now)
    assert (state.state, state.attempt) == (services.State.MARKING, attempt)


def test_handing_in_again_changes_nothing(attempt: Attempt, now: datetime) -> None:
    again = services.submit_attempt(attempt=attempt, at=now + timedelta(hours=1))
    assert (again.submitted_at, again.points) == (now, None)
    assert services.close_overdue(now + timedelta(days=9)) == 0


def test_no_attempt_begins_while_marks_are_missing(attempt: Attempt, member: Membership, now: datetime) -> None:
    with pytest.raises(ResultHeld, match="waits for marks"):
        start(attempt.assessment, member, now + timedelta(days=9))


def test_an_essay_that_was_not_written_waits_for_nobody(exam: Assessment, member: Membership, now: datetime) -> None:
    attempt = services.submit_attempt(attempt=start(exam, member, now), at=now)
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (0, 4, False)


def test_nothing_is_saved_after_handing_in(attempt: Attempt, now: datetime) -> None:
    with pytest.raises(AttemptOver):
        save(attempt, waiting(attempt).position, "More.", now, version=2)
    row = Response.objects.select_related("item_version").get(pk=waiting(attempt).pk)
    told = services.Save(answer="More.", version=3, nonce=row.attempt.registration)
    with pytest.raises(AttemptOver):  # a save that had asked whether it may before the exam was handed in
        write_answer(response=row, answer="More.", save=told, at=now, is_late=False)
    assert waiting(attempt).answer == "Because.\n\nSo it is."


def test_two_marks_within_the_tolerance_are_averaged_and_settle_the_result(attempt: Attempt, now: datetime) -> None:
    later = now + timedelta(days=1)
    mark_by(grader(), 2, 8, later)
    assert not Attempt.objects.get().is_scored
    mark_by(grader(), 1, 8, later)  # one of ten points apart: 10%
    settled = Attempt.objects.get()
    assert (settled.points, settled.max_points, settled.is_passed) == (Decimal("3.85"), 4, True)
    assert (waiting(settled).points, waiting(settled).awaits_marks) == (Decimal("2.85"), False)
    assert settled.is_result_known
    assert scored_events() == 1
    verbs = [json.loads(body)["verb"]["id"] for body in Statement.objects.order_by("pk").values_list("body", flat=True)]
    assert sorted(verb.rpartition("/")[2] for verb in verbs) == ["answered", "answered", "attempted", "passed"]
    assert services.state_for(settled.assessment, settled.person, later).state == services.State.PASSED


def test_what_was_written_stays_out_of_the_statements(attempt: Attempt, now: datetime) -> None:
    mark_by(grader(), 2, 8, now)
    mark_by(grader(), 2, 8, now)
    assert not any("Because" in str(statement.body) for statement in Statement.objects.all())


def test_a_third_person_decides_beyond_the_tolerance(attempt: Attempt, now: datetime) -> None:
    first, second, third = grader(), grader(), grader()
    mark_by(first, 2, 8, now)
    mark_by(second, 0, 8, now)  # two of ten apart
    assert not Attempt.objects.get().is_scored
    for one in (first, second):
        with pytest.raises(NothingToMark):
            services.take_answer(grader=one, at=now)
    mark = services.take_answer(grader=third, at=now)
    assert mark.is_decision
    give(mark, 0, 4, now)
    settled = Attempt.objects.get()
    assert (settled.points, settled.is_passed) == (Decimal("2.2"), False)
    assert scored_events() == 1


def test_marks_given_again_change_nothing(attempt: Attempt, now: datetime) -> None:
    mark = mark_by(grader(), 2, 8, now)
    assert give(mark, 2, 8, now + timedelta(hours=1)).marked_at == now
    last = mark_by(grader(), 2, 8, now)
    give(last, 2, 8, now + timedelta(hours=1))
    assert scored_events() == 1
    with pytest.raises(MarkGiven):
        give(mark, 1, 8, now)
    assert Mark.objects.get(pk=mark.pk).points == 10


def test_an_answer_is_taken_by_two_and_no_more(attempt: Attempt, now: datetime) -> None:
    first = grader()
    mark = services.take_answer(grader=first, at=now)
    assert services.take_answer(grader=first, at=now) == mark  # two clicks
    assert services.take_answer(grader=grader(), at=now).place == 2
    with pytest.raises(NothingToMark):
        services.take_answer(grader=grader(), at=now)


def test_what_was_taken_and_left_goes_to_others_after_three_days(attempt: Attempt, now: datetime) -> None:
    lazy, other, third = grader(), grader(), grader()
    left = services.take_answer(grader=lazy, at=now)
    services.take_answer(grader=other, at=now + timedelta(days=2))
    later = now + timedelta(days=3)
    assert services.take_answer(grader=third, at=later).place == left.place
    with pytest.raises(MarkGiven, match="went back"):
        give(left, 2, 8, later)


def test_an_answer_is_laid_back_once(attempt: Attempt, now: datetime) -> None:
    mark = services.take_answer(grader=grader(), at=now)
    assert services.give_back(mark=mark) is True
    assert services.give_back(mark=mark) is False
    given = mark_by(grader(), 2, 8, now)
    assert services.give_back(mark=given) is False


def test_nobody_marks_for_his_own_partner_or_himself(attempt: Attempt, member: Membership, now: datetime) -> None:
    colleague, former, own = grader(), grader(), member.person
    MembershipFactory(partner=member.partner, person=colleague)
    MembershipFactory(partner=member.partner, person=former, ends_on=now.date())
    own.groups.add(*former.groups.all())
    for person in (colleague, former, own):
        with pytest.raises(NothingToMark):
            services.take_answer(grader=person, at=now)


def test_nobody_marks_for_a_person_he_shares_another_partner_with(
    attempt: Attempt, member: Membership, now: datetime
) -> None:
    person, elsewhere = grader(), MembershipFactory(person=member.person)
    MembershipFactory(partner=elsewhere.partner, person=person)
    with pytest.raises(NothingToMark):
        services.take_answer(grader=person, at=now)


@pytest.mark.parametrize(
    ("points", "extra", "comment"),
    [((2, 7), (), ""), ((2,), (), ""), ((2, 8), ("other",), ""), ((2, 8), (), "x" * 2001), ((2, 8), (), "a\0b")],
)
def test_marks_must_fit_the_rubric(
    attempt: Attempt, now: datetime, points: tuple[int, ...], extra: tuple[str, ...], comment: str
) -> None:
    mark = services.take_answer(grader=grader(), at=now)
    names = [one.id for one in services.rubric_of(waiting(attempt)).criteria]
    told = [
        services.Given(criterion=name, points=Decimal(value)) for name, value in zip(names, points, strict=False)
    ] + [services.Given(criterion=name, points=Decimal(1)) for name in extra]
    with pytest.raises(BadMarks):
        services.give_marks(mark=mark, given=told, comment=comment, at=now)
    assert Mark.objects.get().marked_at is None


def test_a_held_result_is_told_when_it_is_released(member: Membership, now: datetime) -> None:
    exam = marked_exam(is_result_held=True)
    attempt = handed_in(exam, member, now)
    mark_by(grader(), 2, 8, now)
    mark_by(grader(), 2, 8, now)
    settled = Attempt.objects.get()
    assert (settled.is_scored, settled.is_result_known, scored_events()) == (True, False, 0)
    assert services.release_results(assessment=exam, by=grader(), at=now) == 1
    assert services.release_result(attempt_id=attempt.public_id, at=now)
    assert scored_events() == 1


def test_results_released_before_the_marks_are_told_with_the_last_mark(member: Membership, now: datetime) -> None:
    exam = marked_exam(is_result_held=True)
    handed_in(exam, member, now)
    assert services.release_results(assessment=exam, by=grader(), at=now) == 0
    exam.refresh_from_db()
    mark_by(grader(), 2, 8, now)
    mark_by(grader(), 2, 8, now)
    assert scored_events() == 1


def test_an_essay_on_trial_holds_up_nobody(member: Membership, now: datetime) -> None:
    bank = make_bank()
    version = add(bank, essay(), code="trial")
    type(version).objects.filter(pk=version.pk).update(is_pilot=True)
    exam = make_exam(bank, draw=4)
    exam.sections.update(pilots=1)
    attempt = start(exam, member, now)
    save(attempt, waiting(attempt).position, "Because.", now)
    settled = services.submit_attempt(attempt=attempt, at=now)
    assert (settled.points, settled.max_points) == (0, 4)
    mark_by(grader(), 2, 8, now)
    mark_by(grader(), 2, 8, now)
    assert waiting(attempt).points == 1
    assert (Attempt.objects.get().points, scored_events()) == (0, 1)


def test_feedback_is_of_the_marks_that_counted(attempt: Attempt, now: datetime) -> None:
    mark_by(grader(), 2, 8, now, each="good", comment="Well done")
    mark_by(grader(), 1, 8, now, each="fair")
    told = services.feedback_on(Attempt.objects.get())[waiting(attempt).pk]
    assert [(str(one.html), one.points, one.most, one.comments) for one in told.remarks] == [
        ("Names the risk", Decimal("1.5"), 2, ("good", "fair")),
        ("Says what to do", Decimal(8), 8, ("good", "fair")),
    ]
    assert told.comments == ("Well done",)


def test_feedback_after_a_decision_is_the_decision(attempt: Attempt, now: datetime) -> None:
    mark_by(grader(), 2, 8, now, comment="too kind")
    mark_by(grader(), 0, 0, now, comment="too hard")
    assert services.feedback_on(Attempt.objects.get()) == {}
    mark_by(grader(), 1, 4, now, comment="fair")
    assert services.feedback_on(Attempt.objects.get())[waiting(attempt).pk].comments == ("fair",)


def test_the_database_refuses_a_third_blind_mark_and_a_second_of_one_person(attempt: Attempt, now: datetime) -> None:
    mark = services.take_answer(grader=grader(), at=now)
    for place, person in ((4, grader()), (1, grader()), (2, mark.grader)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Mark.objects.create(response=mark.response, place=place, grader=person, taken_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Mark.objects.filter(pk=mark.pk).update(points=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        Response.objects.filter(pk=mark.response_id).update(points=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(marking_asked_at=None)


def test_the_queue_takes_decisions_first_and_an_exam_when_asked(member: Membership, now: datetime) -> None:
    exams = [marked_exam(), marked_exam(), marked_exam()]
    attempts = [handed_in(exam, member, now + timedelta(minutes=n)) for n, exam in enumerate(exams)]
    for points in (8, 0):
        give(services.take_answer(grader=grader(), at=now, assessment_id=exams[1].pk), 2, points, now)
    third = grader()
    order = [response.attempt_id for response in services.answers_for(third, now)]
    assert order == [attempts[1].pk, attempts[0].pk, attempts[2].pk]
    taken = services.take_answer(grader=third, at=now, assessment_id=exams[2].pk)
    assert taken.response.attempt_id == attempts[2].pk


def mark_of(points: Decimal, place: int) -> Mark:
    return Mark(points=points, place=place)


@given(
    first=st.decimals(0, 10, places=2),
    second=st.decimals(0, 10, places=2),
    tolerance=st.integers(0, 100),
    worth=st.decimals("0.01", 50, places=2),
)
def test_points_lie_between_both_marks_and_nowhere_else(
    first: Decimal, second: Decimal, tolerance: int, worth: Decimal
) -> None:
    content, key = items.validated("essay", *[essay()[part] for part in ("content", "key")])  # type: ignore[literal-required]
    _, rubric = items.load("essay", content, key)
    assert isinstance(rubric, RubricKey)
    points = decided(rubric, [mark_of(first, 1), mark_of(second, 2)], tolerance, worth)
    assert (points is not None) == (abs(first - second) * 10 <= tolerance)
    if points is not None:
        step = Decimal("0.00005")
        assert min(first, second) * worth / 10 - step <= points <= max(first, second) * worth / 10 + step
        assert 0 <= points <= worth
