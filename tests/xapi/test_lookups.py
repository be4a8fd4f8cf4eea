"""The activities and agents resources and the canonical format. 1.0.3 Communication 2.1.3, 2.4, 2.5."""

import json
from uuid import uuid4

import pytest

from lms.xapi.models import Activity
from lms.xapi.services import platform_authority, record
from tests.xapi.factories import statement

pytestmark = pytest.mark.django_db
ACTIVITY = "https://system.example/activities/1"


@pytest.fixture
def lrs(connect):
    return connect(scopes=["all"])


def about(name, **changes):
    return {"objectType": "Activity", "id": ACTIVITY, "definition": {"name": name} | changes}


def definition(client, activity=ACTIVITY):
    response = client.call("GET", "activities", activityId=activity)
    assert response.status_code == 200
    assert response.json()["id"] == activity
    return response.json().get("definition")


def test_an_activity_has_all_that_statements_said_of_it(lrs):
    type_ = {"type": "http://adlnet.gov/expapi/activities/course"}
    lrs.post([statement(object=about({"en": "One"}, **type_)), statement(object=about({"fr": "Un"}))])
    lrs.post(statement(context={"contextActivities": {"grouping": about({"de": "Eins", "en": "1"})}}))
    assert definition(lrs) == {"name": {"en": "1", "fr": "Un", "de": "Eins"}} | type_
    sub = {**statement(object=about({"it": "Uno"})), "objectType": "SubStatement"}
    lrs.post(statement(object=sub))
    assert definition(lrs)["name"]["it"] == "Uno"
    assert str(Activity.objects.get()) == ACTIVITY


def test_an_unknown_activity_is_its_id(lrs):
    assert definition(lrs, "https://none.example/") is None
    response = lrs.call("GET", "activities", activityId="https://none.example/")
    assert response.json() == {"objectType": "Activity", "id": "https://none.example/"}


@pytest.mark.parametrize(
    "query", [{}, {"activityId": "no iri"}, {"activityId": ACTIVITY, "limit": "1"}, {"ActivityId": ACTIVITY}]
)
def test_activities_takes_an_iri_and_nothing_else(lrs, query):
    assert lrs.call("GET", "activities", **query).status_code == 400


def test_only_who_may_define_defines(lrs, connect):
    writer = connect(name="Writer", scopes=["statements/write", "statements/read/mine"])
    writer.post(statement(object=about({"en": "Mine"})))
    assert not Activity.objects.exists()
    assert definition(writer) == {"name": {"en": "Mine"}}  # his own newest statement


def test_what_a_trusted_authority_defined_is_not_changed_by_others(connect):
    trusted = connect(name="Vendor", scopes=["all"], is_trusted=True)
    other = connect(name="Other", scopes=["statements/write", "define", "statements/read"])
    other.post(statement(object=about({"en": "First"})))
    trusted.post(statement(object=about({"en": "Right"})))
    other.post(statement(object=about({"en": "<b>Wrong</b>"})))
    assert definition(other) == {"name": {"en": "Right"}}


def test_a_definition_is_told_to_nobody_who_may_not_read_it(lrs, connect, now):
    """LRS-31: a statement may name another's activity, and learns nothing of it."""
    lrs.post(statement(object=about({"en": "Secret course"})))
    stranger = connect(name="Stranger", scopes=["statements/write", "statements/read/mine", "define"])
    stranger.post(statement())
    assert definition(stranger) is None
    canonical = stranger.get(format="canonical").json()["statements"][0]
    assert "definition" not in canonical["object"]
    record([statement(object=about({"en": "Ours"}))], authority=platform_authority(), at=now)
    assert definition(stranger) is None


def test_what_is_known_already_costs_no_query(lrs, django_assert_num_queries, django_capture_on_commit_callbacks):
    lrs.post(statement(object=about({"en": "One"})))
    counts = []
    for name in ("One", "Two", "Two"):
        with django_assert_num_queries(100, exact=False) as queries, django_capture_on_commit_callbacks(execute=True):
            lrs.post(statement(object=about({"en": name})))
        counts.append(sum("xapi_activity" in query["sql"] for query in queries.captured_queries))
    assert (counts[1] > 0, counts[2]) == (True, 0)


def test_canonical_shows_what_is_known_in_the_language_asked_for(lrs):
    lrs.post(
        statement(
            object=about({"en": "One", "fr": "Un"}),
            verb={"id": "https://v.example/", "display": {"en": "did", "fr": "fit"}},
        )
    )
    (statement_id,) = lrs.post(statement()).json()
    for accept, name in (("fr;q=0.5, en;q=0.9", "One"), ("fr-CA, en;q=0.5", "Un"), ("x", "One"), (";q=a", "One")):
        shown = lrs.get(statementId=statement_id, format="canonical", headers={"Accept-Language": accept}).json()
        assert list(shown["object"]["definition"]["name"].values()) == [name]
    assert "definition" not in lrs.get(statementId=statement_id, format="exact").json()["object"]


def test_a_person_has_names_and_the_identifier_he_was_asked_by(lrs):
    ann = {"mbox": "mailto:ann@kestrel.example"}
    for name in ("Ann", "Ann Smith", "Ann"):
        lrs.post(statement(actor=ann | {"name": name}))
    person = lrs.call("GET", "agents", agent=json.dumps(ann | {"name": "A."})).json()
    assert person == {
        "objectType": "Person",
        "mbox": ["mailto:ann@kestrel.example"],
        "name": ["A.", "Ann", "Ann Smith"],
    }


@pytest.mark.parametrize(
    "agent",
    [
        {"mbox": "mailto:none@x.example"},
        {"mbox_sha1sum": "a" * 40},
        {"openid": "https://id.example/"},
        {"account": {"homePage": "https://x.example", "name": "1"}},
    ],
)
def test_a_person_unknown_is_his_identifier(lrs, agent):
    person = lrs.call("GET", "agents", agent=json.dumps(agent)).json()
    assert person == {"objectType": "Person"} | {name: [value] for name, value in agent.items()}


@pytest.mark.parametrize(
    "query", [{}, {"agent": "x"}, {"agent": "{}"}, {"agent": '{"mbox":"mailto:a@x.example"}', "a": "1"}]
)
def test_agents_takes_an_agent_and_nothing_else(lrs, query):
    assert lrs.call("GET", "agents", **query).status_code == 400


def test_names_in_statements_of_others_are_not_told(lrs, connect):
    ann = {"mbox": "mailto:ann@kestrel.example"}
    lrs.post(statement(actor=ann | {"name": "Ann"}))
    stranger = connect(name="Stranger", scopes=["statements/read/mine"])
    assert "name" not in stranger.call("GET", "agents", agent=json.dumps(ann)).json()
    writer = connect(name="Writer", scopes=["statements/write"])
    for path, query in (("agents", {"agent": json.dumps(ann)}), ("activities", {"activityId": ACTIVITY})):
        assert writer.call("GET", path, **query).status_code == 403


def test_markup_in_names_stays_text(lrs):
    """LRS-27: it goes out as JSON, never as HTML."""
    lrs.post(statement(id=str(uuid4()), object=about({"en": "<script>alert(1)</script>"})))
    response = lrs.call("GET", "activities", activityId=ACTIVITY)
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("application/json", "nosniff")
