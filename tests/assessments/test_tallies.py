"""Sums of exams and items as attempts are scored, scored again and counted anew; and what is read from them."""

from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from lms.accounts.models import AuditEntry
from lms.assessments import services
from lms.assessments.errors import NotAllowed, ReasonMissing
from lms.assessments.models import Assessment, Attempt, CountedAttempt, ExamTally, ItemFlag, ItemTally
from lms.assessments.statistics.sums import ExamSums, ItemSums
from tests.assessments.factories import answer_all, choice, make_bank, make_exam, scored, start, vendor
from tests.factories import MembershipFactory, UserFactory


def sit(exam: Assessment, at: datetime, right: int | None = None, *, seed: int = 7) -> Attempt:
    """A new person's scored attempt, counted."""
    attempt = start(exam, MembershipFactory(), at, seed)
    answer_all(attempt, at + timedelta(seconds=40), right)
    attempt = services.submit_attempt(attempt=attempt, at=at + timedelta(minutes=5))
    services.count_attempt(attempt_id=attempt.public_id, at=at + timedelta(minutes=5))
    return attempt


def test_an_attempt_is_counted_once(exam: Assessment, now: datetime) -> None:
    attempt = sit(exam, now, 3)
    assert services.count_attempt(attempt_id=attempt.public_id, at=now) == 0
    tally = ExamTally.objects.get()
    assert (tally.n, tally.loaded.by_percent, tally.is_first, tally.form) == (1, {75: 1}, True, 0)
    assert (ItemTally.objects.count(), CountedAttempt.objects.count()) == (4, 1)
    assert sum(row.loaded.x for row in ItemTally.objects.all()) == 3 * 10**8
    assert services.rebuild_tallies(check=True, at=now).differences == []


def test_a_handler_counts_what_others_wait_to_count(exam: Assessment, now: datetime) -> None:
    attempts = []
    for _ in range(3):
        attempt = start(exam, MembershipFactory(), now)
        attempts.append(services.submit_attempt(attempt=attempt, at=now))
    assert [services.count_attempt(attempt_id=one.public_id, at=now) for one in attempts] == [3, 0, 0]


def test_counting_takes_as_many_queries_for_one_as_for_three(
    exam: Assessment, now: datetime, django_assert_num_queries: object
) -> None:
    for number in (1, 3):
        attempts = [
            services.submit_attempt(attempt=start(exam, MembershipFactory(), now), at=now) for _ in range(number)
        ]
        with django_assert_num_queries(14):  # type: ignore[operator]
            services.count_attempt(attempt_id=attempts[0].public_id, at=now)


def test_later_attempts_are_kept_apart(exam: Assessment, now: datetime) -> None:
    first = sit(exam, now, 0)
    later = now + timedelta(days=2)
    again = services.start_attempt(assessment=exam, person=first.person, membership=first.membership, at=later)
    answer_all(again, later)
    again = services.submit_attempt(attempt=again, at=later)
    services.count_attempt(attempt_id=again.public_id, at=later)
    assert [services.exam_statistics(exam, first_only=only).sums.n for only in (True, False)] == [1, 2]
    assert {row.exposure for row in services.exam_statistics(exam).items} == {1.0}


def test_the_rebuild_finds_and_sets_right_what_differs(exam: Assessment, now: datetime) -> None:
    sit(exam, now, 2)
    stored = {row.pk: row.sums for row in ItemTally.objects.all()}
    broken = ItemTally.objects.first()
    assert broken
    broken.sums["x"] += 1
    broken.save(update_fields=["sums"])
    uncounted = services.submit_attempt(attempt=start(exam, MembershipFactory(), now), at=now)
    with pytest.raises(CommandError, match="Run without --check"):
        call_command("exams", "rebuild", "--check", verbosity=0, stdout=StringIO())
    out = StringIO()
    call_command("exams", "rebuild", verbosity=0, stdout=out)
    assert "2 attempts compared, 5 sums were set right." in out.getvalue()
    call_command("exams", "rebuild", "--check", verbosity=0, stdout=StringIO())
    assert CountedAttempt.objects.filter(attempt=uncounted).exists()
    assert set(stored)
    assert ItemTally.objects.count() == 4


def test_sums_are_stored_whole(exam: Assessment, now: datetime) -> None:
    """Squares outgrow 64 bits: they come back from the database as they went in."""
    sit(exam, now, 2)
    row = ItemTally.objects.first()
    assert row
    sums = row.loaded
    sums.rr = 10**25 + 7
    row.sums = sums.as_json()
    row.save(update_fields=["sums"])
    row.refresh_from_db()
    assert row.loaded == sums
    exam_sums = ExamSums(n=1, tt=10**25 + 9, by_percent={3: 1})
    assert ExamSums.from_json(exam_sums.as_json()) == exam_sums
    assert ItemSums.from_json(ItemSums().as_json()) == ItemSums()


def test_the_database_refuses_two_tallies_of_one_thing(exam: Assessment, now: datetime) -> None:
    sit(exam, now)
    for model in (ItemTally, ExamTally):
        row = model.objects.first()
        assert row
        row.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


@pytest.fixture
def hard_exam(db: None, now: datetime) -> Assessment:
    """Sixty sat it: the better they were in the other items, the worse in the first."""
    exam = make_exam(make_bank([choice(number) for number in range(1, 6)]))

    def row(able: int) -> dict[str, str]:
        right = [able < 2, *(able >= rank for rank in range(1, 5))]
        return {f"item-{number}": "Right" if is_right else "Wrong" for number, is_right in enumerate(right, 1)}

    scored(exam, [row(number % 5) for number in range(60)], now)
    return exam


