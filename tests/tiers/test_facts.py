"""What counts for a partner, and what never does."""

from datetime import datetime, timedelta
from fractions import Fraction
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoAssertNumQueries

from certifications.services import give_career_consent, revoke_credential, withdraw_career_consent
from lms.events.services import drain
from lms.partners.models import Membership
from lms.partners.services import leave_partner
from lms.tiers.engine import Facts
from lms.tiers.services import gather_facts
from lms.tiers.services.facts import year_before
from lms.xapi import vocabulary
from lms.xapi.models import Authority
from lms.xapi.services import record
from lms.xapi.statements import activity, build
from tests.courses.factories import enrolled, published
from tests.factories import MembershipFactory, PartnerFactory, UserFactory
from tests.tiers.factories import LONG_AGO, certify, complete_course, later, member

pytestmark = pytest.mark.django_db


def held(facts: Facts) -> dict[str, list[str]]:
    """Person to codes."""
    return {person.id: [one.code for one in person.held] for person in facts.people or ()}


def who(membership: Membership) -> str:
    return str(membership.person.public_id)


def test_people_hold_what_they_earned_with_its_evidence(now: datetime) -> None:
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    (person,) = gather_facts(partner=ann.partner, at=now).people or ()
    (sales,) = person.held
    assert (person.id, person.persona, person.since, person.until) == (who(ann), "sales_rep", ann.starts_on, None)
    assert (sales.code, sales.reference, sales.until) == ("sales", credential.public_id, credential.expires_on)
    assert sales.statements == (*credential.as_issued.statement_ids, credential.as_issued.statement_id)


def test_credential_counts_from_its_issue_to_its_last_day(now: datetime) -> None:
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    assert credential.expires_on is not None
    days = (credential.expires_on - now.date()).days
    counts = {
        shift: held(gather_facts(partner=ann.partner, at=later(now, shift)))[who(ann)]
        for shift in (-1, 0, days, days + 1)
    }
    assert counts == {-1: [], 0: ["sales"], days: ["sales"], days + 1: []}


def test_revoked_credential_counts_no_more_but_did_before(now: datetime) -> None:
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    manager = UserFactory()
    manager.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    revoke_credential(credential=credential, by=manager, reason="Sat by another", at=later(now, 2))
    assert held(gather_facts(partner=ann.partner, at=later(now, 1))) == {who(ann): ["sales"]}
    assert held(gather_facts(partner=ann.partner, at=later(now, 2))) == {who(ann): []}


def test_leavers_and_closed_accounts_do_not_count(now: datetime) -> None:
    partner = PartnerFactory()
    ann, bob, eve = member(partner), member(partner), member(partner)
    for one in (ann, bob, eve):
        certify(one, now)
    leave_partner(membership=bob, by=None, at=later(now, 1))
    eve.person.is_active = False
    eve.person.save(update_fields=["is_active"])
    assert held(gather_facts(partner=partner, at=later(now, 1))) == {who(ann): ["sales"]}


def test_person_of_two_partners_counts_where_he_earned_it(now: datetime) -> None:
    """BIZ-09: never for both."""
    old, new = PartnerFactory(), PartnerFactory()
    first = member(old)
    second = member(new, person=first.person, starts_on=first.starts_on + timedelta(days=30))
    certify(second, now)
    assert held(gather_facts(partner=new, at=now)) == {who(first): ["sales"]}
    assert held(gather_facts(partner=old, at=now)) == {who(first): []}


def test_mover_brings_what_he_earned_to_his_oldest_membership(now: datetime) -> None:
    """BIZ-11: if he wants, from the day he leaves; still for one partner only."""
    left, elder, younger = PartnerFactory(), PartnerFactory(), PartnerFactory()
    first = member(left, starts_on=datetime(2025, 3, 1).date())
    other = member(younger, person=first.person, starts_on=datetime(2025, 2, 2).date())
    oldest = member(elder, person=first.person, starts_on=datetime(2025, 2, 1).date())
    certify(first, now)
    for membership in (other, oldest):
        give_career_consent(membership=membership, by=first.person, at=now)
    assert held(gather_facts(partner=elder, at=now)) == {who(first): []}
    leave_partner(membership=first, by=None, at=later(now, 1))
    after = [held(gather_facts(partner=partner, at=later(now, 1))) for partner in (left, elder, younger)]
    assert after == [{}, {who(first): ["sales"]}, {who(first): []}]


