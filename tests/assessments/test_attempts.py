"""Starting, submitting and closing attempts."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from lms.assessments import services
from lms.assessments.errors import (
    AlreadyPassed,
    AttemptOver,
    ExamNotOpen,
    ExamNotReady,
    MustWait,
    NoAttemptLeft,
    NotForYou,
)
from lms.assessments.models import Assessment, Attempt, Item
from lms.assessments.services import State
from lms.assessments.services.scoring import is_pass
from lms.events.models import Message
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.assessments.factories import add, answer_all, choice, make_bank, make_exam, save, start, token
from tests.factories import PersonaFactory

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def submitted(exam: Assessment, member: Membership, at: datetime, right: int = 0) -> Attempt:
    attempt = start(exam, member, at)
    answer_all(attempt, at, right)
    return services.submit_attempt(attempt=attempt, at=at)


def test_start_freezes_settings_and_items(exam: Assessment, member: Membership, now: datetime) -> None:
    attempt = start(exam, member, now)
    assert (attempt.number, attempt.cut_score, attempt.membership) == (1, Decimal(70), member)
    assert attempt.deadline_at == now + HOUR
    assert attempt.responses.count() == 4
    exam.time_limit_minutes, exam.cut_score = 5, Decimal(10)
    exam.save(update_fields=["time_limit_minutes", "cut_score"])
    attempt.refresh_from_db()
    assert (attempt.deadline_at, attempt.cut_score) == (now + HOUR, Decimal(70))


def test_start_twice_returns_the_open_attempt(exam: Assessment, member: Membership, now: datetime) -> None:
    first = start(exam, member, now)
    assert start(exam, member, now + timedelta(seconds=1)) == first
    assert first.responses.count() == 4
    assert Statement.objects.filter(registration=first.registration).count() == 1


def test_names_are_readable(attempt: Attempt) -> None:
    assert str(attempt) == f"{attempt.person}: Engineer exam #1"
    assert str(attempt.responses.first()) == f"{attempt.pk}/1"
    assert str(attempt.assessment.sections.get()) == "All"


def test_nobody_sees_an_exam_without_signing_in(exam: Assessment) -> None:
    assert list(Assessment.objects.visible_to(AnonymousUser())) == []
    assert list(Attempt.objects.visible_to(AnonymousUser())) == []
    assert AnonymousUser().has_perm("assessments.import_items") is False


def test_start_draws_each_item_once_over_sections(member: Membership, now: datetime) -> None:
    bank = make_bank([choice(number) for number in range(1, 7)])
    exam = make_exam(bank, draw=3)
    exam.sections.create(position=2, title="More", bank=bank, draw=3)
    versions = start(exam, member, now).responses.values_list("item_version", flat=True)
    assert len(set(versions)) == 6


def test_start_draws_by_topic_and_skips_retired_items(member: Membership, now: datetime) -> None:
    bank = make_bank([choice(number) for number in range(1, 4)], topic="Sizing")
    add(bank, choice(9), code="other", topic="Other")
    retired = Item.objects.get(code="item-1")
    assert services.retire_item(item=retired, at=now) is True
    assert services.retire_item(item=retired, at=now) is False
    exam = make_exam(bank, draw=2)
    exam.sections.update(topic="Sizing")
    drawn = start(exam, member, now).responses.values_list("item_version__item__code", flat=True)
    assert set(drawn) == {"item-2", "item-3"}


def test_start_takes_the_newest_version(member: Membership, now: datetime) -> None:
    bank = make_bank([choice(1)])
    newest = add(bank, choice(2), code="item-1")
    assert start(make_exam(bank), member, now).responses.get().item_version == newest


def test_start_refuses_an_exam_with_too_few_items(member: Membership, now: datetime) -> None:
    exam = make_exam(draw=5)
    with pytest.raises(ExamNotReady, match="“All” has too few questions"):
        start(exam, member, now)
    assert not Attempt.objects.exists()


def test_start_refuses_an_exam_without_sections(member: Membership, now: datetime) -> None:
    exam = make_exam()
    exam.sections.all().delete()
    with pytest.raises(ExamNotReady, match="no questions yet"):
        start(exam, member, now)


def test_start_refuses_other_personas(exam: Assessment, member: Membership, now: datetime) -> None:
    exam.personas.add(PersonaFactory(slug="engineer"))
    with pytest.raises(NotForYou):
        start(exam, member, now)
    with pytest.raises(NotForYou):
        services.start_attempt(assessment=exam, person=member.person, membership=None, at=now)
    exam.personas.add(member.persona)
    assert start(exam, member, now).number == 1


def test_start_refuses_before_opening_and_after_closing(exam: Assessment, member: Membership, now: datetime) -> None:
    for opened, closed in ((None, None), (now + HOUR, None), (now - HOUR, now)):
        exam.opened_at, exam.closed_at = opened, closed
        exam.save(update_fields=["opened_at", "closed_at"])
        assert services.state_for(exam, member.person, now).state == State.CLOSED
        assert not Assessment.objects.open(now).exists()
        with pytest.raises(ExamNotOpen):
            start(exam, member, now)
    exam.opened_at, exam.closed_at = now, now + HOUR
    exam.save(update_fields=["opened_at", "closed_at"])
    assert Assessment.objects.open(now).get() == exam
    assert start(exam, member, now).number == 1


def test_start_waits_to_the_second(exam: Assessment, member: Membership, now: datetime) -> None:
    """EXAM-17: one decision at the exact second, from the facts in the database."""
    submitted(exam, member, now)
    with pytest.raises(MustWait) as refusal:
        start(exam, member, now + DAY - timedelta(microseconds=1))
    assert refusal.value.until == now + DAY
    assert services.state_for(exam, member.person, now).until == now + DAY
    assert start(exam, member, now + DAY).number == 2


def test_start_waits_also_when_the_clock_is_set_back(exam: Assessment, member: Membership, now: datetime) -> None:
    """EXAM-17: a clock moved back by somebody opens nothing."""
    submitted(exam, member, now)
    with pytest.raises(MustWait):
        start(exam, member, now - DAY * 2)


def test_start_refuses_when_attempts_are_used_up(exam: Assessment, member: Membership, now: datetime) -> None:
    """EXAM-07: the pool cannot be harvested by starting again and again."""
    submitted(exam, member, now)
    submitted(exam, member, now + DAY)
    with pytest.raises(NoAttemptLeft):
        start(exam, member, now + DAY * 9)
    assert services.state_for(exam, member.person, now + DAY * 9).attempts_left == 0
    assert services.state_for(exam, member.person, now + DAY * 9).state == State.EXHAUSTED


def test_start_refuses_after_passing(exam: Assessment, member: Membership, now: datetime) -> None:
    passed = submitted(exam, member, now, right=4)
    with pytest.raises(AlreadyPassed):
        start(exam, member, now + DAY)
    state = services.state_for(exam, member.person, now)
    assert (state.state, state.attempt, state.attempts_left) == (State.PASSED, passed, 1)


def test_start_scores_an_overdue_attempt_first_and_keeps_its_score(
    exam: Assessment, member: Membership, now: datetime
) -> None:
    attempt = start(exam, member, now)
    answer_all(attempt, now)
    with pytest.raises(AlreadyPassed):
        start(exam, member, now + DAY)
    attempt.refresh_from_db()
    assert (attempt.is_passed, attempt.submitted_at, attempt.submitted_by) == (True, now + HOUR, "deadline")


def test_states_are_read_in_one_query(member: Membership, now: datetime, django_assert_num_queries) -> None:
    for count in (1, 3):
        exams = [make_exam() for _ in range(count)]
        for one in exams:
            start(one, member, now)
        with django_assert_num_queries(1):
            states = services.states_for(exams, member.person, now)
        assert [states[one.pk].state for one in exams] == [State.OPEN] * count


def test_submit_scores_in_decimal_and_records(attempt: Attempt, now: datetime) -> None:
    answer_all(attempt, now, right=3)
    done = services.submit_attempt(attempt=attempt, at=now + HOUR / 2)
    assert (done.points, done.max_points, done.is_passed, done.percent) == (Decimal(3), Decimal(4), True, 75)
    assert (done.submitted_at, done.submitted_by) == (now + HOUR / 2, "candidate")
    verbs = Statement.objects.filter(registration=attempt.registration).values_list("body", flat=True)
    assert [body.count('/answered"') for body in verbs].count(1) == 4
    assert sum('/passed"' in body for body in verbs) == 1
    assert sum('/attempted"' in body for body in verbs) == 1


def test_submit_twice_scores_once(attempt: Attempt, now: datetime) -> None:
    """EXAM-33: delivered twice, scored once."""
    answer_all(attempt, now, right=1)
    first = services.submit_attempt(attempt=attempt, at=now)
    statements = Statement.objects.count()
    again = services.submit_attempt(attempt=attempt, at=now + HOUR)
    assert (again.submitted_at, again.points) == (first.submitted_at, first.points)
    assert Statement.objects.count() == statements


def test_submit_emits_the_score(attempt: Attempt, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    from lms.events import services as events

    monkeypatch.setitem(events._handlers, "assessments.AttemptScored", {"nobody": print})
    services.submit_attempt(attempt=attempt, at=now)
    payload = Message.objects.get(type="assessments.AttemptScored").payload
    assert payload["attempt_id"] == str(attempt.public_id)
    assert payload["is_passed"] is False
    assert Statement.objects.filter(statement_id=payload["statement_id"]).count() == 1


def test_submit_after_the_deadline_counts_as_at_the_deadline(attempt: Attempt, now: datetime) -> None:
    """EXAM-10."""
    answer_all(attempt, now + HOUR)
    done = services.submit_attempt(attempt=attempt, at=now + DAY)
    assert (done.submitted_at, done.submitted_by, done.is_passed) == (now + HOUR, "deadline", True)


def test_submit_keeps_the_frozen_copy(attempt: Attempt, now: datetime) -> None:
    """EXAM-23, PRIV-05: an author who edits the question changes nothing for a running attempt."""
    answer_all(attempt, now)
    for response in attempt.responses.select_related("item_version__item__bank"):
        item = response.item_version.item
        changed = choice(99)
        changed["key"]["weights"] = dict(
            zip(changed["key"]["weights"], reversed(changed["key"]["weights"].values()), strict=True)
        )
        assert add(item.bank, changed, code=item.code).number == 2
        services.retire_item(item=item, at=now)
    assert services.submit_attempt(attempt=attempt, at=now).is_passed is True


def test_submit_finishes_when_exam_and_membership_end(attempt: Attempt, now: datetime) -> None:
    """EXAM-21, EXAM-22: the attempt stays with the partner and the rules with which it began."""
    answer_all(attempt, now)
    Membership.objects.update(ends_on=now.date())
    Assessment.objects.update(closed_at=now, cut_score=Decimal(100), attempts_allowed=1)
    done = services.submit_attempt(attempt=attempt, at=now + HOUR / 2)
    assert (done.is_passed, done.membership_id) == (True, attempt.membership_id)


@pytest.mark.parametrize(
    ("points", "cut", "passes"),
    [("69.995", "70", False), ("70", "70", True), ("69.9999", "70", False), ("66.6667", "66.66", True)],
)
def test_pass_is_decided_exactly(points: str, cut: str, passes: bool) -> None:
    """EXAM-31: nothing is rounded before the comparison."""
    assert is_pass(Decimal(points), Decimal(100), Decimal(cut)) is passes


def test_percent_is_rounded_down() -> None:
    """EXAM-31: 69.995 of 100 is shown as 69%, never as the 70% that would pass."""
    scored = Attempt(points=Decimal("69.995"), max_points=Decimal("100.0000"))
    assert (scored.percent, scored.figure) == (69, "69.99 of 100 points")
    assert (Attempt().percent, Attempt().figure) == (None, "")


def test_section_results_add_up(member: Membership, now: datetime, django_assert_num_queries) -> None:
    exam = make_exam(make_bank(), draw=4)
    exam.sections.create(position=2, title="Second", bank=make_bank(), draw=2)
    attempt = start(exam, member, now)
    answer_all(attempt, now, right=5)
    services.submit_attempt(attempt=attempt, at=now)
    with django_assert_num_queries(1):
        results = services.section_results(attempt)
    assert [(one.title, one.percent, one.figure) for one in results] == [
        ("All", 100, "4 of 4 points"),
        ("Second", 50, "1 of 2 points"),
    ]


def test_close_overdue_scores_what_was_saved(attempt: Attempt, other: Membership, now: datetime) -> None:
    answer_all(attempt, now)
    running = start(attempt.assessment, other, now + timedelta(seconds=1))
    assert services.close_overdue(now + HOUR) == 0
    assert services.close_overdue(now + HOUR + timedelta(microseconds=1)) == 1
    assert services.close_overdue(now + HOUR + timedelta(microseconds=1)) == 0
    attempt.refresh_from_db()
    running.refresh_from_db()
    assert (attempt.is_passed, attempt.submitted_at, running.submitted_at) == (True, now + HOUR, None)


def test_close_overdue_goes_on_after_one_that_fails(
    attempt: Attempt, other: Membership, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    second = start(attempt.assessment, other, now + HOUR / 2)
    broken = attempt.responses.get(position=1).item_version
    broken.key = {}
    broken.save(update_fields=["key"])
    second.responses.filter(item_version=broken).update(item_version=attempt.responses.get(position=2).item_version)
    assert services.close_overdue(now + DAY) == 1
    assert str(attempt.public_id) in caplog.text
    assert Attempt.objects.open().get() == attempt


def test_overdue_task_uses_the_clock(attempt: Attempt, now: datetime) -> None:
    from lms.assessments.tasks import close_overdue_attempts

    Attempt.objects.update(started_at=now - DAY, deadline_at=now - DAY + HOUR)
    assert close_overdue_attempts() == 1


def test_database_refuses_a_second_open_attempt(attempt: Attempt, now: datetime) -> None:
    copy = Attempt.objects.get(pk=attempt.pk)
    copy.pk, copy.number = None, 2
    copy.public_id, copy.registration = uuid4(), uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_database_refuses_a_score_above_the_maximum(attempt: Attempt) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt.responses.update(points=Decimal(2))


def test_database_refuses_a_submission_after_the_deadline(attempt: Attempt, now: datetime) -> None:
    done = services.submit_attempt(attempt=attempt, at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.filter(pk=done.pk).update(submitted_at=now + DAY)


def test_tokens_and_order_differ_between_attempts(
    exam: Assessment, member: Membership, other: Membership, now: datetime
) -> None:
    """EXAM-05: nothing about a token or its place tells whether it is right."""
    tokens: set[str] = set()
    places = set()
    for seed, one in enumerate((member, other)):
        for response in start(exam, one, now, seed=seed).responses.select_related("item_version"):
            shown = response.loaded_shown
            assert not tokens & set(shown.order)
            assert not set(shown.order) & set(shown.tokens.values())
            tokens.update(shown.order)
            places.add(shown.order.index(token(response, "Right")))
    assert places == {0, 1, 2}


def test_save_in_a_closed_attempt_changes_nothing(attempt: Attempt, now: datetime) -> None:
    services.submit_attempt(attempt=attempt, at=now)
    with pytest.raises(AttemptOver):
        save(attempt, 1, None, now)


def test_passed_exam_is_sat_again_only_when_it_may_be_renewed(
    exam: Assessment, member: Membership, now: datetime
) -> None:
    exam.renewable_after_days = 270
    exam.save(update_fields=["renewable_after_days"])
    first = submitted(exam, member, now, right=4)
    assert first.is_passed
    with pytest.raises(AlreadyPassed):
        start(exam, member, now + timedelta(days=269))
    again = start(exam, member, now + timedelta(days=271))
    assert again.number == 2
    state = services.state_for(exam, member.person, now + timedelta(days=271))
    assert (state.state, state.attempts_left) == ("open", exam.attempts_allowed - 1)


def test_passed_exam_that_is_not_renewable_is_never_sat_again(
    exam: Assessment, member: Membership, now: datetime
) -> None:
    submitted(exam, member, now, right=4)
    with pytest.raises(AlreadyPassed):
        start(exam, member, now + timedelta(days=5000))
