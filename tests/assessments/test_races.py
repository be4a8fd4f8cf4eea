"""Races, on PostgreSQL: many requests of one person in the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, transaction

from lms.assessments import services
from lms.assessments.errors import AttemptOver, NewerAnswer, NothingToMark
from lms.assessments.models import Attempt, CountedAttempt, ExamTally, Item, ItemTally, Regrade, Response
from lms.events.models import Message
from lms.xapi.models import Statement
from tests.assessments.factories import answer_all, make_exam, right_answer, save, start, vendor, wrong_answer
from tests.assessments.marking import give, grader, handed_in, marked_exam, waiting
from tests.factories import MembershipFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
THREADS = 8


def together(work: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """Runs `work(0..count-1)` at once, each on a connection of its own; an exception is its result."""
    barrier = Barrier(count)

    def run(number: int) -> Any:
        try:
            barrier.wait(timeout=60)
            return work(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_parallel_starts_with_one_attempt_left_make_one(now: datetime) -> None:
    """EXAM-15, EXAM-17."""
    exam, member = make_exam(attempts_allowed=1), MembershipFactory()
    found = together(lambda number: start(exam, member, now, seed=number))
    attempt = Attempt.objects.get()
    assert found == [attempt] * THREADS
    assert attempt.responses.count() == 4
    assert Statement.objects.filter(registration=attempt.registration).count() == 1


def test_parallel_submits_score_once(now: datetime) -> None:
    """EXAM-33."""
    attempt = start(make_exam(), MembershipFactory(), now)
    answer_all(attempt, now)
    found = together(lambda number: services.submit_attempt(attempt=attempt, at=now + timedelta(seconds=number)))
    assert {one.submitted_at for one in found} == {Attempt.objects.get().submitted_at}
    bodies = list(Statement.objects.filter(registration=attempt.registration).values_list("body", flat=True))
    assert sum("/verbs/passed" in body for body in bodies) == 1
    assert Message.objects.filter(type="assessments.AttemptScored").count() <= 1


def test_parallel_saves_keep_the_newest(now: datetime) -> None:
    """EXAM-18: whatever the order of arrival, the highest version is what is stored."""
    attempt = start(make_exam(), MembershipFactory(), now)
    response = attempt.responses.select_related("item_version").first()
    right, wrong = right_answer(response), wrong_answer(response)
    found = together(
        lambda number: save(attempt, response.position, right if number == 7 else wrong, now, version=number + 1)
    )
    response.refresh_from_db()
    assert response.version == THREADS
    assert response.answer == response.loaded_shown.tokens[right]
    assert all(one.version == THREADS or isinstance(one, NewerAnswer) or one.version <= THREADS for one in found)


def test_saves_while_submitting_are_scored_or_refused(now: datetime) -> None:
    """No answer is stored that was not scored, and none that was acknowledged is lost."""
    for _ in range(5):
        attempt = start(make_exam(attempts_allowed=9, wait_hours=0), MembershipFactory(), now)
        responses = list(attempt.responses.select_related("item_version").order_by("position"))

        def work(number: int, attempt: Attempt = attempt, responses: list = responses) -> Any:
            if number == 0:
                return services.submit_attempt(attempt=attempt, at=now)
            response = responses[number % 4]
            return save(attempt, response.position, right_answer(response), now, version=number)

        found = together(work)
        attempt.refresh_from_db()
        for response in attempt.responses.all():
            assert response.points == (1 if response.is_answered else 0)
        assert all(isinstance(one, AttemptOver | NewerAnswer) or one is not None for one in found)
        acknowledged = {one.position for one in found[1:] if not isinstance(one, Exception)}
        assert acknowledged == {one.position for one in attempt.responses.all() if one.is_answered}
        assert attempt.points == len(acknowledged)


def test_start_while_the_overdue_attempt_is_swept(now: datetime) -> None:
    """The sweep and a new start score the old attempt once, and one new attempt begins."""
    exam, member = make_exam(attempts_allowed=2, wait_hours=0), MembershipFactory()
    start(exam, member, now)
    later = now + timedelta(hours=2)
    together(lambda number: services.close_overdue(later) if number % 2 else start(exam, member, later, seed=number))
    assert list(Attempt.objects.order_by("number").values_list("number", "submitted_by")) == [(1, "deadline"), (2, "")]


def test_attempts_counted_together_are_all_in_the_sums(now: datetime) -> None:
    """Handlers read, add and write the same rows: without the lock on the exam, answers would be lost."""
    exam = make_exam()
    attempts = []
    for seed in range(THREADS):
        attempt = start(exam, MembershipFactory(), now, seed=seed)
        answer_all(attempt, now, seed % 5)
        attempts.append(services.submit_attempt(attempt=attempt, at=now))
    CountedAttempt.objects.all().delete()
    ItemTally.objects.all().delete()
    ExamTally.objects.all().delete()
    ids = [attempt.public_id for attempt in attempts]
    counted = together(lambda number: services.count_attempt(attempt_id=ids[number], at=now))
    assert sum(counted) == THREADS
    assert services.rebuild_tallies(check=True, at=now).differences == []


def test_an_attempt_handed_in_beside_the_order_of_a_regrade_is_regraded_too(now: datetime) -> None:
    """It read what was decided before the order was there to be read, and the order did not see it handed in."""
    exam, manager = make_exam(), vendor("Portal managers")
    item = Item.objects.get(code="item-1")
    seen, crossing = (start(exam, MembershipFactory(), now, seed=seed) for seed in range(2))
    for attempt in (seen, crossing):
        answer_all(attempt, now)
    services.submit_attempt(attempt=seen, at=now)
    handed, go = Event(), Event()

    def hand_in() -> None:
        with transaction.atomic():
            services.submit_attempt(attempt=crossing, at=now)
            handed.set()
            go.wait(timeout=60)
        connection.close()

    def regrade(ordered: Regrade) -> int:
        done = sum(services.continue_regrade(regrade_id=ordered.public_id, after=pk, at=now) for pk in (0, seen.pk))
        connection.close()
        return done

    with ThreadPoolExecutor(2) as pool:
        pool.submit(hand_in)
        assert handed.wait(timeout=60)
        ordered = services.order_regrade(
            assessment=exam, item=item, action=Regrade.Action.DROP, reason="Wrong", by=manager, at=now
        )
        work = pool.submit(regrade, ordered)
        while not work.done() and not somebody_waits():
            pass
        go.set()
        work.result(timeout=60)
    ordered.refresh_from_db()
    assert (ordered.done, ordered.total) == (2, 2)  # it saw one when it was ordered
    assert {one.max_points for one in Attempt.objects.all()} == {3}
    assert Response.objects.filter(is_dropped=True, regrade=ordered).count() == 2


def somebody_waits() -> bool:
    """Whether a connection of this database waits for a lock of another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_parallel_takes_give_an_answer_to_two(now: datetime) -> None:
    handed_in(marked_exam(), MembershipFactory(), now)
    people = [grader() for _ in range(THREADS)]
    found = together(lambda number: services.take_answer(grader=people[number], at=now))
    taken = [one.place for one in found if not isinstance(one, Exception)]
    assert sorted(taken) == [1, 2]
    assert all(isinstance(one, NothingToMark) for one in found if isinstance(one, Exception))


def test_parallel_marks_settle_a_result_once(now: datetime) -> None:
    attempt = handed_in(marked_exam(), MembershipFactory(), now)
    marks = [services.take_answer(grader=grader(), at=now) for _ in range(2)]
    together(lambda number: give(marks[number % 2], 2, 8, now))
    settled = Attempt.objects.get()
    assert (settled.points, settled.is_passed) == (4, True)
    bodies = list(Statement.objects.filter(registration=attempt.registration).values_list("body", flat=True))
    assert sum("/verbs/passed" in body for body in bodies) == 1


def test_essays_saved_while_handing_in_wait_or_are_refused(now: datetime) -> None:
    """An answer that was acknowledged is the one that people mark."""
    attempt = start(marked_exam(), MembershipFactory(), now)
    position = waiting(attempt).position

    def work(number: int) -> Any:
        if number == 3:
            return services.submit_attempt(attempt=attempt, at=now)
        return save(attempt, position, f"Version {number + 1}", now, version=number + 1)

    found = together(work)
    response = waiting(attempt)
    best = max((one.version for n, one in enumerate(found) if n != 3 and not isinstance(one, Exception)), default=0)
    assert response.version == best
    assert response.awaits_marks == bool(best)
