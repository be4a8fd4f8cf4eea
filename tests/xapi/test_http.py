"""The statements resource over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client

from lms.xapi.models import Credential, Statement
from lms.xapi.services import revoke_credential
from tests.xapi.factories import statement, voiding

pytestmark = pytest.mark.django_db


def stored(lrs, *statements):
    response = lrs.post(list(statements))
    assert response.status_code == 200, response.content
    return response.json()


def found(response):
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["statements"]]


def test_about_is_open_and_names_the_versions(client):
    response = client.get("/xapi/about")
    assert response.json() == {"version": ["1.0.3", "2.0.0"]}
    assert response["X-Experience-API-Version"] == "2.0.0"


def test_post_answers_the_id_and_get_the_statement(lrs):
    sent = statement(result={"response": "Zażółć gęślą jaźń"})
    (statement_id,) = stored(lrs, sent)
    response = lrs.get(statementId=statement_id)
    body = response.json()
    assert {name: body[name] for name in sent} == sent
    assert body["version"] == "1.0.0"
    assert body["authority"] == lrs.credential.authority.agent
    assert response["Last-Modified"]


def test_post_of_one_statement_answers_a_list(lrs):
    assert [UUID(text) for text in lrs.post(statement()).json()] == list(
        Statement.objects.values_list("statement_id", flat=True)
    )


def test_put_stores_under_the_id_of_the_address(lrs):
    statement_id = uuid4()
    assert lrs.put(statement_id, statement()).status_code == 204
    assert lrs.get(statementId=str(statement_id)).json()["id"] == str(statement_id)


def test_put_needs_an_id_and_nothing_else(lrs):
    for query in ("", "?limit=1", f"?statementId={uuid4()}&limit=1", "?statementId=1"):
        response = lrs.client.put(
            f"/xapi/statements{query}", json.dumps(statement()), "application/json", headers=lrs.headers()
        )
        assert response.status_code == 400
    assert not Statement.objects.exists()


def test_put_refuses_another_id_in_the_body(lrs):
    assert lrs.put(uuid4(), statement(id=str(uuid4()))).status_code == 400
    assert lrs.put(uuid4(), [statement()]).status_code == 400
    assert not Statement.objects.exists()


def test_replay_changes_nothing_and_other_content_conflicts(lrs):
    statement_id = uuid4()
    assert [lrs.put(statement_id, statement()).status_code for _ in range(2)] == [204, 204]
    before = Statement.objects.get().body
    response = lrs.put(statement_id, statement(result={"success": True}))
    assert response.status_code == 409
    assert "ann" not in response.json()["detail"]
    assert Statement.objects.get().body == before


def test_a_batch_with_one_bad_statement_stores_nothing(lrs):
    batch = [statement() for _ in range(49)] + [statement(verb={"id": "not an iri"})]
    response = lrs.post(batch)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("/49/verb/id: ")
    assert not Statement.objects.exists()


def test_a_batch_with_one_conflict_stores_nothing(lrs):
    (statement_id,) = stored(lrs, statement())
    response = lrs.post([statement(), statement(id=statement_id, result={"success": True})])
    assert response.status_code == 409
    assert Statement.objects.count() == 1


def test_a_batch_names_no_id_twice(lrs):
    statement_id = str(uuid4())
    assert lrs.post([statement(id=statement_id), statement(id=statement_id.upper())]).status_code == 400


@pytest.mark.parametrize(
    ("header", "answer"),
    [("1.0", "1.0.3"), ("1.0.0", "1.0.3"), ("1.0.3", "1.0.3"), ("2.0.0", "2.0.0"), ("2.0", "2.0.0")],
)
def test_version_header_is_answered(lrs, header, answer):
    response = lrs.get(headers={"X-Experience-API-Version": header})
    assert (response.status_code, response["X-Experience-API-Version"]) == (200, answer)


@pytest.mark.parametrize("header", [None, "", "0.95", "1.1.0", "3.0", "1.0.x", "2.0.٣"])
def test_other_versions_are_refused(lrs, header):
    response = lrs.get(headers={"X-Experience-API-Version": header})
    assert response.status_code == 400
    assert response["X-Experience-API-Version"] == "2.0.0"


def test_every_answer_says_how_current_it_is(lrs):
    for response in (lrs.get(), lrs.get(statementId="nonsense"), lrs.post([]), lrs.post("{")):
        through = datetime.fromisoformat(response["X-Experience-API-Consistent-Through"])
        assert timedelta(0) <= datetime.now(UTC) - through < timedelta(seconds=10)


def test_no_cookie_is_set_and_no_session_opens_the_door(lrs, client):
    from tests.factories import UserFactory

    client.force_login(UserFactory(is_superuser=True))
    response = client.get("/xapi/statements", headers={"X-Experience-API-Version": "1.0.3"})
    assert response.status_code == 401
    assert not response.cookies
    assert not lrs.post(statement()).cookies


def test_a_browser_gets_no_basic_challenge(client):
    headers = {"X-Experience-API-Version": "1.0.3"}
    assert client.get("/xapi/statements", headers=headers)["WWW-Authenticate"].startswith("Basic")
    browser = client.get("/xapi/statements", headers=headers | {"Sec-Fetch-Mode": "cors"})
    assert "WWW-Authenticate" not in browser


@pytest.mark.parametrize(
    "authorization", ["", "Basic", "Basic %%%", "Basic //8=", "Basic bm9jb2xvbg==", "Bearer abc", "Basic YWJjOmRlZg=="]
)
def test_without_a_good_credential_nothing_opens(authorization):
    headers = {"Authorization": authorization, "X-Experience-API-Version": "1.0.3"}
    assert Client().get("/xapi/statements", headers=headers).status_code == 401


def test_revoked_and_expired_credentials_are_refused(lrs, connect, now):
    revoke_credential(credential=lrs.credential, at=now)
    assert lrs.get().status_code == 401
    assert connect(name="Old", expires_at=now - timedelta(days=400)).get().status_code == 401


def test_wrong_secrets_are_limited_and_the_right_one_still_opens(lrs, settings):
    right, lrs.secret = lrs.secret, "wrong"
    codes = [lrs.get().status_code for _ in range(settings.SIGN_IN_FAILURES_ALLOWED + 2)]
    assert codes == [401] * settings.SIGN_IN_FAILURES_ALLOWED + [429] * 2
    assert int(lrs.get()["Retry-After"]) > 0
    lrs.secret = right
    assert lrs.get().status_code == 200


def test_last_use_is_noted_once_a_minute(lrs, django_assert_num_queries):
    lrs.get()
    first = Credential.objects.get().last_used_at
    with django_assert_num_queries(1):  # places: the credential is remembered
        lrs.get()
    assert Credential.objects.get().last_used_at == first


def test_scopes_are_kept_apart(connect):
    writer = connect(name="W", scopes=["statements/write"])
    reader = connect(name="R", scopes=["all/read"])
    assert (writer.post(statement()).status_code, writer.get().status_code) == (200, 403)
    assert (reader.post(statement()).status_code, reader.get().status_code) == (403, 200)


def test_a_writer_sees_nothing_by_any_way(connect):
    writer = connect(scopes=["statements/write"])
    stored(writer, statement())
    assert not Statement.objects.visible_to(writer.credential).exists()


def test_read_mine_shows_only_the_own_authority(lrs, connect):
    foreign, own = connect(name="Foreign"), connect(name="Own", scopes=["statements/write", "statements/read/mine"])
    (hidden,) = stored(foreign, statement())
    (visible,) = stored(own, statement())
    assert found(own.get()) == [visible]
    assert own.get(statementId=hidden).status_code == 404
    assert found(own.get(agent=json.dumps(statement()["actor"]), related_agents="true")) == [visible]


def test_an_id_of_another_authority_conflicts_without_telling(connect):
    theirs, ours = connect(name="Theirs"), connect(name="Ours", scopes=["statements/write"])
    (statement_id,) = stored(theirs, statement(result={"response": "secret"}))
    response = ours.put(statement_id, statement())
    assert response.status_code == 409
    assert "secret" not in response.content.decode()


ANN, BEN = {"mbox": "mailto:ann@kestrel.example"}, {"mbox": "mailto:ben@kestrel.example"}


def test_a_bound_credential_speaks_for_its_actor_only(connect):
    bound = connect(actor=ANN, scopes=["statements/write", "statements/read/mine"])
    group = {"objectType": "Group", **ANN, "member": [BEN]}
    account = {"account": {"homePage": "https://elsewhere.example", "name": "ann"}}
    assert bound.post(statement(actor=ANN | {"name": "Ann"})).status_code == 200
    for actor in (BEN, group, {"objectType": "Group", "member": [ANN, BEN]}, account):
        assert bound.post(statement(actor=actor)).status_code == 403
    assert bound.post([statement(actor=ANN), statement(actor=BEN)]).status_code == 403
    assert Statement.objects.count() == 1


def test_a_bound_credential_voids_nothing(connect):
    bound = connect(actor=ANN)
    (statement_id,) = stored(bound, statement(actor=ANN))
    assert bound.post(voiding(statement_id, actor=ANN)).status_code == 403


def test_a_bound_credential_reads_its_actor_only(connect):
    free, bound = connect(), connect(actor=ANN, scopes=["all/read"])
    own, other = stored(free, statement(actor=ANN), statement(actor=BEN))
    assert found(bound.get()) == [own]
    assert bound.get(statementId=other).status_code == 404


def test_voiding_hides_the_statement(lrs):
    (statement_id,) = stored(lrs, statement())
    (voiding_id,) = stored(lrs, voiding(statement_id))
    assert lrs.get(statementId=statement_id).status_code == 404
    assert lrs.get(voidedStatementId=statement_id).json()["id"] == statement_id
    assert lrs.get(voidedStatementId=voiding_id).status_code == 404
    assert found(lrs.get()) == [voiding_id]


def test_voiding_of_another_authoritys_statement_is_refused(connect):
    (statement_id,) = stored(connect(name="Theirs"), statement())
    assert connect(name="Ours").post(voiding(statement_id)).status_code == 403
    assert Statement.objects.count() == 1


def test_voiding_of_a_voiding_statement_is_refused(lrs):
    (statement_id,) = stored(lrs, statement())
    (voiding_id,) = stored(lrs, voiding(statement_id))
    assert lrs.post(voiding(voiding_id)).status_code == 400


@pytest.mark.parametrize("path", ["/xapi/statements/", "//xapi/statements"])
def test_nothing_is_redirected(lrs, path):
    assert lrs.get(path).status_code == 404


def test_other_methods_are_refused(lrs):
    for method in ("delete", "patch"):
        assert getattr(lrs.client, method)("/xapi/statements", headers=lrs.headers()).status_code == 405


def test_alternate_request_syntax_is_not_honoured(lrs):
    response = lrs.client.post("/xapi/statements?method=PUT", {"content": "{}"}, headers=lrs.headers())
    assert response.status_code == 400


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x"]
)
def test_other_media_types_are_refused(lrs, content_type):
    assert lrs.post(json.dumps(statement()), content_type=content_type).status_code == 400


def test_large_bodies_and_batches_are_refused(lrs):
    assert lrs.post(b" " * 30_000_000).status_code == 413
    assert lrs.post([statement() for _ in range(1001)]).status_code == 413
    assert lrs.post(statement(result={"extensions": {"https://x.example/e": "x" * 2_000_000}})).status_code == 413


HOSTILE = {
    "NUL in a value": '{"actor": {"mbox": "mailto:a@b.example", "name": "a\\u0000"}}',
    "NUL in a name": '{"a\\u0000": 1}',
    "a lone surrogate": '{"result": {"response": "\\ud800"}}',
    "1e400": '{"result": {"score": {"raw": 1e400}}}',
    "NaN": '{"result": {"score": {"raw": NaN}}}',
    "5000 digits": '{"result": {"score": {"raw": ' + "9" * 5000 + "}}}",
    "two ids": '{"id": "1", "id": "2"}',
    "depth": "[" * 100_000,
    "not JSON": "{",
    "not UTF-8": b"\xff\xfe",
    "nothing": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_refused(lrs, name):
    assert lrs.post(HOSTILE[name]).status_code == 400
    assert not Statement.objects.exists()


def test_pages_follow_more_in_both_directions(lrs):
    ids = stored(lrs, *(statement() for _ in range(5)))
    for ascending, expected in (("true", ids), ("false", ids[::-1])):
        response, seen = lrs.get(limit="2", ascending=ascending), []
        while True:
            seen += found(response)
            if not response.json()["more"]:
                break
            response = lrs.get(response.json()["more"])
        assert seen == expected


def test_more_is_bound_to_its_credential_and_signed(lrs, connect):
    stored(lrs, statement(), statement())
    more = lrs.get(limit="1").json()["more"]
    assert lrs.get(more).status_code == 200
    assert connect(name="Other").get(more).status_code == 403
    assert lrs.get(more[:-2]).status_code == 400
    assert lrs.get(more + "&limit=5").status_code == 403


def test_a_page_ends_early_when_it_is_large(lrs, monkeypatch):
    monkeypatch.setattr("lms.xapi.queries.MAX_PAGE_CHARACTERS", 600)
    ids = stored(lrs, *(statement() for _ in range(3)))
    response = lrs.get(ascending="true")
    assert found(response) == ids[:1]
    assert found(lrs.get(response.json()["more"])) == ids[1:2]


TEAM = {"objectType": "Group", "mbox": "mailto:team@kestrel.example", "member": [BEN]}
CAROL = {"account": {"homePage": "https://x.example", "name": "carol"}}
LESSON, COURSE = "https://x.example/lessons/1", "https://x.example/courses/1"


@pytest.fixture
def corpus(lrs):
    """Statements by what is special about them."""
    made = {
        "actor": statement(actor=CAROL),
        "object": statement(object={"objectType": "Agent", **CAROL}),
        "member": statement(actor={"objectType": "Group", "member": [CAROL, BEN]}),
        "instructor": statement(context={"instructor": CAROL}),
        "team": statement(context={"team": TEAM}),
        "lesson": statement(
            object={"id": LESSON},
            context={"contextActivities": {"parent": {"id": COURSE}}, "registration": str(uuid4())},
        ),
        "sub": statement(object={"objectType": "SubStatement", **statement(actor=CAROL, object={"id": COURSE})}),
        "verb": statement(verb={"id": "https://x.example/verbs/sang"}),
    }
    return dict(zip(made, stored(lrs, *made.values()), strict=True))


def names(corpus, response):
    by_id = {statement_id: name for name, statement_id in corpus.items()}
    return {by_id[statement_id] for statement_id in found(response)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"agent": json.dumps(CAROL)}, {"actor", "object", "member"}),
        ({"agent": json.dumps(CAROL), "related_agents": "true"}, {"actor", "object", "member", "instructor", "sub"}),
        ({"agent": json.dumps(BEN)}, {"member"}),
        ({"agent": json.dumps(BEN), "related_agents": "true"}, {"member", "team"}),
        ({"agent": json.dumps({"objectType": "Group", "mbox": TEAM["mbox"]}), "related_agents": "true"}, {"team"}),
        ({"activity": COURSE}, set()),
        ({"activity": COURSE, "related_activities": "true"}, {"lesson", "sub"}),
        ({"activity": LESSON}, {"lesson"}),
        ({"activity": LESSON, "agent": json.dumps(ANN)}, {"lesson"}),
        ({"activity": COURSE, "related_activities": "true", "agent": json.dumps(ANN)}, {"lesson", "sub"}),
        ({"activity": LESSON, "agent": json.dumps(BEN)}, set()),
        ({"verb": "https://x.example/verbs/sang"}, {"verb"}),
        ({"verb": "https://x.example/verbs/none"}, set()),
        ({"registration": "00000000-0000-4000-8000-000000000000"}, set()),
        ({"since": "2000-01-01T00:00:00Z", "until": "2000-01-02T00:00:00Z"}, set()),
    ],
)
def test_filters(lrs, corpus, query, expected):
    assert names(corpus, lrs.get(**query)) == expected


def test_filter_by_authority_as_related_agent(lrs, corpus):
    agent = json.dumps(lrs.credential.authority.agent)
    assert found(lrs.get(agent=agent)) == []
    assert names(corpus, lrs.get(agent=agent, related_agents="true")) == set(corpus)


def test_filter_by_registration_and_stored_time(lrs, corpus):
    row = Statement.objects.get(statement_id=corpus["lesson"])
    assert names(corpus, lrs.get(registration=str(row.registration))) == {"lesson"}
    at = row.stored_at.isoformat()
    assert names(corpus, lrs.get(since=at)) == {"sub", "verb"}
    assert names(corpus, lrs.get(until=at)) == set(corpus) - {"sub", "verb"}


@pytest.mark.parametrize(
    "query",
    [
        {"since": "garbage"},
        {"since": "2026-13-01T00:00:00Z"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"limit": "-1"},
        {"limit": "1e3"},
        {"limit": "٣"},
        {"agent": "{"},
        {"agent": '{"objectType": "Group", "member": []}'},
        {"agent": json.dumps({"mbox": "mailto:" + "a" * 20_000 + "@b.example"})},
        {"agent": '"ann"'},
        {"verb": "completed"},
        {"activity": ""},
        {"registration": "1"},
        {"registration": "{00000000-0000-4000-8000-00000000000}"},
        {"ascending": "yes"},
        {"format": "html"},
        {"Limit": "3"},
        {"statementId": "1"},
        {"statementId": str(uuid4()), "voidedStatementId": str(uuid4())},
        {"statementId": str(uuid4()), "limit": "3"},
        {"more": "garbage"},
    ],
)
def test_wrong_parameters_are_refused(lrs, query):
    assert lrs.get(**query).status_code == 400


def test_a_parameter_given_twice_is_refused(lrs):
    assert lrs.get("/xapi/statements?limit=1&limit=2").status_code == 400


def test_limit_is_bounded(lrs):
    stored(lrs, statement())
    assert len(found(lrs.get(limit="999999999"))) == 1
    assert len(found(lrs.get(limit="0"))) == 1


def test_format_ids_identifies_and_no_more(lrs):
    (statement_id,) = stored(
        lrs,
        statement(
            actor={"objectType": "Group", "name": "Crew", "member": [ANN | {"name": "Ann"}]},
            verb={"id": "https://x.example/verbs/sang", "display": {"en": "sang"}},
            object={"id": LESSON, "definition": {"name": {"en": "Lesson"}}},
            context={
                "team": TEAM | {"name": "Team"},
                "contextActivities": {"parent": [{"id": COURSE, "definition": {}}]},
            },
        ),
    )
    body = lrs.get(statementId=statement_id, format="ids").json()
    assert body["actor"] == {"objectType": "Group", "member": [ANN]}
    assert body["verb"] == {"id": "https://x.example/verbs/sang"}
    assert body["object"] == {"id": LESSON}
    assert body["context"]["team"] == {"objectType": "Group", "mbox": TEAM["mbox"]}
    assert body["context"]["contextActivities"] == {"parent": [{"id": COURSE}]}


def test_format_canonical_shows_one_language(lrs):
    words = {"en-GB": "colour", "de": "Farbe", "fr-CA": "couleur"}
    extension = {"https://x.example/e": {"name": {"en": "a", "de": "b"}}}
    sent = statement(object={"id": LESSON, "definition": {"name": words, "extensions": extension}})
    (statement_id,) = stored(lrs, sent)

    def name(accept):
        response = lrs.get(headers={"Accept-Language": accept}, statementId=statement_id, format="canonical")
        definition = response.json()["object"]["definition"]
        assert definition["extensions"] == extension
        return definition["name"]

    assert name("de") == {"de": "Farbe"}
    assert name("fr;q=0.5, en;q=0.9") == {"en-GB": "colour"}
    assert name("it, *;q=x") == {"en-GB": "colour"}


def test_single_context_activities_come_back_as_lists(lrs):
    (statement_id,) = stored(lrs, statement(context={"contextActivities": {"grouping": {"id": COURSE}}}))
    context = lrs.get(statementId=statement_id).json()["context"]
    assert context == {"contextActivities": {"grouping": [{"id": COURSE}]}}


def test_head_is_get_without_a_body(lrs):
    (statement_id,) = stored(lrs, statement())
    response = lrs.client.head(f"/xapi/statements?statementId={statement_id}", headers=lrs.headers())
    assert (response.status_code, response.content) == (200, b"")


# On PostgreSQL rows and mentions go beside Django's queries; elsewhere they are two, in a savepoint (2).
BY_DJANGO = 0 if connection.vendor == "postgresql" else 4


@pytest.mark.parametrize("size", [1, 3])
def test_query_counts_do_not_depend_on_size(lrs, django_assert_num_queries, size):
    lrs.get()
    batch = [statement(id=str(uuid4()), context={"team": TEAM}) for _ in range(size)]
    with django_assert_num_queries(3 + BY_DJANGO):  # a transaction (2), statements that came before
        lrs.post(batch)
    with django_assert_num_queries(2):  # places, bodies
        assert len(found(lrs.get())) == size
    # Authorities; actor, object and mention, of statements and of references; bodies.
    with django_assert_num_queries(8):
        assert len(found(lrs.get(agent=json.dumps(BEN), related_agents="true"))) == size
