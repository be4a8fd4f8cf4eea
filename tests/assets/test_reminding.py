"""Owners are told of reviews to come: in one letter, once per review day."""

from datetime import datetime, timedelta

import pytest
from django.core import mail

from lms.assets import services, tasks
from lms.events.services import drain
from tests.assets.factories import make_asset
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_an_owner_gets_one_letter_once(now: datetime) -> None:
    owner, today = UserFactory(), now.date()
    for days in (-3, 0, 14, 15):
        make_asset(title=f"Sheet {days}", owner=owner, review_on=today + timedelta(days=days))
    make_asset(owner=owner, review_on=today, retired_at=now, retired_by=owner)
    assert services.remind_owners(at=now) == 1
    assert services.remind_owners(at=now) == 0
    drain()
    assert [letter.to for letter in mail.outbox] == [[owner.email]]
    assert mail.outbox[0].subject == "3 assets to review"
    assert "Sheet 14, by" in mail.outbox[0].body
    assert "Sheet 15" not in mail.outbox[0].body


def test_a_new_review_day_is_told_anew(now: datetime) -> None:
    asset = make_asset(review_on=now.date())
    services.remind_owners(at=now)
    services.review_asset(asset=asset, review_on=now.date() + timedelta(days=1), by=asset.owner, at=now)
    assert services.remind_owners(at=now) == 1


def test_who_left_gets_nothing(now: datetime) -> None:
    make_asset(review_on=now.date(), owner=UserFactory(is_active=False))
    services.remind_owners(at=now)
    drain()
    assert mail.outbox == []


def test_the_task_asks_the_service() -> None:
    make_asset()
    assert tasks.remind_owners() == 0
