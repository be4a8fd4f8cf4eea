"""What a completion rate counts."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from lms.reporting import services
from lms.reporting.models import CourseRecord
from lms.reporting.rates import Rate, month_start, year_before
from lms.xapi.models import Statement
from tests.factories import MembershipFactory, PersonaFactory

OTHER = "https://partners.halden.example/courses/2"


def rate(now, **narrowed):
    found = services.completion_rate(since=now, until=now + timedelta(days=30), **narrowed)
    return found.numerator, found.denominator


@pytest.mark.parametrize(
    ("facts", "counted"),
    [
        ({"registered": 0}, (0, 1)),
        ({"registered": -0.001}, (0, 0)),
        ({"registered": 29.999}, (0, 1)),
        ({"registered": 30}, (0, 0)),
        ({"registered": 1, "completed": 2}, (1, 1)),
        ({"registered": 1, "completed": 29.999}, (1, 1)),
        ({"registered": 1, "completed": 30}, (0, 1)),
        ({"registered": -1, "completed": 2}, (0, 0)),
        ({"registered": 1, "withdrew": 2}, (0, 0)),
        ({"registered": 1, "withdrew": 30}, (0, 1)),
        ({"completed": 2}, (0, 0)),
    ],
)
def test_completion_rate_of_a_window(take, now, facts, counted):
    take(**facts)
    assert rate(now) == counted


def test_completion_rate_counts_a_person_once_per_registration(take, now):
    take(registered=1, completed=2)
    take(registered=1, withdrew=2)
    take(registered=3)
    take(course=OTHER, registered=1)
    assert rate(now) == (1, 3)
    assert rate(now, course_iri=OTHER) == (0, 1)


def test_completion_rate_by_partner_and_persona(take, now, membership):
    engineer = MembershipFactory(persona=PersonaFactory(slug="engineer"))
    take(registered=1, completed=2)
    take(by=engineer, registered=1)
    assert rate(now, partner=membership.partner) == (1, 1)
    assert rate(now, partner=engineer.partner) == (0, 1)
    assert rate(now, persona="engineer") == (0, 1)
    assert rate(now, persona="engineer", partner=membership.partner) == (0, 0)


def test_rate_is_exact_and_tells_its_freshness(take, now):
    for _ in range(2):
        take(registered=1)
    take(registered=1, completed=2)
    found = services.completion_rate(since=now, until=now + timedelta(days=30))
    assert (found.share, found.percent) == (Fraction(1, 3), 33)
    assert found.as_of == Statement.objects.latest("stored_at").stored_at


def test_rate_of_nobody_is_neither_good_nor_bad(db, now):
    found = services.completion_rate(since=now, until=now)
    assert (found.share, found.percent, found.as_of) == (None, None, None)


def test_percent_never_rounds_up(now):
    assert Rate(numerator=399, denominator=400, since=now, until=now, as_of=None).percent == 99


def test_rates_by_course_join_a_renamed_course_under_its_newest_name(take, now, membership):
    take(name="Zebra", registered=1, completed=2)
    take(name="Ant", registered=3)
    take(course=OTHER, name="Bee", registered=1)
    take(by=MembershipFactory(), name="Foreign", registered=4)
    groups = services.rates_by_course(partner=membership.partner, since=now, until=now + timedelta(days=30))
    assert [(group.name, group.rate.numerator, group.rate.denominator) for group in groups] == [
        ("Ant", 1, 2),
        ("Bee", 0, 1),
    ]


def test_rates_by_persona_and_partner(take, now, membership):
    other = MembershipFactory(persona=PersonaFactory(slug="engineer"))
    take(registered=1, completed=2)
    take(by=other, registered=1)
    window = {"since": now, "until": now + timedelta(days=30)}
    personas = services.rates_by_persona(**window)
    assert [(group.key, group.name, group.rate.percent) for group in personas] == [
        ("engineer", "Engineer", 0),
        ("sales_rep", "Sales rep", 100),
    ]
    partners = services.rates_by_partner(**window)
    assert {group.key: group.rate.percent for group in partners} == {
        membership.partner.public_id: 100,
        other.partner.public_id: 0,
    }


def test_monthly_rates_are_of_the_year_before_each_month(take, now, membership):
    take(registered=-40, completed=-20)
    take(registered=-10)
    rates = services.monthly_rates(partner=membership.partner, until=now)
    assert [entry.until for entry in rates[-3:]] == [
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        now,
    ]
    assert [(entry.numerator, entry.denominator) for entry in rates] == [(0, 0)] * 10 + [(1, 1), (1, 2)]
    assert rates[-1] == services.completion_rate(partner=membership.partner, since=rates[-1].since, until=now)


@pytest.mark.parametrize(
    ("at", "back", "start"),
    [((2026, 3, 31), 1, (2026, 2, 1)), ((2026, 1, 5), 1, (2025, 12, 1)), ((2026, 12, 9), 0, (2026, 12, 1))],
)
def test_month_start(at, back, start):
    assert month_start(datetime(*at, 5, tzinfo=UTC), back) == datetime(*start, tzinfo=UTC)


def test_year_before_a_leap_day():
    assert year_before(datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2027, 2, 28, tzinfo=UTC)


def test_evidence_names_the_statements_that_are_counted(take, now, membership):
    done = CourseRecord.objects.get(registration=take(registered=1, completed=2))
    begun = CourseRecord.objects.get(registration=take(registered=3, completed=40))
    take(registered=1, withdrew=2)
    take(registered=-5, completed=2)
    found = services.evidence(partner=membership.partner, since=now, until=now + timedelta(days=30))
    assert found == [done.registered_statement, done.completed_statement, begun.registered_statement]


def test_course_records_are_the_partners_own_newest_first(take, membership):
    first, second = take(registered=1), take(registered=2)
    take(by=MembershipFactory(), registered=3)
    assert [record.registration for record in services.course_records(membership.partner)] == [second, first]


@pytest.mark.parametrize("size", [1, 3])
def test_query_counts_do_not_depend_on_size(take, now, membership, django_assert_num_queries, size):
    for number in range(size):
        take(course=f"{OTHER}/{number}", registered=1, completed=2)
    window = {"since": now, "until": now + timedelta(days=30)}
    with django_assert_num_queries(2):
        services.completion_rate(partner=membership.partner, **window)
    with django_assert_num_queries(2):
        assert len(services.rates_by_course(partner=membership.partner, **window)) == size
    with django_assert_num_queries(3):
        services.rates_by_persona(partner=membership.partner, **window)
    with django_assert_num_queries(3):
        services.rates_by_partner(**window)
    with django_assert_num_queries(2):
        services.monthly_rates(partner=membership.partner, until=now)
    with django_assert_num_queries(1):
        assert len(services.evidence(partner=membership.partner, **window)) == 2 * size
    with django_assert_num_queries(1):
        assert len([record.person.name for record in services.course_records(membership.partner)]) == size
