"""Partner page, its people, one person, all partners, my courses."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from courses import services as courses
from lms.accounts.models import User
from lms.partners.alignment import Verdict
from lms.partners.models import Membership
from lms.partners.services import answer_alignment, invite_person, name_counterpart, suspend_partner
from lms.partners.sides import Function, Side
from lms.portal.charts import completion_chart
from lms.reporting.services import Rate
from lms.tiers.services import evaluate_partner
from tests.certifications.factories import certification, completed, exam
from tests.courses.factories import enrolled, lessons, published
from tests.factories import MembershipFactory, PersonaFactory
from tests.portal.conftest import House, build_house, page, signed_in
from tests.tiers.factories import LONG_AGO, certify

pytestmark = pytest.mark.django_db


def partner_url(house: House) -> str:
    return reverse("portal:partner", args=[house.partner.public_id])


def people_url(house: House) -> str:
    return reverse("portal:partner_people", args=[house.partner.public_id])


def person_url(house: House, membership: Membership) -> str:
    return reverse("portal:person", args=[house.partner.public_id, membership.public_id])


@pytest.mark.parametrize(
    ("who", "partner", "people", "person", "everybody"),
    [
        ("manager", 200, 200, 200, 403),
        ("rep", 200, 403, 404, 403),
        ("stranger", 404, 404, 404, 403),
        ("channel", 200, 200, 200, 200),
        ("nobody", 302, 302, 302, 302),
    ],
)
def test_pages_are_for_whom_they_concern(
    kestrel: House,
    merlin: House,
    channel_manager: User,
    who: str,
    partner: int,
    people: int,
    person: int,
    everybody: int,
) -> None:
    """TEN-23, TEN-29: manager, rep, the other partner's manager, channel manager, nobody."""
    users = {
        "manager": kestrel.manager.person,
        "rep": kestrel.rep.person,
        "stranger": merlin.manager.person,
        "channel": channel_manager,
    }
    client = signed_in(users[who]) if who in users else Client()
    paths = [partner_url(kestrel), people_url(kestrel), person_url(kestrel, kestrel.manager), "/partners/"]
    assert [client.get(path).status_code for path in paths] == [partner, people, person, everybody]


def test_rep_sees_himself_only(kestrel: House) -> None:
    """TEN-23: the tier and its requirements, but nobody's name, figure or address."""
    client = signed_in(kestrel.rep.person)
    text = page(client, partner_url(kestrel))
    assert "On the way to Select" in text
    assert "Mira Kestrel" not in text
    assert "Training completion</h2>" not in text
    assert client.get(person_url(kestrel, kestrel.rep)).status_code == 200


def test_nothing_of_another_partner_is_on_a_managers_pages(kestrel: House, merlin: House) -> None:
    client = signed_in(kestrel.manager.person)
    for path in ("/", partner_url(kestrel), people_url(kestrel), "/my/learning/"):
        assert "Merlin" not in page(client, path)
    foreign = [person_url(kestrel, merlin.rep), reverse("portal:person", args=[kestrel.partner.public_id, uuid4()])]
    assert client.get(foreign[0]).content == client.get(foreign[1]).content


def test_partner_page_shows_tier_requirements_and_decision(kestrel: House, at: datetime) -> None:
    certify(kestrel.rep, at - timedelta(days=1))
    text = page(signed_in(kestrel.manager.person), partner_url(kestrel))
    assert '<span class="badge" data-tone="gold">Select</span> since' in text
    assert "On the way to Premier" in text
    assert "Certified sales people" in text
    assert "1, needs 2" in text
    assert "1 more person with Halden Sales" in text
    assert "Why Select? See the decision" in text


def test_partner_page_shows_the_rate_with_its_definition(kestrel: House, at: datetime) -> None:
    completed(published(1, at=LONG_AGO), kestrel.rep, at - timedelta(hours=2))
    enrolled(published(1, at=LONG_AGO), kestrel.rep, at - timedelta(hours=2))
    text = page(signed_in(kestrel.manager.person), partner_url(kestrel))
    assert '<p class="stat-value">50%</p>' in text
    assert "1 of 2 courses begun in the year before were completed" in text


