"""Who keeps an asset is told of reviews and lapses: in one letter a day, once per day it is about, while it is so."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail

from lms.accounts.models import User
from lms.assets import services, tasks
from lms.assets.models import Asset, Notice
from lms.assets.services import Aim
from lms.events.services import drain
from tests.assets.factories import AssetFactory, make_asset
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def letters(at: datetime) -> list[tuple[str, str]]:
    """Whom the task of a day writes to, and about what."""
    mail.outbox.clear()
    services.note_reviews(at=at)
    services.note_lapses(at=at)
    services.send_letters(at=at)
    drain()
    return sorted((letter.to[0], letter.subject) for letter in mail.outbox)


def steward(group: str = "Channel marketing") -> User:
    person: User = UserFactory()
    person.groups.add(Group.objects.get_or_create(name=group)[0])
    return person


def test_an_owner_gets_one_letter_once(now: datetime) -> None:
    owner, today = UserFactory(), now.date()
    for days in (-3, 0, 14, 15):
        make_asset(title=f"Sheet {days}", owner=owner, review_on=today + timedelta(days=days))
    make_asset(owner=owner, review_on=today, retired_at=now, retired_by=owner)
    make_asset(owner=owner, review_on=today, withdrawn_at=now, withdrawn_by=owner, coming_note="Soon.")
    assert letters(now) == [(owner.email, "3 things about assets")]
    assert "Sheet 14 is to be reviewed by" in mail.outbox[0].body
    assert "Sheet -3 was to be reviewed by" in mail.outbox[0].body
    assert "Sheet 15" not in mail.outbox[0].body
    assert letters(now + timedelta(hours=1)) == []


def test_what_comes_later_in_the_day_waits_for_the_next(now: datetime) -> None:
    owner = UserFactory()
    make_asset(title="Deck", owner=owner, review_on=now.date())
    assert letters(now) == [(owner.email, "Deck is to be reviewed")]
    make_asset(title="Sheet", owner=owner, review_on=now.date() + timedelta(days=5))
    assert letters(now + timedelta(minutes=1)) == []
    assert letters(now + timedelta(days=1)) == [(owner.email, "2 things about assets")]  # the deck has lapsed by then


def test_a_new_review_day_is_told_anew(now: datetime) -> None:
    asset = make_asset(title="Deck", review_on=now.date())
    assert len(letters(now)) == 1
    services.review_asset(asset=asset, review_on=now.date() + timedelta(days=2), by=asset.owner, at=now)
    assert letters(now + timedelta(days=1)) == [(asset.owner.email, "Deck is to be reviewed")]


def test_a_new_owner_hears_it_and_the_old_one_does_not(now: datetime) -> None:
    asset, successor = make_asset(title="Deck", review_on=now.date() + timedelta(days=3)), UserFactory()
    first = asset.owner
    services.note_reviews(at=now)  # noted for the first owner, not sent yet
    asset.owner = successor
    services.save_asset(asset=asset, aim=Aim(), file=None, by=first, at=now)
    assert letters(now) == [(successor.email, "Deck is to be reviewed")]
    assert [one.person for one in Notice.objects.all()] == [successor]


@pytest.mark.parametrize("moment", ["before it is sent", "before it is delivered"])
def test_what_was_reviewed_meanwhile_is_not_told(now: datetime, moment: str) -> None:
    asset = make_asset(review_on=now.date())
    services.note_reviews(at=now)
    if moment == "before it is delivered":
        services.send_letters(at=now)
    services.review_asset(asset=asset, review_on=now.date() + timedelta(days=90), by=asset.owner, at=now)
    services.send_letters(at=now)
    drain()
    assert mail.outbox == []


def test_for_an_owner_who_left_who_looks_after_the_library_hears_it(now: datetime) -> None:
    make_asset(title="Deck", review_on=now.date(), owner=UserFactory(is_active=False))
    assert letters(now) == []  # there is nobody
    other = steward("Portal managers")
    assert letters(now) == [(other.email, "Deck is to be reviewed")]
    first = steward()
    assert letters(now + timedelta(days=1)) == [(first.email, "Deck waits for its review")]


def test_an_expired_asset_is_told_of(now: datetime) -> None:
    asset = make_asset(title="Prices", expires_on=now.date() - timedelta(days=1))
    AssetFactory(review_on=now.date() - timedelta(days=30))  # without a file nobody had it
    services.note_lapses(at=now)
    services.send_letters(at=now)
    drain()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [([asset.owner.email], "Prices has expired")]


def test_lapsed_is_what_the_state_says(now: datetime) -> None:
    past, on = now.date() - timedelta(days=1), now.date()
    make_asset(), AssetFactory(review_on=past), make_asset(retired_at=now, retired_by=UserFactory(), review_on=past)
    late, over = make_asset(review_on=past), make_asset(expires_on=past, review_on=past - timedelta(days=1))
    assert {one.pk: one.lapsed_on(on) for one in Asset.objects.lapsed(on)} == {late.pk: past, over.pk: past}
    assert {one.pk for one in Asset.objects.all() if one.lapsed_on(on)} == {late.pk, over.pk}


@pytest.mark.parametrize("count", [1, 3])
def test_noting_lapses_asks_per_asset_one_thing_only(now: datetime, count: int, django_assert_num_queries: Any) -> None:
    """The copies of each; all else is asked once. A day later, nothing is asked per asset but the same notices."""
    for _ in range(count):
        make_asset(review_on=now.date() - timedelta(days=1), owner=UserFactory())
    services.note_lapses(at=now)
    with django_assert_num_queries(5 + 2 * count):
        services.note_lapses(at=now)


def test_the_tasks_ask_the_services(now: datetime) -> None:
    make_asset()
    tasks.note_asset_reviews()
    assert tasks.send_asset_letters() == 0
