"""Where partners stand, one and many."""

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from certifications.models import Certification
from lms.partners.models import Partner
from lms.tiers import services
from tests.factories import PartnerFactory, PersonaFactory
from tests.tiers.factories import certify, complete_course, later, member, programme

pytestmark = pytest.mark.django_db


def test_status_tells_tier_way_and_figures(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    complete_course(ann, now)
    found = services.status(partner=Partner.objects.get(pk=ann.partner.pk), at=now + timedelta(hours=1))
    assert found.tier is not None
    assert (found.tier.slug, found.next_tier, found.summary, found.since) == ("select", "Premier", "1 of 2 met", now)
    assert [(row.id, row.figure, row.is_met, row.have) for row in found.rows] == [
        ("premier-sales", "1, needs 2", False, 500),
        ("premier-completion", "100%, needs 60%", True, 1000),
    ]
    assert [row.missing for row in found.missing] == ["1 more person with Halden Sales"]
    assert [row.id for row in found.own_rows] == ["select-sales"]


def test_status_at_the_top_has_no_next_tier(now: datetime) -> None:
    programme()
    ann, bob = (member(partner) for partner in [PartnerFactory()] * 2)
    certify(ann, now)
    certify(bob, now)
    complete_course(ann, now)
    found = services.status(partner=ann.partner, at=later(now, 1))
    assert (found.next_tier, found.rows, len(found.own_rows)) == (None, (), 2)


def test_status_before_the_first_decision(now: datetime) -> None:
    programme()
    found = services.status(partner=PartnerFactory(), at=now)
    assert (found.tier, found.since, found.next_tier, found.risk, found.decision) == (
        None,
        None,
        "Registered",
        None,
        None,
    )


def test_status_says_not_known_where_nothing_was_registered(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    completion = services.status(partner=ann.partner, at=now).rows[1]
    assert (completion.figure, completion.have, completion.is_met) == ("not known, needs 60%", 0, False)


def test_status_without_a_programme(now: datetime) -> None:
    with pytest.raises(services.NoProgrammeInForce):
        services.status(partner=PartnerFactory(), at=now)


def test_risk_names_the_person_whose_certificate_ends(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    last_day = credential.expires_on
    assert last_day is not None
    days = (last_day - now.date()).days
    assert services.status(partner=ann.partner, at=later(now, days - 90)).risk is None
    for found in (
        services.status(partner=ann.partner, at=later(now, days - 41)),
        services.statuses(partners=[ann.partner], at=later(now, days - 41))[ann.partner.pk],
    ):
        risk = found.risk
        assert risk is not None
        assert (risk.on, risk.tier_after) == (last_day + timedelta(days=1), "Registered")
        assert risk.labels == ("Certified sales people",)
        assert risk.endings == ((ann.person.name, "Halden Sales", last_day),)


def test_statuses_agree_with_status_and_leave_out_the_undecided(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    stranger = PartnerFactory()
    partners = list(Partner.objects.order_by("pk"))
    found = services.statuses(partners=partners, at=now)
    assert stranger.pk not in found
    one = services.status(partner=partners[0], at=now)
    assert (found[ann.partner.pk].tier, found[ann.partner.pk].summary) == (one.tier, one.summary)
    assert [row.id for row in found[ann.partner.pk].rows] == [row.id for row in one.rows]


def test_statuses_ask_as_often_for_three_partners_as_for_one(
    now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    programme()
    members = [member(PartnerFactory()) for _ in range(3)]
    credentials = [certify(one, now) for one in members]
    assert credentials[0].expires_on is not None
    soon = later(now, (credentials[0].expires_on - now.date()).days - 30)
    with django_assert_num_queries(2):
        assert len(services.statuses(partners=[members[0].partner], at=soon)) == 1
    with django_assert_num_queries(2):
        found = services.statuses(partners=[one.partner for one in members], at=soon)
    assert all(status.risk for status in found.values())


def test_requirement_view_orders_people_to_act_on(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    ann, bob, eve = (member(partner) for _ in range(3))
    certify(bob, now)
    certify(ann, later(now, -30))
    view = services.requirement_view(partner=partner, requirement="premier-sales", at=later(now, 1))
    assert view is not None
    assert [one.membership for one in view.counted] == [ann, bob]
    assert [(one.membership, one.done, one.total, one.left) for one in view.candidates] == [
        (eve, 0, 1, ("Pre-sales exam",))
    ]
    assert services.requirement_view(partner=partner, requirement="gold-sales", at=now) is None


def test_requirement_view_shows_where_a_figure_comes_from(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    complete_course(ann, now)
    view = services.requirement_view(partner=ann.partner, requirement="premier-completion", at=later(now, 1))
    assert view is not None
    (figure,) = view.figures
    assert (figure.label, figure.text, view.is_about_people) == ("Training completion, last 12 months", "100%", False)
    assert (figure.until, figure.measure.detail["denominator"]) == (later(now, 1), "1")


def test_candidates_are_those_for_whom_the_certification_is(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    certify(member(partner), now)
    rep = member(partner)
    member(partner, persona=PersonaFactory(slug="executive"))
    Certification.objects.get().personas.add(rep.persona)
    view = services.requirement_view(partner=partner, requirement="premier-sales", at=now)
    assert view is not None
    assert [one.membership for one in view.candidates] == [rep]