def test_partner_page_without_registrations_has_no_figure(kestrel: House) -> None:
    text = page(signed_in(kestrel.manager.person), partner_url(kestrel))
    assert "Nobody was enrolled in the last twelve months" in text
    assert "0%" not in text


def test_partner_page_before_any_programme() -> None:
    membership = MembershipFactory(role=Membership.Role.MANAGER)
    text = page(signed_in(membership.person), reverse("portal:partner", args=[membership.partner.public_id]))
    assert "No partner programme is in force yet" in text


def test_partner_page_warns_who_would_cost_the_tier(kestrel: House, at: datetime) -> None:
    credential = certify(kestrel.rep, at - timedelta(days=300))
    credential.expires_on = at.date() + timedelta(days=41)
    credential.save(update_fields=["expires_on"])
    evaluate_partner(partner=kestrel.partner, at=at)
    text = page(signed_in(kestrel.manager.person), partner_url(kestrel))
    assert "Without action Kestrel falls to Registered" in text
    assert "Rolf Kestrel" in text.split("At risk")[1].split("</section>")[0]
    own = page(signed_in(kestrel.rep.person), partner_url(kestrel))
    assert "Rolf" not in own.split("At risk")[1].split("</section>")[0]


def test_people_table_counts_courses_and_certificates(kestrel: House, at: datetime) -> None:
    completed(published(1, at=LONG_AGO), kestrel.rep, at - timedelta(days=1))
    enrolled(published(1, at=LONG_AGO), kestrel.rep, at - timedelta(days=1))
    withdrawn = enrolled(published(1, at=LONG_AGO), kestrel.rep, at - timedelta(days=1))
    courses.withdraw_enrolment(enrolment=withdrawn, by=kestrel.rep.person, at=at)
    certify(kestrel.rep, at - timedelta(days=1))
    row = page(signed_in(kestrel.manager.person), people_url(kestrel)).split("Rolf Kestrel")[1].split("</tr>")[0]
    assert 'data-label="Completed">1 of 2<' in row
    assert 'data-label="Certificates">1<' in row


def test_people_are_searched_by_name_and_address(kestrel: House) -> None:
    MembershipFactory(partner=kestrel.partner, person__name="محمد الخطيب", person__email="m.alkhatib@k.example")
    client = signed_in(kestrel.manager.person)
    for wanted in ("محمد", "alkhatib", "ALKHATIB k.example"):
        fragment = client.get(people_url(kestrel), {"q": wanted}, headers={"HX-Request": "true"}).content.decode()
        assert fragment.count("<tr>") == 2
        assert "<html" not in fragment
    assert "Nobody matches “zzz”" in page(client, people_url(kestrel) + "?q=zzz")


@pytest.mark.parametrize("query", ['"', "%", "'\">", "a\x01b", "x " * 1500, "\\", "*", "<script>alert(1)</script>"])
def test_people_search_digests_anything(kestrel: House, query: str) -> None:
    """WEB-11, XSS-10."""
    response = signed_in(kestrel.manager.person).get(people_url(kestrel), {"q": query})
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


@pytest.mark.parametrize("number", ["-1", "0", "99999999999999999999", "x", "1e9"])
def test_people_pages_are_bounded(kestrel: House, number: str) -> None:
    """WEB-10."""
    assert signed_in(kestrel.manager.person).get(people_url(kestrel), {"page": number}).status_code == 200


def test_people_come_in_pages_of_twenty(kestrel: House) -> None:
    MembershipFactory.create_batch(25, partner=kestrel.partner)
    client = signed_in(kestrel.manager.person)
    first, second = (page(client, f"{people_url(kestrel)}?page={number}") for number in (1, 2))
    assert ("1 to 20 of 27" in first, "21 to 27 of 27" in second) == (True, True)
    assert "All 27 people" in page(client, partner_url(kestrel))