def test_statistics_of_an_exam_are_read_from_sums(hard_exam: Assessment, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(5):  # type: ignore[operator]
        made = services.exam_statistics(hard_exam)
    first = made.items[0]
    assert (made.figures.n, len(made.items), first.version.item.code) == (60, 5, "item-1")
    assert (first.figures.discrimination.value or 0) < 0
    assert [flag.kind for flag in first.flags] == ["negative", "key_suspect"]
    assert first.flags[0].is_urgent
    names = {name: right for _, name, right in first.options}
    assert names == {"Right": True, "Wrong": False}


def test_flags_are_raised_taken_back_and_settled(hard_exam: Assessment, now: datetime) -> None:
    raised = services.judge_items(assessment=hard_exam, at=now)
    assert raised
    assert services.judge_items(assessment=hard_exam, at=now) == []
    flag = ItemFlag.objects.get(item_version__item__code="item-1", kind="negative")
    person = vendor("Channel marketing")
    with pytest.raises(NotAllowed):
        services.settle_flag(flag=flag, settlement="x", by=UserFactory(), at=now)
    with pytest.raises(ReasonMissing):
        services.settle_flag(flag=flag, settlement=" ", by=person, at=now)
    for words in ("Rewritten", "Other"):
        services.settle_flag(flag=flag, settlement=words, by=person, at=now)
    flag.refresh_from_db()
    assert (flag.settlement, flag.settled_by) == ("Rewritten", person)
    assert AuditEntry.objects.filter(action="assessments.settle_flag").count() == 1
    services.judge_items(assessment=hard_exam, at=now)
    assert flag not in ItemFlag.objects.standing()
    ItemTally.objects.all().delete()
    services.judge_items(assessment=hard_exam, at=now)
    assert ItemFlag.objects.standing().count() == 0
    assert str(flag) == "item-1 v1: Negative"


def test_every_night_all_exams_are_judged(hard_exam: Assessment) -> None:
    from lms.assessments.tasks import judge_items

    assert judge_items() == ItemFlag.objects.count() > 0
    assert judge_items() == 0


def test_a_flag_that_comes_back_stands_again(hard_exam: Assessment, now: datetime) -> None:
    services.judge_items(assessment=hard_exam, at=now)
    flag = ItemFlag.objects.get(item_version__item__code="item-1", kind="negative")
    ItemFlag.objects.filter(pk=flag.pk).update(gone_at=now)
    services.judge_items(assessment=hard_exam, at=now + timedelta(days=1))
    flag.refresh_from_db()
    assert (flag.gone_at, flag.raised_at) == (None, now + timedelta(days=1))


def test_the_database_refuses_a_settled_flag_without_words(hard_exam: Assessment, now: datetime) -> None:
    services.judge_items(assessment=hard_exam, at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemFlag.objects.update(settled_at=now)


def test_difficulties_need_a_hundred_answers(hard_exam: Assessment, now: datetime, monkeypatch: object) -> None:
    assert services.calibrate_items(assessment=hard_exam, at=now) is None
    from lms.assessments.statistics import estimates

    monkeypatch.setattr(estimates, "RASCH", 50)  # type: ignore[attr-defined]
    made = services.calibrate_items(assessment=hard_exam, at=now)
    assert made
    by_code = {row.item_version.item.code: row.value for row in made.difficulties.all()}
    assert [by_code[f"item-{number}"] for number in range(2, 6)] == sorted(
        by_code[f"item-{number}"] for number in range(2, 6)
    )
    assert services.exam_statistics(hard_exam).items[0].difficulty


def test_the_command_says_what_the_page_shows(hard_exam: Assessment) -> None:
    out = StringIO()
    call_command("exams", "statistics", hard_exam.slug, stdout=out)
    assert "60 attempts" in out.getvalue()
    assert "item-1 v1: 60 answers, facility 0.400" in out.getvalue()
    out = StringIO()
    call_command("exams", "statistics", hard_exam.slug, "--json", stdout=out)
    assert '"attempts": 60' in out.getvalue()
    out = StringIO()
    call_command("exams", "judge", stdout=out)
    assert "new to look at" in out.getvalue()
    with pytest.raises(CommandError, match="no exam"):
        call_command("exams", "judge", "none")
    with pytest.raises(CommandError, match="100 answers"):
        call_command("exams", "calibrate", hard_exam.slug)


def test_drift_is_told_between_periods(exam: Assessment, now: datetime) -> None:
    for at, words in ((now, "Wrong"), (now + timedelta(days=40), "Right")):
        scored(exam, [{f"item-{number}": words for number in range(1, 5)}] * 32, at)
    made = services.exam_statistics(exam)
    assert {flag.kind for one in made.items for flag in one.flags} >= {"drift"}
    assert len(made.items[0].months) == 2


def test_exposure_is_told_where_it_is_limited(exam: Assessment, now: datetime) -> None:
    exam.sections.update(max_exposure=50)
    sit(exam, now)
    made = services.exam_statistics(exam)
    assert {flag.kind for one in made.items for flag in one.flags} == {"exposed"}
    assert made.items[0].figures.facility.value is None
    assert Decimal(made.assessment.cut_score) == 70
