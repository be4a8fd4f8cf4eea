"""Settings of an exam: what an attempt is sat under, who may come in, and what waits."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from lms.assessments import services
from lms.assessments.errors import (
    AttemptOver,
    ExamInvalid,
    ExamNotOpen,
    MustAgree,
    MustWait,
    NoBreakLeft,
    NotSafeBrowser,
    OutsideNetwork,
    ResultHeld,
    TooManyCodes,
    WrongAccessCode,
)
from lms.assessments.models import AccessCodeFailure, Accommodation, Assessment, Attempt, PreparedForm
from lms.assessments.models.settings import CODE_SEAL
from lms.assessments.services import Entry, State, Visit, attempts
from lms.common.sealing import seal
from lms.partners.models import Membership
from tests.assessments.factories import answer_all, choice, make_bank, make_exam, start
from tests.factories import UserFactory

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def grant(member: Membership, exam: Assessment | None = None, **values: Any) -> Accommodation:
    wanted = Accommodation(person=member.person, assessment=exam, **values)
    return services.grant_accommodation(accommodation=wanted, by=UserFactory(), at=datetime.now().astimezone())


def enter(exam: Assessment, member: Membership, at: datetime, **entry: Any) -> Attempt:
    return services.start_attempt(assessment=exam, person=member.person, membership=member, at=at, entry=Entry(**entry))


def fail(exam: Assessment, member: Membership, at: datetime) -> Attempt:
    attempt = start(exam, member, at)
    return services.submit_attempt(attempt=attempt, at=at)


# --- time ---


def test_extra_time_lengthens_the_attempt(exam: Assessment, member: Membership, now: datetime) -> None:
    grant(member, extra_percent=50)
    attempt = start(exam, member, now)
    assert attempt.deadline_at == now + 90 * MINUTE
    assert attempt.loaded_rules.extra_percent == 50


def test_the_grant_for_one_exam_goes_before_the_one_for_all(
    exam: Assessment, member: Membership, now: datetime
) -> None:
    grant(member, extra_percent=25)
    grant(member, exam, extra_percent=100, is_large=True)
    attempt = start(exam, member, now)
    assert (attempt.deadline_at, attempt.loaded_rules.is_large) == (now + 2 * HOUR, True)


def test_a_grant_that_ended_gives_nothing(exam: Assessment, member: Membership, now: datetime) -> None:
    made, by = grant(member, extra_percent=50), UserFactory()
    assert services.end_accommodation(accommodation=made, by=by, at=now) is True
    assert services.end_accommodation(accommodation=made, by=by, at=now) is False
    assert start(exam, member, now).deadline_at == now + HOUR


def test_a_new_grant_ends_the_one_before(exam: Assessment, member: Membership) -> None:
    grant(member, exam, extra_percent=50)
    grant(member, exam, extra_percent=75)
    assert Accommodation.objects.get(ended_at=None).extra_percent == 75


def test_an_empty_grant_is_refused(member: Membership) -> None:
    with pytest.raises(ExamInvalid, match="Grant extra time"):
        grant(member)


def test_the_database_keeps_one_grant(member: Membership) -> None:
    made = grant(member, extra_percent=50)
    made.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save(force_insert=True)


@pytest.mark.parametrize(("extra", "breaks", "minutes"), [(0, 0, 30), (50, 0, 60), (100, 0, 90), (50, 10, 70)], ids=str)
def test_extra_time_extends_the_window_too(
    member: Membership, now: datetime, extra: int, breaks: int, minutes: int
) -> None:
    """The pain: extra time cut off by the closing window. 60 minutes, started half an hour before the end."""
    exam = make_exam(closed_at=now + 30 * MINUTE, ends_at_close=True)
    if extra:
        grant(member, extra_percent=extra, break_minutes=breaks)
    assert start(exam, member, now).deadline_at == now + minutes * MINUTE


def test_without_ends_at_close_everybody_has_the_full_time(member: Membership, now: datetime) -> None:
    exam = make_exam(closed_at=now + 30 * MINUTE)
    assert start(exam, member, now).deadline_at == now + HOUR


def test_the_windows_end_drops_no_answer(member: Membership, now: datetime) -> None:
    """The pain: auto-submit at the window's end that loses what was saved."""
    exam = make_exam(closed_at=now + 30 * MINUTE, ends_at_close=True)
    attempt = start(exam, member, now)
    answer_all(attempt, now + 30 * MINUTE)
    assert services.close_overdue(now + 31 * MINUTE) == 1
    attempt.refresh_from_db()
    assert (attempt.points, attempt.submitted_at) == (Decimal(4), now + 30 * MINUTE)