def test_what_was_earned_elsewhere_counts_where_its_holder_says_so(now: datetime) -> None:
    """Without consent for nobody; with it there, and only from then to its withdrawal."""
    left, elder, younger = PartnerFactory(), PartnerFactory(), PartnerFactory()
    first = member(left)
    member(elder, person=first.person, starts_on=datetime(2025, 2, 1).date())
    wanted = member(younger, person=first.person, starts_on=datetime(2025, 2, 2).date())
    certify(first, now)
    leave_partner(membership=first, by=None, at=later(now, 1))
    give_career_consent(membership=wanted, by=first.person, at=later(now, 3))
    withdraw_career_consent(membership=wanted, by=first.person, at=later(now, 5))
    counted = [
        [held(gather_facts(partner=partner, at=later(now, days))).get(who(first)) for partner in (elder, younger)]
        for days in (2, 3, 5)
    ]
    assert counted == [[[], []], [[], ["sales"]], [[], []]]


def test_person_who_came_back_counts_where_he_earned_it(now: datetime) -> None:
    partner, other = PartnerFactory(), PartnerFactory()
    first = member(partner)
    member(other, person=first.person, starts_on=datetime(2025, 2, 1).date())
    certify(first, now)
    leave_partner(membership=first, by=None, at=later(now, 1))
    MembershipFactory(person=first.person, partner=partner, starts_on=later(now, 3).date())
    assert held(gather_facts(partner=partner, at=later(now, 3))) == {who(first): ["sales"]}
    assert held(gather_facts(partner=other, at=later(now, 3))) == {who(first): []}


def test_credential_without_a_membership_counts_for_the_oldest(now: datetime) -> None:
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    credential.membership = None
    credential.save(update_fields=["membership"])
    assert held(gather_facts(partner=ann.partner, at=now)) == {who(ann): ["sales"]}


def test_completion_rate_comes_with_window_freshness_and_statements(now: datetime) -> None:
    ann = member(PartnerFactory())
    complete_course(ann, now)
    enrolled(published(1, at=LONG_AGO), ann, now)
    drain()
    measure = gather_facts(partner=ann.partner, at=now).measures["completion_rate_12m"]
    assert (measure.value, measure.source) == (Fraction(1, 2), "lms.reporting.completion_rate")
    assert measure.detail == {
        "numerator": "1",
        "denominator": "2",
        "since": "2025-11-16T09:00:00+00:00",
        "until": "2026-11-16T09:00:00+00:00",
    }
    assert measure.as_of != ""
    assert len(measure.statements) == 3


def test_no_registration_in_the_window_is_not_known(now: datetime) -> None:
    ann = member(PartnerFactory())
    complete_course(ann, now)
    assert gather_facts(partner=PartnerFactory(), at=now).measures == {}
    assert gather_facts(partner=ann.partner, at=later(now, 366)).measures == {}


def test_forged_statements_count_for_nothing(now: datetime) -> None:
    ann = member(PartnerFactory())
    enrolment = enrolled(published(1, at=LONG_AGO), ann, now)
    drain()
    forger = Authority.objects.create(name="A client of his own", agent={"mbox": "mailto:forger@x.example"})
    about = activity(enrolment.course.activity_iri, type=vocabulary.COURSE, name="Course")
    for verb in (vocabulary.COMPLETED, vocabulary.PASSED, vocabulary.EARNED):
        statement = build(
            actor=ann.person,
            verb=verb,
            object=about,
            at=now,
            membership=ann,
            registration=enrolment.registration,
            id=uuid4(),
        )
        record([statement], authority=forger, at=now)
    drain()
    facts = gather_facts(partner=ann.partner, at=later(now, 1))
    assert facts.measures["completion_rate_12m"].value == 0
    assert held(facts) == {who(ann): []}


@pytest.mark.parametrize(("at", "before"), [("2024-02-29", "2023-02-28"), ("2026-11-16", "2025-11-16")])
def test_year_before(at: str, before: str) -> None:
    assert year_before(datetime.fromisoformat(at)) == datetime.fromisoformat(before)


def test_gather_asks_as_often_for_three_people_as_for_one(
    now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    partner = PartnerFactory()
    certify(member(partner), now)
    complete_course(Membership.objects.get(), now)
    with django_assert_num_queries(9):
        gather_facts(partner=partner, at=now)
    for _ in range(2):
        certify(member(partner), now)
    with django_assert_num_queries(9):
        gather_facts(partner=partner, at=now)
