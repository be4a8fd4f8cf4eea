"""Forms of equal difficulty, what attempts get of them, limits of overlap and exposure; cut scores set by a panel."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from statistics import fmean

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.accounts.models import AuditEntry, User
from lms.assessments import services
from lms.assessments.assembly import NotEnough, Unit, assemble, shared
from lms.assessments.errors import ExamNotReady, NotAllowed, RatingsRefused, WrongState
from lms.assessments.models import AngoffRating, Assessment, CaseStudy, Form, FormItem, Item, ItemTally, Section
from lms.assessments.services.forms import expected_facilities
from tests.assessments.factories import answer_all, choice, make_bank, make_exam, scored, start, vendor
from tests.factories import MembershipFactory


def pool(difficulties: list[float], section: int = 1, first: int = 0) -> list[Unit]:
    return [
        Unit(items=(first + number,), section=section, difficulty=value) for number, value in enumerate(difficulties)
    ]


def spread(made: list[dict[int, list[Unit]]]) -> float:
    sums = [sum(unit.difficulty for units in form.values() for unit in units) for form in made]
    return max(sums) - min(sums)


def items_of(form: dict[int, list[Unit]]) -> set[int]:
    return {item for units in form.values() for unit in units for item in unit.items}


@settings(max_examples=40)
@given(st.lists(st.integers(20, 95), min_size=6, max_size=8))
def test_two_forms_are_as_equal_as_any_two(percents: list[int]) -> None:
    """Against all ways to take two forms of three: within a hundredth of the best."""
    units = pool([value / 100 for value in percents])
    made = assemble(units, {1: 3}, forms=2)
    values = [unit.difficulty for unit in units]
    best = min(
        abs(sum(values[i] for i in one) - sum(values[i] for i in other))
        for one in combinations(range(len(values)), 3)
        for other in combinations(sorted(set(range(len(values))) - set(one)), 3)
    )
    assert not items_of(made[0]) & items_of(made[1])
    assert spread(made) <= best + 0.0301


def test_large_forms_come_out_equal() -> None:
    units = pool([0.3 + 0.6 * (number * 37 % 101) / 101 for number in range(100)])
    units += pool([0.2 + 0.7 * (number * 53 % 97) / 97 for number in range(60)], section=2, first=1000)
    made = assemble(units, {1: 20, 2: 10}, forms=4)
    assert [len(items_of(form)) for form in made] == [30] * 4
    assert shared([items_of(form) for form in made]) == 0
    assert spread(made) / 30 < 0.001
    assert assemble(units, {1: 20, 2: 10}, forms=4) == made


def test_enemies_never_meet_and_cases_stay_whole() -> None:
    units = [Unit(items=(1, 2), section=1, difficulty=1.0), Unit(items=(3, 4), section=1, difficulty=1.4)]
    units += pool([0.5, 0.6, 0.7, 0.8], first=10)
    enemies = {10: {11}, 11: {10}}
    for form in assemble(units, {1: 4}, forms=2, enemies=enemies):
        inside = items_of(form)
        assert len(inside) == 4
        assert len(inside & {1, 2}) != 1
        assert not {10, 11} <= inside


def test_a_small_pool_is_shared_only_as_far_as_allowed() -> None:
    units = pool([0.5] * 5)
    with pytest.raises(NotEnough):
        assemble(units, {1: 3}, forms=2)
    made = assemble(units, {1: 3}, forms=2, max_shared=1)
    assert shared([items_of(form) for form in made]) == 1


# --- Stored forms ---


@pytest.fixture
def author(db: None) -> User:
    return vendor("Channel marketing")


@pytest.fixture
def exam(db: None) -> Assessment:
    """Three of twelve items; as many attempts as one likes."""
    bank = make_bank([choice(number) for number in range(1, 13)])
    return make_exam(bank, draw=3, attempts_allowed=20, wait_hours=0)


def codes(attempt: object) -> list[str]:
    rows = attempt.responses.select_related("item_version__item").order_by("position")  # type: ignore[attr-defined]
    return [row.item_version.item.code for row in rows]


def test_attempts_get_forms_in_use_the_one_with_least_seen_first(exam: Assessment, author: User, now: datetime) -> None:
    forms = services.build_forms(assessment=exam, count=3, by=author, at=now)
    member = MembershipFactory()
    drawn = start(exam, member, now)
    assert drawn.form is None
    services.submit_attempt(attempt=drawn, at=now)
    for form in forms:
        services.use_form(form=form, by=author, at=now)
        services.use_form(form=form, by=author, at=now)
    seen: set[int] = set()
    for number in range(3):
        at = now + timedelta(hours=number + 1)
        attempt = services.start_attempt(assessment=exam, person=member.person, membership=member, at=at)
        assert attempt.form is not None
        assert codes(attempt) == [place.item.code for place in attempt.form.items.order_by("position")]
        seen.add(attempt.form.number)
        answer_all(attempt, at, 0)
        attempt = services.submit_attempt(attempt=attempt, at=at)
        services.count_attempt(attempt_id=attempt.public_id, at=at)
    assert seen == {1, 2, 3}
    assert set(ItemTally.objects.values_list("form", flat=True)) == {1, 2, 3}
    assert services.exam_statistics(exam, form=2, first_only=False).sums.n == 1
    assert AuditEntry.objects.filter(action="assessments.use_form").count() == 3


def test_a_withdrawn_form_is_given_no_more_and_then_items_are_drawn(
    exam: Assessment, author: User, now: datetime
) -> None:
    (form,) = services.build_forms(assessment=exam, count=1, by=author, at=now)
    services.use_form(form=form, by=author, at=now)
    assert start(exam, MembershipFactory(), now).form == form
    for _ in range(2):
        services.withdraw_form(form=form, by=author, at=now)
    assert start(exam, MembershipFactory(), now).form is None
    assert services.build_forms(assessment=exam, count=1, by=author, at=now)[0].number == 2


def test_a_form_with_a_retired_item_is_passed_over(exam: Assessment, author: User, now: datetime) -> None:
    one, other = services.build_forms(assessment=exam, count=2, by=author, at=now)
    for form in (one, other):
        services.use_form(form=form, by=author, at=now)
    services.retire_item(item=one.items.first().item, at=now)  # type: ignore[union-attr]
    assert {start(exam, MembershipFactory(), now, seed).form for seed in range(4)} == {other}
    services.retire_item(item=other.items.first().item, at=now)  # type: ignore[union-attr]
    with pytest.raises(ExamNotReady, match="retired"):
        start(exam, MembershipFactory(), now)


def test_forms_need_permission_and_enough_items(exam: Assessment, author: User, now: datetime) -> None:
    with pytest.raises(NotAllowed):
        services.build_forms(assessment=exam, count=2, by=vendor("Content reviewers"), at=now)
    with pytest.raises(ExamNotReady, match="“All” has too few"):
        services.build_forms(assessment=exam, count=5, by=author, at=now)
    assert Form.objects.count() == 0


def test_pilots_are_mixed_into_forms_and_cases_and_enemies_hold(exam: Assessment, author: User, now: datetime) -> None:
    items = list(Item.objects.order_by("pk"))
    case = CaseStudy.objects.create(bank=items[0].bank, title="Port")
    for item in items[:2]:
        services.relate_item(item=item, enemies=[], lessons=[], case=case)
    services.relate_item(item=items[4], enemies=[items[5]], lessons=[], case=None)
    version = services.add_item_version(bank=items[0].bank, code="pilot", by=author, at=now, **choice(77))
    services.ask_for_review(version=version, by=author, at=now)
    services.approve_version(version=version, by=vendor("Content reviewers"), at=now, as_pilot=True)
    exam.sections.update(pilots=1)
    forms = services.build_forms(assessment=exam, count=4, by=author, at=now)
    for form in forms:
        inside = set(form.items.values_list("item", flat=True))
        assert len(inside & {item.pk for item in items[:2]}) != 1
        assert not {items[4].pk, items[5].pk} <= inside
        services.use_form(form=form, by=author, at=now)
    assert "pilot" in codes(start(exam, MembershipFactory(), now))


def test_what_is_known_of_items_makes_forms_equal(exam: Assessment, author: User, now: datetime) -> None:
    rows = [
        {f"item-{item}": "Right" if number % 13 >= item else "Wrong" for item in range(1, 13)} for number in range(26)
    ]
    scored(exam, rows, now)
    known = expected_facilities(exam)
    assert len(known) == 12
    forms = services.build_forms(assessment=exam, count=4, by=author, at=now)
    assert max(one.difficulty for one in forms) - min(one.difficulty for one in forms) < 0.12
    assert fmean(one.difficulty for one in forms) == pytest.approx(fmean(known.values()), abs=0.01)


def test_seen_items_come_last_where_overlap_is_limited(exam: Assessment, now: datetime) -> None:
    Assessment.objects.update(max_overlap=0)
    exam.refresh_from_db()
    member, seen = MembershipFactory(), list[str]()
    for number in range(4):
        at = now + timedelta(hours=number)
        attempt = services.start_attempt(assessment=exam, person=member.person, membership=member, at=at)
        seen += codes(attempt)
        services.submit_attempt(attempt=attempt, at=at)
    assert len(set(seen)) == 12


def test_much_shown_items_come_last_where_exposure_is_limited(exam: Assessment, now: datetime) -> None:
    exam.sections.update(max_exposure=30)
    for number in range(12):
        attempt = start(exam, MembershipFactory(), now, seed=number)
        attempt = services.submit_attempt(attempt=attempt, at=now)
        services.count_attempt(attempt_id=attempt.public_id, at=now)
    shown = ItemTally.objects.values_list("n", flat=True)
    assert max(shown) <= 12 * 0.30 + 1


def test_a_section_may_be_by_objective_and_level_with_weight_and_minimum(db: None, now: datetime) -> None:
    from lms.assessments.formats import Meta

    bank = make_bank([choice(number) for number in range(1, 5)])
    for number, item in enumerate(bank.items.order_by("pk")):
        level = "apply" if number < 2 else "remember"
        services.describe_item(item=item, meta=Meta(objective="Sizes ducts", level=level))
    exam = make_exam(bank, draw=2, cut_score=Decimal(50))
    exam.sections.update(level="remember", objective="Sizes ducts", title="Facts")
    exam.sections.create(
        position=2, title="Doing", bank=bank, level="apply", draw=2, points=Decimal(3), minimum=Decimal(60)
    )
    attempt = start(exam, MembershipFactory(), now)
    assert codes(attempt)[2:] in (["item-1", "item-2"], ["item-2", "item-1"])
    answer_all(attempt, now, 3)
    attempt = services.submit_attempt(attempt=attempt, at=now)
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (5, 8, False)
    facts, doing = services.section_results(attempt)
    assert (facts.is_below_minimum, doing.is_below_minimum, doing.minimum) == (False, True, 60)
    exam.sections.update(minimum=None)
    other = start(exam, MembershipFactory(), now)
    answer_all(other, now, 3)
    assert services.submit_attempt(attempt=other, at=now).is_passed


@pytest.mark.parametrize("wrong", [{"points": 0}, {"minimum": 0}, {"minimum": 101}, {"max_exposure": 0}])
def test_the_database_refuses_a_section_that_makes_no_sense(exam: Assessment, wrong: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Section.objects.update(**wrong)


def test_the_database_refuses_a_form_twice_and_an_item_twice_in_it(
    exam: Assessment, author: User, now: datetime
) -> None:
    (form,) = services.build_forms(assessment=exam, count=1, by=author, at=now)
    for wrong in ({"number": 1}, {"number": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Form.objects.create(assessment=exam, difficulty=0.5, made_at=now, **wrong)
    place = form.items.first()
    assert place
    for position in (place.position, 99):
        with pytest.raises(IntegrityError), transaction.atomic():
            FormItem.objects.create(form=form, section=place.section, position=position, item=place.item)


# --- Cut scores ---

RATINGS = "judge,round,item,percent\n" + "".join(
    f"{judge},{number},item-{item},{base + 10 * item + 5 * number}\n"
    for judge, base in (("Ana", 40), ("Ben", 50), ("Cem", 60))
    for number in (1, 2)
    for item in (1, 2)
)


@pytest.fixture
def manager(db: None) -> User:
    return vendor("Portal managers")


def test_a_panel_is_recorded_and_its_last_round_adopted(exam: Assessment, manager: User, now: datetime) -> None:
    setting = services.record_standard(
        assessment=exam,
        held_on=date(2026, 11, 20),
        definition=" Sizes a duct alone ",
        ratings=services.read_ratings(RATINGS),
        by=manager,
        at=now,
    )
    exam.refresh_from_db()
    assert (exam.cut_score, AngoffRating.objects.count(), setting.definition) == (70, 12, "Sizes a duct alone")
    rounds = services.cuts(setting)
    assert [(number, cut.percent) for number, cut in rounds] == [(1, 70.0), (2, 75.0)]
    assert rounds[1][1].error == pytest.approx(10 / 3**0.5)
    with pytest.raises(RatingsRefused, match="reason"):
        services.adopt_standard(setting=setting, by=manager, at=now, cut_score=Decimal(69))
    setting = services.adopt_standard(
        setting=setting, by=manager, at=now, cut_score=Decimal("69.23"), reason="One standard error below"
    )
    exam.refresh_from_db()
    assert (exam.cut_score, setting.cut_score, setting.adopted_by) == (Decimal("69.23"), Decimal("69.23"), manager)
    with pytest.raises(WrongState):
        services.adopt_standard(setting=setting, by=manager, at=now)
    detail = AuditEntry.objects.get(action="assessments.adopt_standard").detail
    assert detail == {"cut": "69.23", "panel": "75.00", "judges": 3, "reason": "One standard error below"}


def test_an_adopted_cut_is_the_panels_by_itself(exam: Assessment, manager: User, now: datetime) -> None:
    wanted = {"assessment": exam, "held_on": date(2026, 11, 20), "definition": "x", "by": manager, "at": now}
    empty = services.record_standard(**wanted, ratings=[])
    with pytest.raises(WrongState, match="Nobody"):
        services.adopt_standard(setting=empty, by=manager, at=now)
    setting = services.record_standard(**wanted, ratings=services.read_ratings(RATINGS))
    assert services.adopt_standard(setting=setting, by=manager, at=now).cut_score == 75
    with pytest.raises(NotAllowed):
        services.record_standard(**wanted | {"by": vendor("Channel marketing")}, ratings=[])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("judge,item\nAna,item-1\n", "Missing: round, percent. Nothing was stored"),
        ("judge,round,item,percent\n", "no rows"),
        ("judge,round,item,percent\nAna,1,item-1,101\n", "Line 2"),
        ("judge,round,item,percent\nAna,1,item-1,NaN\n", "Line 2"),
        ("judge,round,item,percent\nAna,1,item-1,much\n", "Line 2"),
        ("judge,round,item,percent\nAna,0,item-1,50\n", "Line 2"),
        ("judge,round,item,percent\nAna,,,\n", "Line 2"),
        ("judge,round,item,percent\nAna,1,item-1\n", "Line 2"),
        ('judge,round,item,percent\n"Ana"x,1,item-1,50\n', "Row 2 cannot be read as CSV"),
    ],
)
def test_ratings_that_cannot_be_read_are_refused_with_their_line(text: str, words: str) -> None:
    with pytest.raises(RatingsRefused, match=words):
        services.read_ratings(text)


def test_ratings_of_unknown_items_or_twice_are_refused(exam: Assessment, manager: User, now: datetime) -> None:
    wanted = {"assessment": exam, "held_on": date(2026, 11, 20), "definition": "x", "by": manager, "at": now}
    for text, words in (("Ana,1,none,50\n", "no live item"), ("Ana,1,item-1,50\nAna,1,item-1,60\n", "twice")):
        with pytest.raises(RatingsRefused, match=words):
            services.record_standard(**wanted, ratings=services.read_ratings(f"judge,round,item,percent\n{text}"))
    assert AngoffRating.objects.count() == 0