def test_the_wait_grows_by_the_rule(member: Membership, now: datetime) -> None:
    exam = make_exam(attempts_allowed=5, wait_hours=24, later_wait_hours="72, 168")
    at = now
    for hours in (24, 72, 168, 168):
        fail(exam, member, at)
        with pytest.raises(MustWait) as refusal:
            start(exam, member, at + timedelta(hours=hours) - timedelta(microseconds=1))
        assert refusal.value.until == at + timedelta(hours=hours)
        at += timedelta(hours=hours)
    assert start(exam, member, at).number == 5


# --- breaks ---


def test_a_break_stops_the_clock(exam: Assessment, member: Membership, now: datetime) -> None:
    grant(member, break_minutes=10)
    attempt = start(exam, member, now)
    paused = services.start_break(attempt=attempt, at=now + 20 * MINUTE)
    for minutes in (20, 23, 26):
        assert paused.seconds_left(now + minutes * MINUTE) == 40 * 60
    assert services.start_break(attempt=attempt, at=now + 22 * MINUTE).paused_at == now + 20 * MINUTE
    back = services.end_break(attempt=attempt, at=now + 26 * MINUTE)
    assert (back.deadline_at, back.break_seconds_left, back.paused_at) == (now + 66 * MINUTE, 4 * 60, None)
    assert services.end_break(attempt=attempt, at=now + 27 * MINUTE).deadline_at == now + 66 * MINUTE
    kinds = list(attempt.events.order_by("number").values_list("kind", flat=True))
    assert kinds == ["started", "break_started", "break_ended"]


def test_a_break_ends_by_itself(exam: Assessment, member: Membership, now: datetime) -> None:
    """Who never comes back loses the exam's time only after his break."""
    grant(member, break_minutes=10)
    attempt = services.start_break(attempt=start(exam, member, now), at=now + 20 * MINUTE)
    assert attempt.is_paused(now + 29 * MINUTE) is True
    assert attempt.is_paused(now + 30 * MINUTE) is False
    assert attempt.seconds_left(now + 30 * MINUTE) == 40 * 60
    assert (attempt.break_left(now + 29 * MINUTE), attempt.break_left(now + 30 * MINUTE)) == (600, 0)
    assert services.close_overdue(now + 70 * MINUTE) == 0
    with pytest.raises(NoBreakLeft):
        services.start_break(attempt=attempt, at=now + 40 * MINUTE)
    assert services.close_overdue(now + 71 * MINUTE) == 1


def test_no_break_without_a_grant_or_after_the_end(exam: Assessment, member: Membership, now: datetime) -> None:
    attempt = start(exam, member, now)
    with pytest.raises(NoBreakLeft):
        services.start_break(attempt=attempt, at=now)
    with pytest.raises(AttemptOver):
        services.start_break(attempt=attempt, at=now + 2 * HOUR)


# --- who may come in ---


def test_the_honour_code_is_agreed_to(member: Membership, now: datetime) -> None:
    exam = make_exam(honour_code="I work alone.")
    with pytest.raises(MustAgree):
        enter(exam, member, now)
    assert enter(exam, member, now, has_agreed=True).honour_agreed_at == now


def coded(**values: Any) -> Assessment:
    return make_exam(access_code_sealed=seal("Blue Heron 7", purpose=CODE_SEAL), **values)


def test_the_access_code_opens(member: Membership, now: datetime) -> None:
    exam = coded()
    assert exam.access_code == "Blue Heron 7"
    with pytest.raises(WrongAccessCode):
        enter(exam, member, now, access_code="")
    assert not Attempt.objects.exists()
    attempt = enter(exam, member, now, access_code=" blue heron 7")
    assert enter(exam, member, now) == attempt  # going on needs no code
    assert not AccessCodeFailure.objects.exists()


