"""A version's way: draft, in review, on trial, live, retired; and what candidates get meanwhile."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.errors import NotInBank, NotInReview, OwnWork, WrongState
from lms.assessments.formats import Meta
from lms.assessments.models import CaseStudy, Item, ItemBank, ItemReview, ItemVersion
from tests.assessments.factories import add, choice, make_bank, make_exam, start
from tests.factories import MembershipFactory, UserFactory


@pytest.fixture
def bank(db: None) -> ItemBank:
    return services.get_or_create_bank("Sizing")


@pytest.fixture
def author(db: None) -> User:
    return UserFactory()


@pytest.fixture
def reviewer(db: None) -> User:
    return UserFactory()


def written(bank: ItemBank, author: User, now: datetime, number: int = 1, code: str = "A") -> ItemVersion:
    return services.add_item_version(bank=bank, code=code, by=author, at=now, **choice(number))


def state(version: ItemVersion) -> str:
    return ItemVersion.objects.select_related("item").get(pk=version.pk).state.value


def test_a_version_goes_from_draft_to_live_by_two_people(
    bank: ItemBank, author: User, reviewer: User, now: datetime
) -> None:
    version = written(bank, author, now)
    assert (state(version), Item.objects.live().count()) == ("draft", 0)
    review = services.ask_for_review(version=version, by=author, at=now)
    assert services.ask_for_review(version=version, by=author, at=now) == review
    assert (state(version), ItemVersion.objects.in_review().count()) == ("in_review", 1)
    for person in (author,):
        with pytest.raises(OwnWork):
            services.approve_version(version=version, by=person, at=now)
    services.approve_version(version=version, by=reviewer, at=now, note=" fine ")
    review.refresh_from_db()
    assert (state(version), review.outcome, review.note, review.decided_by) == ("live", "live", "fine", reviewer)
    assert Item.objects.live().get().code == "A"
    with pytest.raises(NotInReview):
        services.approve_version(version=version, by=reviewer, at=now)
    with pytest.raises(WrongState):
        services.ask_for_review(version=version, by=author, at=now)


def test_a_version_is_sent_back_and_asked_for_again(
    bank: ItemBank, author: User, reviewer: User, now: datetime
) -> None:
    version = written(bank, author, now)
    services.ask_for_review(version=version, by=author, at=now)
    services.return_version(version=version, by=reviewer, at=now, note="unclear")
    assert state(version) == "draft"
    services.ask_for_review(version=version, by=author, at=now)
    assert [one.outcome for one in version.reviews.order_by("pk")] == ["returned", ""]


def test_who_asked_for_a_review_does_not_decide_it(bank: ItemBank, author: User, reviewer: User, now: datetime) -> None:
    version = written(bank, author, now)
    services.ask_for_review(version=version, by=reviewer, at=now)
    with pytest.raises(OwnWork):
        services.approve_version(version=version, by=reviewer, at=now)


def test_a_trial_is_ended_by_somebody_else(bank: ItemBank, author: User, reviewer: User, now: datetime) -> None:
    version = written(bank, author, now)
    services.ask_for_review(version=version, by=author, at=now)
    services.approve_version(version=version, by=reviewer, at=now, as_pilot=True)
    assert (state(version), Item.objects.live().count(), Item.objects.piloted().count()) == ("pilot", 0, 1)
    version.refresh_from_db()
    with pytest.raises(OwnWork):
        services.end_pilot(version=version, by=author)
    services.end_pilot(version=version, by=reviewer)
    assert state(version) == "live"
    with pytest.raises(WrongState):
        services.end_pilot(version=version, by=reviewer)


def test_the_database_refuses_approval_by_the_author_and_two_open_reviews(
    bank: ItemBank, author: User, now: datetime
) -> None:
    version = written(bank, author, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemVersion.objects.update(approved_at=now, approved_by=author)
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemVersion.objects.update(is_pilot=True)
    ItemReview.objects.create(version=version, asked_at=now, asked_by=author)
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemReview.objects.create(version=version, asked_at=now, asked_by=author)
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemReview.objects.update(decided_at=now, decided_by=author, outcome="live")
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemReview.objects.update(outcome="live")


def test_candidates_get_the_approved_version_while_the_next_is_written(author: User, now: datetime) -> None:
    bank = make_bank([choice(1)])
    exam, member = make_exam(bank, draw=1), MembershipFactory()
    services.add_item_version(bank=bank, code="item-1", by=author, at=now, **choice(9))
    response = start(exam, member, now).responses.get()
    assert (response.item_version.number, bank.items.get().versions.count()) == (1, 2)
    assert bank.items.get().state == "Draft (version 1 is live)"


def test_a_draft_nobody_saw_is_replaced_and_a_shown_one_is_followed(
    bank: ItemBank, author: User, now: datetime
) -> None:
    first = written(bank, author, now)
    assert written(bank, author, now, 2).pk == first.pk
    services.ask_for_review(version=first, by=author, at=now)
    assert written(bank, author, now, 3).number == 2
    with pytest.raises(WrongState, match="newer version"):
        services.ask_for_review(version=first, by=UserFactory(), at=now)


def test_retired_items_come_back_as_they_were(bank: ItemBank, now: datetime) -> None:
    version = add(bank, choice(), code="A")
    assert services.retire_item(item=version.item, at=now)
    assert (services.retire_item(item=version.item, at=now), state(version)) == (False, "retired")
    assert Item.objects.live().count() == 0
    assert services.restore_item(item=version.item)
    assert (services.restore_item(item=version.item), state(version)) == (False, "live")


def test_what_is_said_about_an_item_is_kept_beside_its_versions(bank: ItemBank, now: datetime) -> None:
    meta = Meta(topic="Sizing", tags=("b", "a"), objective="Sizes", level="apply")
    version = services.add_item_version(bank=bank, code="A", meta=meta, by=None, at=now, **choice())
    item = Item.objects.get()
    assert (item.meta.topic, item.meta.tags, item.meta.objective, item.meta.level) == (
        "Sizing",
        ("a", "b"),
        "Sizes",
        "apply",
    )
    services.describe_item(item=item, meta=Meta(tags=("c",)))
    assert (Item.objects.get().meta, version.item.versions.count()) == (Meta(tags=("c",)), 1)


def test_items_are_related_within_their_bank(bank: ItemBank, now: datetime) -> None:
    one, other = (add(bank, choice(number), code=str(number)).item for number in (1, 2))
    case = CaseStudy.objects.create(bank=bank, title="Port")
    lessons = [("https://halden.example/lessons/1", "First")]
    services.relate_item(item=one, enemies=[one, other], lessons=lessons, case=case)
    assert list(other.enemies.all()) == [one]
    services.relate_item(item=one, enemies=[], lessons=[(lessons[0][0], "Renamed")], case=None)
    assert [(lesson.title, one.case) for lesson in one.lessons.all()] == [("Renamed", None)]
    foreign = add(make_bank(), choice(7), code="F").item
    with pytest.raises(NotInBank):
        services.relate_item(item=one, enemies=[foreign], lessons=[], case=None)


def test_the_text_of_a_case_is_changed_in_all_its_items(bank: ItemBank, now: datetime) -> None:
    case = CaseStudy.objects.create(bank=bank, title="Port")
    for number in (1, 2):
        item = add(bank, choice(number), code=str(number)).item
        services.relate_item(item=item, enemies=[], lessons=[], case=case)
    made = services.change_case_text(case=case, text="<p>A port with <b>40</b> cranes.</p>", by=None, at=now)
    assert [version.content["stimulus"] for version in made] == ["A port with <b>40</b> cranes."] * 2
    services.change_case_text(case=case, text="A port with <b>40</b> cranes.", by=None, at=now)
    assert ItemVersion.objects.count() == 4


def test_enemies_are_never_drawn_together(db: None, now: datetime) -> None:
    bank = make_bank([choice(number) for number in range(1, 5)])
    items = list(bank.items.order_by("pk"))
    services.relate_item(item=items[0], enemies=[items[1], items[2]], lessons=[], case=None)
    exam = make_exam(bank, draw=2)
    for seed in range(15):
        drawn = {r.item_version.item_id for r in start(exam, MembershipFactory(), now, seed).responses.all()}
        assert len(drawn) == 2
        assert not (items[0].pk in drawn and drawn & {items[1].pk, items[2].pk})


def test_an_exam_of_enemies_alone_cannot_start(db: None, now: datetime) -> None:
    from lms.assessments.errors import ExamNotReady

    bank = make_bank([choice(1), choice(2)])
    one, other = bank.items.order_by("pk")
    services.relate_item(item=one, enemies=[other], lessons=[], case=None)
    with pytest.raises(ExamNotReady):
        start(make_exam(bank, draw=2), MembershipFactory(), now)


def test_a_case_is_drawn_whole_and_in_order(db: None, now: datetime) -> None:
    bank = make_bank([choice(number) for number in range(1, 7)])
    case = CaseStudy.objects.create(bank=bank, title="Port")
    members = list(bank.items.order_by("pk")[:3])
    for item in members:
        services.relate_item(item=item, enemies=[], lessons=[], case=case)
    pks = [item.pk for item in members]
    exam = make_exam(bank, draw=4)
    for seed in range(10):
        responses = start(exam, MembershipFactory(), now, seed).responses.order_by("position")
        drawn = [response.item_version.item_id for response in responses]
        assert len(drawn) == 4
        inside = [pk for pk in drawn if pk in pks]
        assert inside == pks
        assert drawn.index(pks[2]) - drawn.index(pks[0]) == 2


def test_items_on_trial_are_shown_and_never_scored(author: User, reviewer: User, now: datetime) -> None:
    bank = make_bank([choice(1), choice(2)])
    version = services.add_item_version(bank=bank, code="pilot", by=author, at=now, **choice(3))
    services.ask_for_review(version=version, by=author, at=now)
    services.approve_version(version=version, by=reviewer, at=now, as_pilot=True)
    exam = make_exam(bank, draw=2)
    exam.sections.update(pilots=3)
    attempt = start(exam, MembershipFactory(), now)
    assert sorted(attempt.responses.values_list("is_pilot", flat=True)) == [False, False, True]
    from tests.assessments.factories import answer_all

    answer_all(attempt, now)
    attempt = services.submit_attempt(attempt=attempt, at=now)
    assert (attempt.points, attempt.max_points, attempt.percent) == (2, 2, 100)
    assert attempt.responses.get(is_pilot=True).points == Decimal(1)
    (section,) = services.section_results(attempt)
    assert (section.points, section.max_points) == (2, 2)
