"""The record browser: everything for portal managers, why each counted, and the way to take one back."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from lms.events.services import drain
from lms.portal.records import NEWS_COUNTED, PAGE, place_of, place_token
from lms.reporting.models import CourseRecord
from lms.tiers.models import Decision
from lms.xapi import vocabulary
from lms.xapi.agents import verb_key
from lms.xapi.models import Statement
from lms.xapi.services import platform_authority, pseudonymise_person, record, void_statement
from tests.factories import MembershipFactory, UserFactory
from tests.portal.conftest import page, signed_in
from tests.reporting.factories import course_statement
from tests.tiers.factories import certify, complete_course
from tests.xapi.factories import AuthorityFactory, statement, voiding

pytestmark = pytest.mark.django_db
URL = "/records/"


@pytest.fixture
def manager(db):
    user = UserFactory(name="Petra Portal")
    user.groups.add(Group.objects.get(name="Portal managers"))
    return user


@pytest.fixture
def client(manager):
    return signed_in(manager)


@pytest.fixture
def say(at):
    def make(*statements, authority=None, when=at):
        return record(statements, authority=authority or platform_authority(), at=when)

    return make


def named(count, *, start=0):
    return [
        statement(object={"id": f"https://x.example/{n}", "definition": {"name": {"en": f"Thing {n:03}"}}})
        for n in range(start, start + count)
    ]


def test_only_portal_managers_look_into_the_records(kestrel, channel_manager, say):
    (one,) = say(statement())
    for person in (kestrel.rep.person, kestrel.manager.person, channel_manager):
        client = signed_in(person)
        for path in (URL, "/records/new/", f"/records/{one}/"):
            assert client.get(path).status_code == 403
        assert client.post(f"/records/{one}/void/", {"reason": "x"}).status_code == 403
    assert Statement.objects.get().voided_by is None


def test_list_says_in_a_sentence_who_did_what_and_how_well(client, kestrel, say, at):
    certify(kestrel.rep, at)
    say(statement(verb={"id": vocabulary.PASSED}, result={"score": {"scaled": 0.849}}))
    shown = page(client, URL)
    assert "<bdi>Rolf Kestrel</bdi> passed <bdi>" in shown
    assert "</bdi>, 84%" in shown
    assert "Platform" in shown


def test_list_goes_back_in_time_page_by_page_and_misses_nothing(client, say, at):
    say(*named(2 * PAGE + 3), when=at - timedelta(hours=1))
    seen, url = [], URL
    while url:
        response = client.get(url)
        seen += [row.sentence.what for row in response.context["page"].rows]
        url = response.context["older_url"] and URL + response.context["older_url"]
        say(*named(1, start=900))  # what comes meanwhile moves nothing
    assert seen == [f"Thing {n:03}" for n in reversed(range(2 * PAGE + 3))]


@pytest.mark.parametrize(
    "token", ["", "x", "~", "2026-01-01~1", "2026-01-01T00:00:00+00:00~x", "2026-01-01T00:00:00+00:00~" + "9" * 50]
)
def test_place_that_is_none_is_the_first_page(client, say, token):
    assert place_of(token) is None
    say(statement())
    assert len(client.get(URL, {"after": token}).context["page"].rows) == 1


def test_place_survives_its_token(at):
    assert place_of(place_token((at, 7))) == (at, 7)


def test_filters_find_by_person_verb_title_authority_standing_and_day(client, kestrel, say, at):
    complete_course(kestrel.rep, at - timedelta(days=3))
    system = AuthorityFactory(name="Somebody's own")
    (claim,) = say(statement(), authority=system, when=at - timedelta(days=10))
    (void,) = say(statement(), when=at - timedelta(days=20))
    void_statement(statement_id=void, reason="Wrong", by=UserFactory(), at=at)
    completed = CourseRecord.objects.get().completed_statement
    title = CourseRecord.objects.get().activity_name

    def found(**query):
        return {row.statement.statement_id for row in client.get(URL, query).context["page"].rows}

    everything = found()
    assert {claim, void, completed} <= everything
    rolf = found(person="rolf kest")
    assert completed in rolf
    assert claim not in rolf
    assert found(person="ann@kestrel.example") == {claim, void}
    assert found(person="nobody at all") == set()
    verb = str(verb_key(vocabulary.COMPLETED))
    assert completed in found(verb=verb, about=title)
    assert found(about="https://system.example/activities/1") == {claim, void}
    assert found(authority=system.pk) == {claim}
    assert found(standing="claim") == {claim}
    assert found(standing="voided") == {void}
    assert completed in found(standing="can")
    day = (at - timedelta(days=10)).date().isoformat()
    assert found(since=day, until=day) == {claim}
    assert found(until="9999-12-31") == everything


@pytest.mark.parametrize(
    "query", [{"since": "soon"}, {"verb": "x"}, {"authority": "x"}, {"person": "*"}, {"about": '"'}]
)
def test_filter_that_cannot_be_read_is_no_error(client, say, query):
    say(statement())
    assert client.get(URL, query).status_code == 200


def test_standing_is_told_in_a_word(client, kestrel, say, at):
    complete_course(kestrel.rep, at)
    (claim,) = say(statement(), authority=AuthorityFactory())
    (void,) = say(statement())
    void_statement(statement_id=void, reason="Wrong", by=UserFactory(), at=at)
    standing = {row.statement.statement_id: row.standing for row in client.get(URL).context["page"].rows}
    assert standing[CourseRecord.objects.get().completed_statement] == "Counts"
    assert (standing[claim], standing[void]) == ("A claim", "Voided")
    assert "Kept" in standing.values()


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_as_often_for_three_as_for_one(client, kestrel, at, count):
    for _ in range(count):
        complete_course(MembershipFactory(partner=kestrel.partner), at)
    client.get(URL)
    with CaptureQueriesContext(connection) as queries:
        client.get(URL)
    assert len(queries) == 9


# --- New ones, on request ---


def test_new_records_are_counted_and_shown_on_request(client, say):
    say(*named(2))
    first = client.get(URL)
    news = first.context["news_url"]
    assert client.get(news).context["count"] == 0
    say(*named(3, start=10), when=timezone.now())
    answer = client.get(news)
    shown = answer.content.decode()
    assert "Show 3 new records" in shown
    assert 'hx-trigger="every 15s"' in shown
    fragment = client.get(answer.context["list_url"], headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    assert [row.sentence.what for row in fragment.context["page"].rows][:3] == ["Thing 012", "Thing 011", "Thing 010"]


def test_new_records_are_counted_within_the_filter_and_up_to_ninety_nine(client, say):
    system = AuthorityFactory()
    say(statement())
    news = client.get(URL, {"authority": system.pk}).context["news_url"]
    say(statement(), when=timezone.now())
    assert client.get(news).context["count"] == 0
    say(*named(NEWS_COUNTED + 10), authority=system, when=timezone.now())
    assert "Show 99+ new records" in client.get(news).content.decode()


def test_one_new_record_is_one(client, say):
    news = client.get(URL).context["news_url"]
    say(statement(), when=timezone.now())
    assert "Show 1 new record<" in client.get(news).content.decode()


# --- One record ---


def why(client, statement_id):
    response = client.get(f"/records/{statement_id}/")
    assert response.status_code == 200
    return [reason.text for reason in response.context["reasons"]]


def test_completion_counts_and_says_where(client, kestrel, at):
    complete_course(kestrel.rep, at)
    found = CourseRecord.objects.get()
    points = why(client, found.completed_statement)
    assert points[0] == "This platform recorded it itself, so it can count."
    assert points[1] == (
        f"It is the completion in the record of {found.activity_name}. It counts in the completion rate of Kestrel."
    )
    decision = Decision.objects.filter(partner=kestrel.partner).latest("number")
    assert str(found.completed_statement) in json.dumps(decision.inputs)
    assert points[-1].startswith(f"Decision {decision.number} on Kestrel (")


def test_exam_says_which_certificate_and_decision_rest_on_it(client, kestrel, at):
    credential = certify(kestrel.rep, at)
    proof = credential.as_issued.statement_ids[0]
    points = why(client, proof)
    assert any(point.startswith("The certificate “Sales”, issued ") for point in points)
    assert any("names it as evidence" in point for point in points)
    assert "Completion rates are made of enrolments" in points[1]


def test_claim_says_that_nobody_trusts_its_authority(client, say, at, kestrel):
    own = AuthorityFactory(name="Somebody's own")
    told = course_statement(vocabulary.COMPLETED, membership=kestrel.rep, registration=uuid4(), at=at)
    (one,) = say(told, authority=own)
    assert why(client, one) == [
        "Somebody's own vouches for it, which nobody trusts for completions: it is kept as a claim and never counts.",
        "So it is in no course record.",
        "No tier decision has used it.",
    ]


@pytest.mark.parametrize(
    "hours, point",
    [
        (
            30,
            "It is said to have happened 1\xa0day, 6\xa0hours after it was stored: a clock is wrong, or the time is made up.",
        ),
        (-30, "It was stored 1\xa0day, 6\xa0hours after it is said to have happened."),
        (0.9, None),
        (-0.9, None),
    ],
)
def test_times_that_lie_far_apart_are_told(client, say, at, hours, point):
    """LRS-05."""
    (one,) = say(statement(timestamp=(at + timedelta(hours=hours)).isoformat()), when=at)
    assert ([told for told in why(client, one) if " stored" in told] or [None]) == [point]


def test_other_trusted_authorities_are_named(client, say):
    academy = AuthorityFactory(name="Academy", is_trusted=True)
    (one,) = say(statement(), authority=academy)
    assert why(client, one)[0].startswith("Academy vouches for it. An administrator trusts its completions")


def test_why_it_is_in_no_record_is_told_case_by_case(client, say, kestrel, at):
    course = {"id": "https://x.example/c", "definition": {"type": vocabulary.COURSE}}
    done, me = {"id": vocabulary.COMPLETED}, {"account": {"homePage": "https://partners.halden.example", "name": "x"}}
    me["account"]["name"] = str(kestrel.rep.person.public_id)
    (module,) = say(statement(verb=done))
    (bare,) = say(statement(verb=done, object=course))
    (stranger,) = say(statement(verb=done, object=course, context={"registration": str(uuid4())}))
    registration = uuid4()
    first, second = say(
        *[
            course_statement(vocabulary.COMPLETED, membership=kestrel.rep, registration=registration, at=at)
            for _ in "12"
        ]
    )
    drain()
    assert "whole courses only" in why(client, module)[1]
    assert "names no registration" in why(client, bare)[1]
    assert "without an account here" in why(client, stranger)[1]
    counted = CourseRecord.objects.get().completed_statement
    assert "Without an enrolment it counts in no completion rate" in why(client, counted)[1]
    assert "came first" in why(client, ({first, second} - {counted}).pop())[1]


def test_hidden_person_stays_hidden_and_the_reasons_stay(client, kestrel, at):
    credential = certify(kestrel.rep, at)
    proof = credential.as_issued.statement_ids[0]
    before = why(client, proof)
    pseudonymise_person(person=kestrel.rep.person, at=at, reason="asked")
    shown = page(client, f"/records/{proof}/")
    assert "A hidden person" in shown
    assert "Rolf" not in shown
    assert why(client, proof) == before
    assert "Rolf" not in page(client, URL)


def test_json_is_shown_as_text(client, say):
    """LRS-27."""
    evil = "<script>alert(1)</script>"
    (one,) = say(statement(object={"id": "https://x.example/1", "definition": {"name": {"en": evil}}}))
    for path in (URL, f"/records/{one}/"):
        shown = page(client, path)
        assert evil not in shown
        assert escape(evil) in shown


def test_unknown_record_is_not_found(client):
    assert client.get(f"/records/{uuid4()}/").status_code == 404
    assert client.post(f"/records/{uuid4()}/void/", {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_one_record_asks_as_often_whatever_rests_on_it(client, kestrel, at, count):
    for _ in range(count):
        complete_course(kestrel.rep, at)
    one = CourseRecord.objects.order_by("pk")[0].completed_statement
    client.get(f"/records/{one}/")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/records/{one}/")
    assert len(queries) == 15


# --- Taking one back ---


def test_voiding_takes_the_record_back_with_a_reason(client, manager, kestrel, at):
    complete_course(kestrel.rep, at)
    proof = CourseRecord.objects.get().completed_statement
    assert "Void the record" in page(client, f"/records/{proof}/")
    response = client.post(f"/records/{proof}/void/", {"reason": "Somebody  else\nsat there"}, follow=True)
    assert "The record is voided" in response.content.decode()
    drain()
    assert CourseRecord.objects.get().completed_at is None
    voiding_id = Statement.objects.get(statement_id=proof).voided_by
    body = json.loads(Statement.objects.get(statement_id=voiding_id).body)
    assert body["context"]["extensions"][vocabulary.REASON_EXTENSION] == "Somebody else sat there"
    assert body["actor"]["account"]["name"] == str(manager.public_id)
    shown = page(client, f"/records/{proof}/")
    assert "It was voided on" in shown
    assert "Void the record" not in shown
    assert f"/records/{proof}/" in page(client, f"/records/{voiding_id}/")


@pytest.mark.parametrize("reason", ["", "  ", "\x00", "x" * 501])
def test_voiding_without_a_reason_is_refused(client, say, reason):
    (one,) = say(statement())
    assert client.post(f"/records/{one}/void/", {"reason": reason}).status_code == 400
    assert Statement.objects.get().voided_by is None


def test_voiding_record_cannot_be_voided(client, say):
    (one,) = say(statement())
    (two,) = say(voiding(one))
    response = client.post(f"/records/{two}/void/", {"reason": "x"})
    assert response.status_code == 400
    assert "cannot be voided" in response.content.decode()


def test_voiding_twice_changes_nothing(client, say):
    (one,) = say(statement())
    for _ in range(2):
        assert client.post(f"/records/{one}/void/", {"reason": "x"}).status_code == 302
    assert Statement.objects.count() == 2


def test_partners_page_leads_portal_managers_to_the_records(client, kestrel, channel_manager):
    assert 'href="/records/"' in page(client, "/partners/")
    assert 'href="/records/"' not in page(signed_in(channel_manager), "/partners/")