def test_invitations_that_wait_are_listed_for_who_may_invite(kestrel: House, merlin: House, at: datetime) -> None:
    for house in (kestrel, merlin):
        invite_person(
            partner=house.partner,
            email=f"new@{house.partner.slug}.example",
            persona=PersonaFactory(),
            by=house.manager.person,
            at=at,
        )
    text = page(signed_in(kestrel.manager.person), people_url(kestrel))
    assert f"new@{kestrel.partner.slug}.example" in text
    assert f"new@{merlin.partner.slug}.example" not in text


def test_person_page_shows_progress_certificates_and_way(kestrel: House, at: datetime) -> None:
    version = published(2, at=LONG_AGO, title="Sizing")
    enrolment = enrolled(version, kestrel.rep, at - timedelta(days=1))
    courses.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=at)
    certify(kestrel.rep, at - timedelta(days=1))
    certification(exam("second", minutes=75), slug="second", title="Second")
    text = page(signed_in(kestrel.manager.person), person_url(kestrel, kestrel.rep))
    assert "1 of 2 lessons done" in text
    assert '<span class="badge" data-tone="accent">Valid</span>' in text
    assert "1 h 15 min left" in text
    assert kestrel.rep.person.email in text
    assert "End the membership" in text


def test_channel_manager_reads_but_does_not_manage(kestrel: House, channel_manager: User) -> None:
    text = page(signed_in(channel_manager), person_url(kestrel, kestrel.rep))
    assert "End the membership" not in text
    assert "Change persona or role" not in text


def test_leaver_is_no_longer_found_under_the_partner(kestrel: House, at: datetime) -> None:
    """AUTH-29."""
    kestrel.rep.ends_on, kestrel.rep.ended_at = at.date(), at
    kestrel.rep.save(update_fields=["ends_on", "ended_at"])
    client = signed_in(kestrel.manager.person)
    assert client.get(person_url(kestrel, kestrel.rep)).status_code == 404
    assert "Rolf" not in page(client, people_url(kestrel))


def test_my_courses(kestrel: House, at: datetime) -> None:
    client = signed_in(kestrel.rep.person)
    assert "No courses yet" in page(client, "/my/learning/")
    enrolled(published(2, at=LONG_AGO, title="Begun one"), kestrel.rep, at - timedelta(days=1))
    completed(published(1, at=LONG_AGO, title="Done one"), kestrel.rep, at - timedelta(hours=3))
    text = page(client, "/my/learning/")
    assert text.index("Begun one") < text.index("Done one")
    assert "0 of 2 lessons done" in text
    assert "Begun one" not in page(signed_in(kestrel.manager.person), "/my/learning/")


def test_partners_table_puts_the_risk_first(kestrel: House, merlin: House, channel_manager: User, at: datetime) -> None:
    certification(exam("sales"), slug="sales", title="Sales", valid_months=12)
    certify(merlin.rep, at - timedelta(days=340))
    evaluate_partner(partner=merlin.partner, at=at)
    text = page(signed_in(channel_manager), "/partners/")
    assert "2 partners. 1 would lose the tier" in text
    assert text.index("Merlin") < text.index("Kestrel")


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("name", "Kestrel"),
        ("-name", "Merlin"),
        ("tier", "Kestrel"),
        ("-tier", "Merlin"),
        ("distance", "Merlin"),
        ("-rate", "Merlin"),
        ("-people", "Kestrel"),
        ("risk", "Kestrel"),
        ("partner__memberships__person__password", "Kestrel"),
        ("-", "Kestrel"),
    ],
)
def test_partners_are_sorted_by_what_is_listed(
    kestrel: House, merlin: House, channel_manager: User, at: datetime, sort: str, first: str
) -> None:
    """TEN-09: an order that is not on the list is the default."""
    MembershipFactory(partner=kestrel.partner)
    certify(merlin.rep, at - timedelta(days=1))
    completed(published(1, at=LONG_AGO), merlin.rep, at - timedelta(hours=1))
    text = page(signed_in(channel_manager), f"/partners/?sort={sort}").split("<tbody>")[1]
    second = {"Kestrel": "Merlin", "Merlin": "Kestrel"}[first]
    assert text.index(first) < text.index(second)


