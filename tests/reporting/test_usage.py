"""Engagement with its parts, cohorts, and where people stop in a course."""

from datetime import date, timedelta
from fractions import Fraction
from uuid import uuid4

import pytest

from lms.reporting import services
from lms.reporting.models import PartnerPeriod
from lms.reporting.usage import Engagement, Part
from lms.xapi import statements, vocabulary
from lms.xapi.services import platform_authority, record
from tests.factories import MembershipFactory
from tests.reporting.factories import COURSE

MONTH = date(2026, 11, 1)
LESSONS = [(f"https://partners.halden.example/lessons/{number}", f"Lesson {number}") for number in (1, 2)]


def part(label="reach", weight=40, numerator=1, denominator=2):
    return Part(label=label, weight=weight, numerator=numerator, denominator=denominator)


def test_engagement_is_the_weighted_sum_of_its_parts():
    parts = (part(), part("rhythm", 30, 30, 20), part("completion", 30, 2, 3))
    found = Engagement(month=MONTH, parts=parts, as_of=None)
    assert found.exact == 40 * Fraction(1, 2) + 30 + 30 * Fraction(2, 3)
    assert found.index == 70
    assert found.calculation == "40 × reach 1/2 + 30 × rhythm 30/20 + 30 × completion 2/3"


def test_a_part_that_is_not_known_leaves_its_weight_to_the_others():
    found = Engagement(month=MONTH, parts=(part(), part("completion", 30, 0, 0)), as_of=None)
    assert found.index == 50
    assert "completion not known" in found.calculation


def test_without_people_there_is_no_index():
    assert Engagement(month=MONTH, parts=(part(denominator=0),), as_of=None).index is None


@pytest.fixture
def act(now):
    def make(membership, *days, verb=vocabulary.EXPERIENCED, registration=None, **extensions):
        facts = [
            statements.build(
                actor=membership.person,
                verb=verb,
                object=statements.activity(COURSE, type=vocabulary.COURSE, name="Foundations"),
                membership=membership,
                registration=registration,
                extensions=extensions or None,
                at=now + timedelta(days=day),
                id=uuid4(),
            )
            for day in days
        ]
        record(facts, authority=platform_authority(), at=now + timedelta(days=90))
        services.follow_statements()

    return make


def test_engagement_of_one_partner_and_of_many_is_the_same(act, take, membership, now, django_assert_num_queries):
    MembershipFactory(partner=membership.partner)
    MembershipFactory(partner=membership.partner, starts_on=date(2026, 12, 1))
    other = MembershipFactory()
    act(membership, 0, 1)
    take(registered=1, completed=2)
    one = services.engagement(partner=membership.partner, month=MONTH)
    assert [(p.numerator, p.denominator) for p in one.parts] == [(1, 2), (2, 4), (1, 1)]
    assert one.index == 65
    with django_assert_num_queries(6):
        many = services.engagement_by_partner(partners=[membership.partner, other.partner], month=MONTH)
    assert many[membership.partner.pk].parts == one.parts
    assert many[other.partner.pk].index == 0


def test_weeks_and_months_without_activity_are_zero(act, membership, now):
    act(membership, 0)
    weeks = services.usage_by_period(unit=PartnerPeriod.Unit.WEEK, at=now + timedelta(days=7), count=3)
    assert [(week.start.day, week.people) for week in weeks] == [(9, 0), (16, 1), (23, 0)]
    months = services.usage_by_period(partner=membership.partner, unit=PartnerPeriod.Unit.MONTH, at=now, count=2)
    assert [(month.end, month.visits) for month in months] == [(MONTH, 0), (date(2026, 12, 1), 1)]


def test_people_with_the_most_time_come_first_and_days_outside_are_out(act, membership, now):
    colleague = MembershipFactory(partner=membership.partner)
    act(membership, 0)
    act(colleague, 0, 1, 9)
    found = services.people_use(partner=membership.partner, since=now.date(), until=now.date() + timedelta(days=2))
    assert [(one.name, one.visits, one.minutes, one.last_day.day) for one in found] == [
        (colleague.person.name, 2, 10, 17),
        (membership.person.name, 1, 5, 16),
    ]


def test_cohorts_wait_until_all_have_had_the_days(take, now):
    take(registered=-40, completed=-30)  # October: within 30 days
    take(registered=-40, completed=1)  # October: within 60
    take(registered=-40, withdrew=-1)
    take(registered=0)
    until = now + timedelta(days=16)  # 2 December: November has not had thirty days
    october, november, december = services.cohorts(until=until, months=3)
    assert (october.month, october.registered, october.within) == (
        date(2026, 10, 1),
        2,
        ((30, 1), (60, None), (90, None)),
    )
    assert (november.registered, november.within) == (1, ((30, None), (60, None), (90, None)))
    assert december.registered == 0
    past = services.cohorts(until=now + timedelta(days=60), months=4)[0]
    assert (past.registered, past.within) == (2, ((30, 1), (60, 2), (90, None)))


def test_drop_off_counts_the_registrations_of_the_rate(act, take, membership, now):
    registrations = [take(registered=-2, completed=1), take(registered=-2), take(registered=-2)]
    gone = take(registered=-2, withdrew=0)
    for registration in (*registrations[:2], gone):
        act(
            membership,
            0,
            verb=vocabulary.PROGRESSED,
            registration=registration,
            **{vocabulary.LESSON_EXTENSION: LESSONS[0][0]},
        )
    act(
        membership,
        1,
        verb=vocabulary.PROGRESSED,
        registration=registrations[0],
        **{vocabulary.LESSON_EXTENSION: LESSONS[1][0]},
    )
    window = {"since": now - timedelta(days=30), "until": now + timedelta(days=5)}
    found = services.drop_off(course_iri=COURSE, lessons=LESSONS, partner=membership.partner, **window)
    assert (found.registered, found.completed) == (3, 1)
    assert [(step.name, step.reached, step.lost) for step in found.steps] == [("Lesson 1", 2, 1), ("Lesson 2", 1, 1)]
    assert found.worst.name == "Lesson 1"
    earlier = services.drop_off(
        course_iri=COURSE, lessons=LESSONS, since=window["since"], until=now + timedelta(hours=1)
    )
    assert [step.reached for step in earlier.steps] == [2, 0]
