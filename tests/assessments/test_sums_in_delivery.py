"""Sums and regrades beside what happens to attempts: held results, breaks, grace, items on trial, attempts that run."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import uuid4

import pytest
from django.core import mail

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.models import (
    Accommodation,
    Assessment,
    Attempt,
    ExamTally,
    Item,
    ItemTally,
    PreparedForm,
    Regrade,
    RegradeChange,
    Response,
)
from lms.assessments.services.scoring import total_up
from lms.events.services import drain
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.assessments.factories import answer_all, choice, make_bank, make_exam, save, start, vendor
from tests.assessments.test_regrading import REKEY, order, points, rekeyed, sit, verbs
from tests.factories import MembershipFactory

MINUTE = timedelta(minutes=1)


@pytest.fixture
def manager(db: None) -> User:
    return vendor("Portal managers")


@pytest.fixture
def item(exam: Assessment) -> Item:
    return Item.objects.get(code="item-1")


def results_of(attempt: Attempt) -> list[Statement]:
    return list(Statement.objects.filter(registration=attempt.registration, verb_key__in=verbs()).order_by("pk"))


def test_a_held_result_is_counted_when_it_is_handed_in_and_only_then(
    exam: Assessment, manager: User, now: datetime
) -> None:
    """Statistics are to find bad items before results are released; nobody else is told."""
    Assessment.objects.update(is_result_held=True)
    exam.refresh_from_db()
    attempt = sit(exam, now, 3)
    drain()
    assert (ExamTally.objects.get().n, results_of(attempt)) == (1, [])
    services.release_results(assessment=exam, by=manager, at=now)
    drain()
    assert (ExamTally.objects.get().n, len(results_of(attempt))) == (1, 1)
    assert services.rebuild_tallies(check=True, at=now).differences == []


def test_a_held_result_that_is_marked_again_is_told_once_as_it_is_in_the_end(
    exam: Assessment, item: Item, manager: User, now: datetime
) -> None:
    Assessment.objects.update(is_result_held=True, cut_score=Decimal(100))
    exam.refresh_from_db()
    attempt = sit(exam, now, 4, first="Wrong")
    order(exam, item, manager, now, action=REKEY, key_version=rekeyed(item, now))
    assert (points(attempt)[2], RegradeChange.objects.count()) == (True, 1)
    assert (results_of(attempt), mail.outbox) == ([], [])
    services.release_results(assessment=exam, by=manager, at=now)
    drain()
    (told,) = results_of(attempt)
    assert (told.voided_by, told.verb_key) == (None, verbs()[0])
    assert mail.outbox == []


def test_an_attempt_that_ran_while_an_item_was_marked_again_is_scored_as_decided(
    exam: Assessment, item: Item, manager: User, now: datetime
) -> None:
    """The new version does not reach it, the decision does: nobody is left with the wrong key."""
    sit(exam, now, 4)
    running = start(exam, MembershipFactory(), now)
    answer_all(running, now, 4)
    made = order(exam, item, manager, now, action=REKEY, key_version=rekeyed(item, now))
    services.submit_attempt(attempt=running, at=now + MINUTE)
    assert points(running)[:2] == (3, 4)
    assert running.responses.get(regrade=made).item_version.number == 1
    order(exam, item, manager, now + MINUTE, action=Regrade.Action.DROP)
    late = start(exam, MembershipFactory(), now)
    answer_all(late, now, 4)
    services.submit_attempt(attempt=late, at=now + MINUTE)
    assert points(late)[:2] == (3, 3)
    drain()
    assert services.rebuild_tallies(check=True, at=now).differences == []


def test_an_answer_without_points_yet_leaves_the_attempt_without_any() -> None:
    attempt = Attempt(cut_score=Decimal(50), minimums={})
    one = Response(points=Decimal(1), max_points=Decimal(1), section="All")
    waiting = Response(points=None, max_points=Decimal(4), section="All")
    total_up(attempt, [one, waiting])
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (None, None, None)
    waiting.is_pilot = True
    total_up(attempt, [one, waiting])
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (1, 1, True)


def timed(exam: Assessment) -> dict[str, tuple[int, int]]:
    """By item: answers, and those whose time is known."""
    rows = ItemTally.objects.filter(assessment=exam).select_related("item_version__item")
    return {row.item_version.item.code: (row.n, row.loaded.timed) for row in rows}


def code_at(attempt: Attempt, position: int) -> str:
    return attempt.responses.select_related("item_version__item").get(position=position).item_version.item.code


def test_a_break_is_no_time_on_an_item(exam: Assessment, member: Membership, manager: User, now: datetime) -> None:
    grant = Accommodation(person=member.person, break_minutes=10)
    services.grant_accommodation(accommodation=grant, by=manager, at=now)
    attempt = start(exam, member, now)
    save(attempt, 1, None, now + MINUTE)
    services.start_break(attempt=attempt, at=now + 2 * MINUTE)
    services.end_break(attempt=attempt, at=now + 9 * MINUTE)
    attempt.refresh_from_db()
    save(attempt, 2, None, now + 10 * MINUTE)
    save(attempt, 3, None, now + 11 * MINUTE)
    services.submit_attempt(attempt=attempt, at=now + 12 * MINUTE)
    drain()
    found = timed(exam)
    assert [found[code_at(attempt, place)] for place in (1, 2, 3, 4)] == [(1, 1), (1, 0), (1, 1), (1, 0)]


def test_an_answer_taken_in_the_grace_counts_without_a_time(member: Membership, now: datetime) -> None:
    exam = make_exam(grace_seconds=60)
    attempt = start(exam, member, now)
    save(attempt, 1, None, attempt.deadline_at - MINUTE)
    late = attempt.deadline_at + timedelta(seconds=30)
    services.save_response(attempt=attempt, position=2, answer=None, version=1, nonce=uuid4(), at=late, is_queued=True)
    services.close_overdue(attempt.deadline_at + timedelta(minutes=2))
    drain()
    found = timed(exam)
    assert [found[code_at(attempt, place)] for place in (1, 2)] == [(1, 1), (1, 0)]
    assert services.rebuild_tallies(check=True, at=now).differences == []


def test_items_on_trial_count_for_themselves_and_for_nothing_else(member: Membership, now: datetime) -> None:
    exam = make_exam()
    bank = exam.sections.get().bank
    version = services.add_item_version(bank=bank, code="trial", by=None, at=now, **choice(77))
    author = vendor("Channel marketing")
    services.ask_for_review(version=version, by=author, at=now)
    services.approve_version(version=version, by=vendor("Content reviewers"), at=now, as_pilot=True)
    exam.sections.update(pilots=1)
    attempt = start(exam, member, now)
    answer_all(attempt, now)
    services.submit_attempt(attempt=attempt, at=now + MINUTE)
    drain()
    trial = ItemTally.objects.get(is_pilot=True)
    assert (trial.item_version, trial.n, trial.loaded.w) == (version, 1, 0)
    assert (ExamTally.objects.get().loaded.items, ItemTally.objects.filter(is_pilot=False).count()) == (4, 4)
    shown = services.exam_statistics(exam).items[-1]
    assert (shown.is_pilot, shown.trial) == (True, "On trial: 1 of 50 answers. Too few to judge it by.")


def test_forms_drawn_ahead_take_turns_among_linear_forms_and_keep_the_points(now: datetime, db: None) -> None:
    author = vendor("Channel marketing")
    exam = make_exam(make_bank([choice(number) for number in range(1, 9)]), draw=4, prepared_forms=4, opened_at=now)
    exam.sections.update(points=Decimal("2.5"))
    for form in services.build_forms(assessment=exam, count=2, by=author, at=now):
        services.use_form(form=form, by=author, at=now)
    services.prepare_forms(assessment=exam, at=now, rng=Random(1))
    assert sorted(PreparedForm.objects.values_list("form__number", flat=True)) == [1, 1, 2, 2]
    attempt = start(exam, MembershipFactory(), now)
    taken = PreparedForm.objects.get(taken_at__isnull=False)
    assert (attempt.form, set(attempt.responses.values_list("max_points", flat=True))) == (taken.form, {Decimal("2.5")})


def test_taking_a_form_into_use_drops_what_was_drawn_ahead(now: datetime, db: None) -> None:
    """Else whoever comes first would still get other items."""
    author = vendor("Channel marketing")
    exam = make_exam(make_bank([choice(number) for number in range(1, 9)]), draw=4, prepared_forms=2, opened_at=now)
    services.prepare_forms(assessment=exam, at=now, rng=Random(1))
    (form,) = services.build_forms(assessment=exam, count=1, by=author, at=now)
    services.use_form(form=form, by=author, at=now)
    assert PreparedForm.objects.count() == 0
    services.prepare_forms(assessment=exam, at=now, rng=Random(1))
    services.withdraw_form(form=form, by=author, at=now)
    assert PreparedForm.objects.count() == 0
