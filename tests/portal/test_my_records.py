"""What is stored about me: all of one's own, nothing of anybody else's."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lms.portal.records import PAGE
from lms.xapi import vocabulary
from lms.xapi.agents import actor_key, verb_key
from lms.xapi.models import Document
from lms.xapi.services import platform_authority, pseudonymise_person, record, void_statement
from lms.xapi.services.documents import Content, Place, Precondition, put_document
from tests.factories import UserFactory
from tests.portal.conftest import page, signed_in
from tests.tiers.factories import certify, complete_course
from tests.xapi.factories import AuthorityFactory, statement

pytestmark = pytest.mark.django_db
URL = "/my/records/"
FILE = "/my/records/download/"


def account(person):
    return {"account": {"homePage": "https://partners.halden.example", "name": str(person.public_id)}}


@pytest.fixture
def client(kestrel):
    return signed_in(kestrel.rep.person)


@pytest.fixture
def say(at):
    def make(*statements, authority=None, when=at):
        return [str(one) for one in record(statements, authority=authority or platform_authority(), at=when)]

    return make


def sentences(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200
    return [str(row.sentence) for row in response.context["page"].rows]


def download(client):
    response = client.get(FILE)
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith('attachment; filename="my-learning-records-')
    return json.loads(b"".join(response.streaming_content))


def test_own_steps_are_told_in_plain_sentences(client, kestrel, at):
    certify(kestrel.rep, at)
    said = sentences(client)
    assert any(one.startswith("You passed ") for one in said)
    assert any(one.startswith("You earned ") for one in said)
    shown = page(client, URL)
    assert "What is stored about you" in shown
    assert "statement" not in shown.lower().partition("<main")[2].partition("</main")[0]


def test_profile_leads_to_the_own_records(client):
    assert 'href="/my/records/"' in page(client, "/account/")


def test_empty_page_says_what_will_stand_there(client, kestrel):
    assert "Nothing yet" in page(client, URL)
    assert "No such records" in page(client, f"{URL}?verb={verb_key(vocabulary.PASSED)}")


def test_every_way_to_be_in_a_record_is_shown_once(client, kestrel, say):
    me, mail = account(kestrel.rep.person), {"mbox": f"mailto:{kestrel.rep.person.email}"}
    ids = say(
        statement(actor=me, object={"objectType": "Agent", **me}),
        statement(actor=mail),
        statement(actor={"mbox": "mailto:other@x.example"}, object={"objectType": "Agent", **me}),
        statement(context={"instructor": me}),
        statement(actor={"objectType": "Group", "member": [me, mail]}),
        statement(),
    )
    rows = client.get(URL).context["page"].rows
    assert [str(row.statement.statement_id) for row in rows] == ids[4::-1]
    assert [row.sentence.who for row in rows] == ["You and 1 more", "Somebody else", "Somebody else", "You", "You"]


def test_nobody_else_is_named_and_nobody_elses_records_are_shown(client, kestrel, say, at):
    """GDPR-01."""
    complete_course(kestrel.manager, at)
    say(
        statement(
            actor={"mbox": "mailto:spy@x.example", "name": "Secret Spy"},
            context={"instructor": account(kestrel.rep.person)},
        )
    )
    assert sentences(client) == ["Somebody else looked at https://system.example/activities/1"]
    taken = download(client)
    assert "Spy" not in json.dumps(taken)
    assert "Mira" not in json.dumps(taken)
    assert [set(one) for one in taken["records"]] == [{"stored", "vouched_for_by", "is_voided", "id", "note"}]


def test_download_has_all_there_is(client, kestrel, say, at):
    person = kestrel.rep.person
    ids = say(*[statement(actor=account(person)) for _ in range(2 * PAGE + 1)])
    (claim,) = say(statement(actor=account(person)), authority=AuthorityFactory(name="Own"))
    void_statement(statement_id=claim, reason="Wrong", by=UserFactory(), at=at)
    put_document(
        place=Place(kind=Document.Kind.STATE, activity_id="https://x.example/1", agent_key=actor_key(account(person))),
        document_id="bookmark",
        content=Content(data=b"page 7", type="text/plain"),
        precondition=Precondition(),
        authority=platform_authority(),
        at=at,
        needs_precondition=False,
        may_overwrite=True,
    )
    taken = download(client)
    assert taken["person"] == str(person.public_id)
    told = [one["statement"]["id"] for one in taken["records"]]
    assert sorted(told) == sorted([*ids, claim])
    assert len(told) == len(set(told))
    (voided,) = [one for one in taken["records"] if one["is_voided"]]
    assert (voided["vouched_for_by"], voided["statement"]["id"]) == ("Own", claim)
    assert taken["documents"] == [
        {
            "kind": "Activity state",
            "name": "bookmark",
            "type": "text/plain",
            "changed": at.isoformat(),
            "content": "page 7",
        }
    ]
    assert "bookmark" in page(client, URL)


def test_download_of_bytes_that_are_no_text_leaves_them_out(client, kestrel, at):
    put_document(
        place=Place(kind=Document.Kind.AGENT_PROFILE, agent_key=actor_key(account(kestrel.rep.person))),
        document_id="face",
        content=Content(data=b"\xff\xd8", type="image/jpeg"),
        precondition=Precondition(),
        authority=platform_authority(),
        at=at,
        needs_precondition=False,
        may_overwrite=True,
    )
    assert download(client)["documents"][0]["content"] == ""


def test_filters_choose_what_and_when(client, kestrel, say, at):
    me = account(kestrel.rep.person)
    passed = {"id": vocabulary.PASSED}
    say(statement(actor=me, verb=passed), when=at - timedelta(days=40))
    say(statement(actor=me))
    say(statement(verb=passed, context={"instructor": me}), when=at - timedelta(days=20))
    verb = str(verb_key(vocabulary.PASSED))
    assert len(sentences(client, verb=verb)) == 2
    day = (at - timedelta(days=40)).date().isoformat()
    assert sentences(client, since=day, until=day) == ["You passed https://system.example/activities/1"]
    assert len(sentences(client, since="soon", verb="x")) == 3


def test_pages_go_back_and_miss_nothing(client, kestrel, say):
    me = account(kestrel.rep.person)
    things = [{"actor": me} if n % 2 else {"context": {"instructor": me}} for n in range(PAGE + 5)]
    ids = say(*[statement(**changes) for changes in things])
    seen, url = [], URL
    while url:
        response = client.get(url)
        seen += [str(row.statement.statement_id) for row in response.context["page"].rows]
        url = response.context["older_url"] and URL + response.context["older_url"]
    assert seen == ids[::-1]


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_as_often_for_three_as_for_one(client, kestrel, say, count):
    me = account(kestrel.rep.person)
    say(*[statement(actor=me, context={"instructor": me, "registration": str(uuid4())}) for _ in range(count)])
    client.get(URL)
    with CaptureQueriesContext(connection) as queries:
        client.get(URL)
    assert len(queries) == 9


def test_hidden_person_is_told_nothing_of_his_pseudonym(client, kestrel, say, at):
    say(statement(actor=account(kestrel.rep.person)))
    pseudonymise_person(person=kestrel.rep.person, at=at, reason="asked")
    assert sentences(client) == []
    assert download(client)["records"] == []
