"""Reports by letter: wanted once, sent once per period, by the permission of the day."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from lms.partners.models import Membership
from lms.reporting import services
from lms.reporting.models import ReportLetter, SentReport
from lms.reporting.services import letters
from tests.factories import MembershipFactory


@pytest.fixture
def manager(membership):
    return MembershipFactory(partner=membership.partner, role=Membership.Role.MANAGER)


def want(manager, at, rhythm="weekly"):
    return services.want_letters(person=manager.person, report="partner", partner=manager.partner, rhythm=rhythm, at=at)


def test_wanting_twice_is_wanting_once_and_may_change_the_rhythm(manager, now):
    first = want(manager, now)
    assert want(manager, now).pk == first.pk
    assert want(manager, now + timedelta(days=1), "monthly").rhythm == "monthly"
    assert ReportLetter.objects.count() == 1


@pytest.mark.parametrize(("rhythm", "days"), [("weekly", 7), ("monthly", 15)])
def test_a_letter_is_due_once_per_period_that_begins_after_it_was_wanted(manager, now, rhythm, days):
    want(manager, now, rhythm)  # a Monday, the 16th
    assert services.send_due_reports(at=now + timedelta(hours=1)) == 0
    assert services.send_due_reports(at=now + timedelta(days=days - 1)) == 0
    assert services.send_due_reports(at=now + timedelta(days=days)) == 1
    assert services.send_due_reports(at=now + timedelta(days=days, hours=3)) == 0
    assert SentReport.objects.get().period == (now + timedelta(days=days)).date()


def test_ended_letters_are_not_sent_and_end_once(manager, now):
    letter = want(manager, now)
    assert services.end_letters(letter=letter, at=now)
    assert not services.end_letters(letter=letter, at=now)
    assert services.send_due_reports(at=now + timedelta(days=7)) == 0
    assert want(manager, now).pk != letter.pk


def test_who_may_no_longer_see_the_figures_gets_no_letter(manager, now):
    letter = want(manager, now)
    assert letters.may_have(letter.person, letter)
    manager.role = Membership.Role.MEMBER
    manager.save(update_fields=["role"])
    fresh = ReportLetter.objects.get(pk=letter.pk)
    assert not letters.may_have(fresh.person, fresh)


def test_the_database_refuses_a_report_of_nothing_and_one_wanted_twice(manager, now):
    want(manager, now)
    wrong = [
        {"report": "partner", "partner": None},
        {"report": "overview", "partner": manager.partner},
        {"report": "partner", "partner": manager.partner},
    ]
    for values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            ReportLetter.objects.create(person=manager.person, rhythm="weekly", wanted_at=now, **values)
    ReportLetter.objects.create(person=manager.person, report="overview", rhythm="weekly", wanted_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportLetter.objects.create(person=manager.person, report="overview", rhythm="monthly", wanted_at=now)