def test_an_attempt_that_ran_out_is_no_way_around_the_access_code(member: Membership, now: datetime) -> None:
    """What was left open is scored at the next start, and the next start asks for the code like the first."""
    exam = coded(wait_hours=0)
    first = enter(exam, member, now, access_code="Blue Heron 7")
    with pytest.raises(WrongAccessCode):
        enter(exam, member, now + 5 * HOUR, access_code="")
    first.refresh_from_db()
    assert first.submitted_by == Attempt.SubmittedBy.DEADLINE
    assert enter(exam, member, now + 5 * HOUR, access_code="Blue Heron 7").number == 2


def test_a_start_that_found_an_attempt_begins_no_other(
    member: Membership, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt is handed in by another tab between the look and the start, which nobody asked for the code."""
    exam = coded(wait_hours=0)
    first = enter(exam, member, now, access_code="Blue Heron 7")
    begin = attempts._start

    def late(*args: Any, **options: Any) -> Attempt:
        services.submit_attempt(attempt=first, at=now + MINUTE)
        return begin(*args, **options)

    monkeypatch.setattr(attempts, "_start", late)
    with pytest.raises(ExamNotOpen, match="handed in a moment ago"):
        enter(exam, member, now + MINUTE, access_code="")
    assert Attempt.objects.count() == 1


def test_access_codes_cannot_be_tried_out(member: Membership, other: Membership, now: datetime) -> None:
    exam = coded()
    for _ in range(5):
        with pytest.raises(WrongAccessCode):
            enter(exam, member, now, access_code="guess")
    with pytest.raises(TooManyCodes):
        enter(exam, member, now + MINUTE, access_code="Blue Heron 7")
    assert enter(exam, other, now, access_code="Blue Heron 7").number == 1
    assert enter(exam, member, now + 17 * MINUTE, access_code="Blue Heron 7").number == 1


@pytest.mark.parametrize(
    ("networks", "network", "is_in"),
    [
        ("", "", True),
        ("203.0.113.0/24", "203.0.113.9", True),
        ("203.0.113.0/24\n198.51.100.7", "198.51.100.7", True),
        ("203.0.113.0/24", "203.0.114.9", False),
        ("203.0.113.0/24", "unknown", False),
        ("203.0.113.0/24", "", False),
        ("2001:db8::/32", "2001:db8:1:2::/64", True),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64", True),
        ("2001:db8::/32", "203.0.113.9", False),
        ("203.0.113.0/24", "2001:db8::/64", False),
    ],
)
def test_networks(networks: str, network: str, is_in: bool) -> None:
    assert Assessment(networks=networks).lets_in(network) is is_in


def test_an_exam_is_sat_from_its_rooms(member: Membership, now: datetime) -> None:
    exam = make_exam(networks="203.0.113.0/24")
    with pytest.raises(OutsideNetwork):
        enter(exam, member, now, visit=Visit(network="192.0.2.1"))
    assert enter(exam, member, now, visit=Visit(network="203.0.113.4")).seen_network == "203.0.113.4"


URL = "https://partners.example/exams/x/"
KEY, OTHER = "a1" * 32, "b2" * 32


def hashed(key: str, url: str = URL) -> str:
    return hashlib.sha256((url + key).encode()).hexdigest()


@pytest.mark.parametrize(
    ("config", "exam", "sent", "is_in"),
    [
        (KEY, "", {"config_hash": hashed(KEY)}, True),
        (f"{OTHER}\n{KEY}", "", {"config_hash": hashed(KEY).upper()}, True),
        (KEY, "", {"config_hash": hashed(KEY, URL + "y")}, False),
        (KEY, "", {"config_hash": KEY}, False),
        (KEY, "", {}, False),
        ("", KEY, {"exam_hash": hashed(KEY)}, True),
        ("", KEY, {"config_hash": hashed(KEY)}, False),
        (KEY, OTHER, {"config_hash": hashed(KEY)}, False),
        (KEY, OTHER, {"config_hash": hashed(KEY), "exam_hash": hashed(OTHER)}, True),
        (KEY, "", {"config_hash": "\udcff"}, False),
        (KEY, "", {"is_proved": True}, True),
    ],
)
def test_safe_exam_browser(config: str, exam: str, sent: dict[str, Any], is_in: bool) -> None:
    """SHA-256 over the address and the key, as its developer documentation says."""
    wanted = Assessment(seb_config_keys=config, seb_exam_keys=exam)
    if is_in:
        services.check_place(wanted, Visit(url=URL, **sent))
    else:
        with pytest.raises(NotSafeBrowser):
            services.check_place(wanted, Visit(url=URL, **sent))


# --- results that wait ---


def test_held_results_are_told_to_nobody_until_released(member: Membership, now: datetime) -> None:
    exam = make_exam(is_result_held=True)
    attempt = start(exam, member, now)
    answer_all(attempt, now)
    done = services.submit_attempt(attempt=attempt, at=now)
    assert (done.is_passed, done.is_result_known, done.held_at) == (True, False, now)
    assert not Attempt.objects.passed().exists()
    assert services.state_for(exam, member.person, now).state == State.HELD
    with pytest.raises(ResultHeld):
        start(exam, member, now + DAY * 9)
    assert statements(attempt) == {"attempted"}
    assert services.release_result(attempt_id=attempt.public_id, at=now + DAY) is True
    assert services.release_result(attempt_id=attempt.public_id, at=now + DAY) is False
    assert statements(attempt) == {"attempted", "answered", "passed"}
    assert Attempt.objects.passed().get() == attempt
    assert services.state_for(exam, member.person, now).state == State.PASSED


def statements(attempt: Attempt) -> set[str]:
    from lms.xapi.models import Statement

    bodies = Statement.objects.filter(registration=attempt.registration).values_list("body", flat=True)
    verbs = ("attempted", "answered", "passed", "failed")
    return {verb for verb in verbs if any(f'/verbs/{verb}"' in body for body in bodies)}


def test_releasing_tells_all_and_those_who_come_later(
    member: Membership, other: Membership, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    exam = make_exam(is_result_held=True)
    first = fail(exam, member, now)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.release_results(assessment=exam, by=UserFactory(), at=now + HOUR) == 1
    first.refresh_from_db()
    assert (first.is_result_known, first.released_at) == (True, now + HOUR)
    exam.refresh_from_db()
    assert fail(exam, other, now + 2 * HOUR).is_result_known is True


def test_the_database_releases_only_what_was_held(exam: Assessment, member: Membership, now: datetime) -> None:
    attempt = fail(exam, member, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(released_at=now)


# --- forms drawn ahead ---


def test_prepared_forms_are_taken_once_each(member: Membership, other: Membership, now: datetime) -> None:
    from random import Random

    exam = make_exam(prepared_forms=3, opened_at=now)
    assert services.prepare_due(at=now - HOUR, rng=Random(1)) == 3
    assert services.prepare_due(at=now - HOUR, rng=Random(1)) == 0
    one, two = start(exam, member, now), start(exam, other, now)
    assert PreparedForm.objects.filter(taken_at=None).count() == 1
    tokens = [set(r.loaded_shown.order) for a in (one, two) for r in a.responses.all()]
    assert len(set().union(*tokens)) == sum(len(some) for some in tokens)
    answer_all(one, now)
    assert services.submit_attempt(attempt=one, at=now).is_passed is True


def test_a_prepared_form_with_an_old_item_is_not_used(member: Membership, now: datetime) -> None:
    from random import Random

    from tests.assessments.factories import add

    bank = make_bank()
    exam = make_exam(bank, prepared_forms=2, opened_at=now)
    services.prepare_forms(assessment=exam, at=now, rng=Random(1))
    newest = add(bank, choice(99), code="item-1")
    attempt = start(exam, member, now)
    assert attempt.responses.filter(item_version=newest).exists()
    assert not PreparedForm.objects.filter(taken_at=None).exists()


def test_the_task_prepares_by_the_clock(db: None) -> None:
    from django.utils import timezone

    from lms.assessments.tasks import prepare_forms

    make_exam(prepared_forms=2, opened_at=timezone.now() + HOUR / 2)
    make_exam(prepared_forms=2, opened_at=timezone.now() + 3 * HOUR)
    assert [prepare_forms(), prepare_forms()] == [2, 0]


def test_an_exam_that_is_not_ready_prepares_nothing(db: None, now: datetime) -> None:
    from random import Random

    exam = make_exam(draw=9, prepared_forms=2, opened_at=now)
    assert services.prepare_forms(assessment=exam, at=now, rng=Random(1)) == 0