def test_partners_table_marks_its_order(kestrel: House, channel_manager: User) -> None:
    text = page(signed_in(channel_manager), "/partners/?sort=-rate")
    assert '<th scope="col" aria-sort="descending"><a href="?sort=rate">' in text


def test_no_partners_yet(channel_manager: User) -> None:
    assert "No partners yet" in page(signed_in(channel_manager), "/partners/")


def test_suspended_partner_is_shown_to_the_channel_manager(kestrel: House, channel_manager: User, at: datetime) -> None:
    """TEN-25: history stays with its owner."""
    suspend_partner(partner=kestrel.partner, by=channel_manager, reason="Unpaid", at=at)
    client = signed_in(channel_manager)
    assert "Suspended" in page(client, "/partners/")
    assert "Rolf Kestrel" in page(client, partner_url(kestrel))
    assert signed_in(kestrel.manager.person).get(partner_url(kestrel)).status_code == 403


def test_names_are_text(kestrel: House, merlin: House, channel_manager: User) -> None:
    """XSS-01, XSS-02: in headings, titles, rows and attributes."""
    marker = '"><img src=x onerror=alert(1)>'
    User.objects.filter(pk=kestrel.rep.person.pk).update(name=marker)
    kestrel.partner.name = marker
    kestrel.partner.save(update_fields=["name"])
    manager, channel = signed_in(kestrel.manager.person), signed_in(channel_manager)
    for client, path in [
        (manager, "/"),
        (manager, partner_url(kestrel)),
        (manager, people_url(kestrel)),
        (manager, person_url(kestrel, kestrel.rep)),
        (channel, "/partners/"),
    ]:
        assert "<img src=x" not in page(client, path)


def rate(numerator: int, denominator: int, at: datetime) -> Rate:
    return Rate(numerator=numerator, denominator=denominator, since=at - timedelta(days=365), until=at, as_of=at)


def test_chart_has_no_point_without_registrations(now: datetime) -> None:
    chart = completion_chart([rate(0, 0, now), rate(1, 2, now), rate(2, 2, now)])
    assert chart is not None
    assert chart["points"] == "153.0,56.0 300.0,22.0"
    assert [row["value"] for row in chart["rows"]] == ["100% (2 of 2)", "50% (1 of 2)", "Nobody was enrolled"]
    assert completion_chart([rate(0, 0, now), rate(1, 2, now)]) is None


QUERIES = {"partner": 29, "people": 11, "person": 18, "partners": 12, "my_learning": 6}


@pytest.mark.parametrize("several", [1, 3])
@pytest.mark.parametrize("name", list(QUERIES))
def test_pages_take_the_same_queries(
    kestrel: House, channel_manager: User, at: datetime, name: str, several: int, django_assert_num_queries: object
) -> None:
    for number in range(several):
        member = MembershipFactory(partner=kestrel.partner)
        certify(member, at - timedelta(days=number + 1))
        version = published(1, at=LONG_AGO)
        enrolled(version, kestrel.manager, at - timedelta(days=1))
        enrolled(version, member, at - timedelta(days=1))
        for house in (kestrel, build_house(f"House {number}", at)):
            name_counterpart(
                partner=house.partner,
                side=Side.VENDOR,
                function=Function.EXECUTIVE,
                person=channel_manager,
                by=channel_manager,
                at=at,
            )
            answer_alignment(
                partner=house.partner,
                question="goals",
                version=1,
                verdict=Verdict.MISFIT,
                sentence="They sell direct",
                by=channel_manager,
                at=at,
            )
    paths = {
        "partner": partner_url(kestrel),
        "people": people_url(kestrel),
        "person": person_url(kestrel, kestrel.manager),
        "partners": "/partners/",
        "my_learning": "/my/learning/",
    }
    client = signed_in(channel_manager if name == "partners" else kestrel.manager.person)
    page(client, paths[name])
    with django_assert_num_queries(QUERIES[name]):  # type: ignore[operator]
        client.get(paths[name])
