"""Home: where I stand, one click on, three needs, what ends, what changed."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from courses import services as courses
from lms.accounts.models import User
from lms.common.needs import NeedLink
from lms.portal.home import greeting
from lms.portal.words import count_words, listed, minutes_words
from lms.tiers.services import evaluate_partner
from tests.certifications.factories import certification, completed, exam
from tests.courses.factories import enrolled, lessons, published
from tests.factories import MembershipFactory, UserFactory
from tests.portal.conftest import House, page, signed_in
from tests.tiers.factories import DOCUMENT, LONG_AGO, certify, programme

pytestmark = pytest.mark.django_db
HOME = "/"


def test_home_needs_signing_in() -> None:
    assert Client().get(HOME).headers["Location"] == reverse("account_login") + "?next=/"


def test_home_greets_and_says_what_is_next(kestrel: House) -> None:
    text = page(signed_in(kestrel.rep.person), HOME)
    assert ", Rolf</h1>" in text
    assert "Kestrel needs 1 more person with Halden Sales for Select." in text
    assert reverse("portal:partner", args=[kestrel.partner.public_id]) in text


def test_home_before_any_programme() -> None:
    membership = MembershipFactory(partner__name="Osprey")
    assert "Osprey has no tier yet" in page(signed_in(membership.person), HOME)


def test_home_at_the_top(kestrel: House, at: datetime) -> None:
    for membership in (kestrel.manager, kestrel.rep):
        certify(membership, at - timedelta(days=1))
    completed(published(1, at=LONG_AGO), kestrel.rep, at - timedelta(hours=1))
    assert "Kestrel holds Premier, the highest tier." in page(signed_in(kestrel.rep.person), HOME)


def test_home_says_how_many_requirements_are_met_when_many_lack(kestrel: House, at: datetime) -> None:
    document = copy.deepcopy(DOCUMENT)
    wanted = document["tiers"][1]["requires"]["all"]
    wanted += [{"id": f"r{number}", "metric": "completion_rate_12m", "gte": 0.5 + number / 10} for number in range(3)]
    programme(document=document, effective_at=at + timedelta(seconds=1))
    evaluate_partner(partner=kestrel.partner, at=at + timedelta(seconds=2))
    text = page(signed_in(kestrel.rep.person), HOME)
    assert "0 of 4 requirements for Select are met at Kestrel." in text


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        ({"id": "r", "evidence": {"kind": "story"}, "label": "A signed story"}, "needs a signed story (0 of 1) for"),
        ({"id": "r", "metric": "completion_rate_12m", "gte": 0.5, "label": "Training"}, "needs training at 50% (now "),
    ],
)
def test_home_says_what_is_lacking_as_it_is_counted(
    kestrel: House, at: datetime, requirement: dict[str, Any], words: str
) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["tiers"][1]["requires"]["all"] = [requirement]
    programme(document=document, effective_at=at + timedelta(seconds=1))
    evaluate_partner(partner=kestrel.partner, at=at + timedelta(seconds=2))
    assert f"Kestrel {words}" in page(signed_in(kestrel.rep.person), HOME)


def test_home_continues_the_course_touched_last(kestrel: House, at: datetime) -> None:
    older = enrolled(published(1, at=LONG_AGO, title="Older"), kestrel.rep, at - timedelta(days=9))
    newer = published(2, 1, at=LONG_AGO, title="Sizing")
    enrolment = enrolled(newer, kestrel.rep, at - timedelta(days=8))
    certification(newer, exam("sizing"), slug="sizing", title="Sizing")
    courses.open_lesson(enrolment=older, lesson=lessons(older.version)[0], at=at - timedelta(days=3))
    courses.complete_lesson(enrolment=enrolment, lesson=lessons(newer)[0], at=at - timedelta(days=2))
    text = page(signed_in(kestrel.rep.person), HOME)
    assert "Continue · Sizing" in text
    assert "Lesson 2 of 3: Lesson 2" in text
    assert "1 of 3 lessons done · 10 min left · then the exam opens" in text
    assert reverse("cms:lesson", args=[newer.course.slug, "lesson-2"]) in text


def test_home_proposes_the_next_step_when_nothing_is_open(kestrel: House) -> None:
    certification(published(1, at=LONG_AGO, title="First steps"), slug="start", title="Starter")
    text = page(signed_in(kestrel.rep.person), HOME)
    assert "Begin · Starter" in text
    assert "First steps" in text


def test_home_without_anything_leads_to_the_catalogue(kestrel: House) -> None:
    text = page(signed_in(kestrel.rep.person), HOME)
    assert "Nothing is open" in text
    assert reverse("cms:catalogue") in text


def test_home_shows_three_answers_for_a_need(kestrel: House, answers: list[NeedLink]) -> None:
    answers += [NeedLink(title=f"Playbook {number}", url=f"/p{number}/", meta="8 min") for number in range(5)]
    client = signed_in(kestrel.rep.person)
    text = page(client, HOME)
    assert ("Register a deal" in text, "Our deals" in text, text.count("Playbook ")) == (True, True, 1)
    assert page(client, "/needs/close-a-deal/").count("Playbook ") == 5


def test_home_shows_ways_and_certificates_under_get_certified(kestrel: House, at: datetime) -> None:
    certify(kestrel.rep, at - timedelta(days=1))
    certification(exam("second", minutes=75), slug="second", title="Second")
    client = signed_in(kestrel.rep.person)
    text = page(client, "/needs/get-certified/")
    assert text.index("Second") < text.index("My certificates")
    assert "1 h 15 min" in text
    assert reverse("certifications:certification", args=["sales"]) not in text, "held: nothing to do"


def test_home_warns_of_what_ends_soon(kestrel: House, at: datetime) -> None:
    credential = certify(kestrel.rep, at - timedelta(days=300))
    credential.expires_on = at.date() + timedelta(days=41)
    credential.save(update_fields=["expires_on"])
    text = page(signed_in(kestrel.rep.person), HOME)
    assert "in 41 days" in text
    assert "Renewing takes 1 h." in text


def test_home_says_that_nothing_ends(kestrel: House) -> None:
    assert "None of your certificates ends within 90 days." in page(signed_in(kestrel.rep.person), HOME)


def test_home_tells_what_changed_since_the_last_visit(kestrel: House, at: datetime) -> None:
    """The last visit is the sign-in before this one."""
    course = published(1, at=LONG_AGO, title="Sizing").course
    enrolled(course.versions.get(), kestrel.rep, at - timedelta(days=30))
    User.objects.filter(pk=kestrel.rep.person.pk).update(last_login=at - timedelta(days=2))
    certify(kestrel.rep, at - timedelta(days=1))
    published(2, at=at - timedelta(hours=2), course=course, title="Sizing")
    person = User.objects.get(pk=kestrel.rep.person.pk)
    text = page(signed_in(person), HOME)
    assert "“Sizing” was revised" in text
    assert "You are now Sales" in text
    assert "Kestrel is now Select" in text
    again = page(signed_in(User.objects.get(pk=person.pk)), HOME)
    assert "was revised" not in again
    assert "Nothing since" in again


def test_home_of_a_channel_manager_counts_the_partners(kestrel: House, merlin: House, channel_manager: User) -> None:
    text = page(signed_in(channel_manager), HOME)
    assert "2 partners, none of them about to lose a tier." in text
    assert 'href="/partners/"' in text


def test_home_of_an_author_leads_to_the_content(db: None) -> None:
    author = UserFactory()
    author.groups.add(Group.objects.get(name="Channel marketing"))
    text = page(signed_in(author), HOME)
    assert "Here is what your partners see" in text
    assert 'href="/admin/"' in text


def test_home_of_a_leaver_keeps_what_he_earned(kestrel: House, at: datetime) -> None:
    certify(kestrel.rep, at - timedelta(days=2))
    kestrel.rep.ends_on, kestrel.rep.ended_at = at.date(), at
    kestrel.rep.save(update_fields=["ends_on", "ended_at"])
    text = page(signed_in(kestrel.rep.person), HOME)
    assert "You belong to no partner at the moment" in text
    assert "Kestrel" not in text.split("<main")[1]


@pytest.mark.parametrize("several", [1, 3])
def test_home_takes_the_same_queries(
    kestrel: House, at: datetime, several: int, django_assert_num_queries: object
) -> None:
    for number in range(several):
        version = published(1, at=LONG_AGO, title=f"Course {number}")
        enrolled(version, kestrel.rep, at - timedelta(days=1))
        certification(version, exam(f"exam-{number}"), slug=f"c{number}", title=f"Certificate {number}")
    client = signed_in(kestrel.rep.person)
    page(client, HOME)
    with django_assert_num_queries(HOME_QUERIES):  # type: ignore[operator]
        client.get(HOME)


HOME_QUERIES = 19


def test_unknown_need_is_not_found(kestrel: House) -> None:
    assert signed_in(kestrel.rep.person).get("/needs/make-coffee/").status_code == 404


def test_need_without_answers_says_what_will_stand_there(kestrel: House) -> None:
    assert "Nothing for your work yet" in page(signed_in(kestrel.rep.person), "/needs/implement-the-product/")


@pytest.mark.parametrize(
    ("hour", "part"), [(3, "evening"), (4, "morning"), (11, "morning"), (12, "afternoon"), (18, "evening")]
)
def test_greeting_follows_the_clock(hour: int, part: str) -> None:
    user = User(name="Inès Navarro", email="i@k.example")
    assert greeting(user, datetime(2026, 11, 16, hour, tzinfo=UTC)) == f"Good {part}, Inès"


def test_words() -> None:
    assert [minutes_words(minutes) for minutes in (0, 40, 60, 190)] == ["0 min", "40 min", "1 h", "3 h 10 min"]
    assert [count_words(count, "lesson") for count in (1, 2)] == ["1 lesson", "2 lessons"]
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("group", "labels"),
    [
        ("", ["Home", "Get certified", "Close a deal", "Implement"]),
        ("Channel managers", ["Home", "Get certified", "Close a deal", "Implement", "Partners"]),
        ("Channel marketing", ["Home", "Get certified", "Close a deal", "Implement", "Content"]),
        ("Portal managers", ["Home", "Get certified", "Close a deal", "Partners", "Content"]),
    ],
)
def test_navigation_has_five_places_at_most(db: None, group: str, labels: list[str]) -> None:
    user = UserFactory()
    if group:
        user.groups.add(Group.objects.get(name=group))
    response = signed_in(user).get("/account/")
    assert [entry.label for entry in response.context["navigation"]] == labels


def test_navigation_knows_where_it_is(kestrel: House) -> None:
    client = signed_in(kestrel.rep.person)
    partner = reverse("portal:partner", args=[kestrel.partner.public_id])
    for path, label, current in (
        ("/", "Home", "page"),
        ("/needs/close-a-deal/", "Close a deal", "page"),
        ("/deals/new/", "Close a deal", "true"),
        (partner, "Our partner page", "page"),
    ):
        found = [(entry.label, entry.current) for entry in client.get(path).context["navigation"] if entry.current]
        assert found == [(label, current)]


def test_navigation_is_not_shown_to_visitors(db: None) -> None:
    assert Client().get(reverse("account_login")).context["navigation"] == []
