"""States and profiles: entity tags, merges, lists, rights. 1.0.3 Communication 2.2, 2.3, 2.6, 2.7 and 3.1; 2.0 4.1.4."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from lms.xapi.models import Document
from lms.xapi.services import open_session
from tests.xapi.conftest import XapiClient
from tests.xapi.factories import AuthorityFactory

pytestmark = pytest.mark.django_db
ANN = json.dumps({"mbox": "mailto:ann@kestrel.example"})
BEN = json.dumps({"mbox": "mailto:ben@kestrel.example"})
ACTIVITY = "https://system.example/activities/1"
REGISTRATION = str(uuid4())
PLACES = {
    "activities/state": {"activityId": ACTIVITY, "agent": ANN, "stateId": "bookmark"},
    "activities/profile": {"activityId": ACTIVITY, "profileId": "settings"},
    "agents/profile": {"agent": ANN, "profileId": "settings"},
}
NEW = {"If-None-Match": "*"}
V2 = {"X-Experience-API-Version": "2.0.0"}
RESOURCES = pytest.mark.parametrize("path", PLACES)


@pytest.fixture
def docs(connect):
    """A client with the two scopes that documents need."""
    return connect(scopes=["state", "profile"])


def list_of(response):
    assert response.status_code == 200, response.content
    return response.json()


@RESOURCES
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_document_comes_back_as_it_was_sent(docs, path, version):
    head = {"X-Experience-API-Version": version}
    place, data = PLACES[path], b'\x00\xff not "JSON"'
    assert docs.call("PUT", path, data, content_type="image/x-own; a=b", headers=NEW | head, **place).status_code == 204
    response = docs.call("GET", path, headers=head, **place)
    assert (response.status_code, response.content) == (200, data)
    assert response["Content-Type"] == "image/x-own; a=b"
    assert response["ETag"] == f'"{sha1(data).hexdigest()}"'
    assert response["Last-Modified"]
    assert docs.call("HEAD", path, headers=head, **place)["ETag"] == response["ETag"]
    unchanged = docs.call("GET", path, headers=head | {"If-None-Match": response["ETag"]}, **place)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert docs.call("DELETE", path, headers=head, **place).status_code == 204
    assert docs.call("GET", path, headers=head, **place).status_code == 404


@RESOURCES
def test_no_browser_shows_a_document_as_a_page_of_ours(docs, path):
    docs.call("PUT", path, b"<script>alert(1)</script>", content_type="text/html", headers=NEW, **PLACES[path])
    response = docs.call("GET", path, **PLACES[path])
    assert response["Content-Disposition"] == "attachment"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"


@RESOURCES
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_precondition_that_fails_changes_nothing(docs, path, method):
    docs.call("POST", path, {"a": 1}, **PLACES[path])
    for headers in ({"If-Match": '"1234"'}, {"If-None-Match": "*"}, {"If-Match": '"1", "2"'}):
        assert docs.call(method, path, {"a": 2}, headers=headers, **PLACES[path]).status_code == 412
    elsewhere = PLACES[path] | {"profileId" if "profile" in path else "stateId": "none"}
    assert docs.call(method, path, {"a": 2}, headers={"If-Match": "*"}, **elsewhere).status_code == 412
    assert docs.call("GET", path, **PLACES[path]).json() == {"a": 1}
    assert Document.objects.count() == 1


@RESOURCES
@pytest.mark.parametrize("form", ['"{}"', "{}", 'W/"{}"', '"1", "{}"', "*"])
@pytest.mark.parametrize(("method", "after"), [("PUT", {"b": 2}), ("POST", {"a": 1, "b": 2}), ("DELETE", None)])
def test_a_precondition_that_holds_lets_it_pass(docs, path, form, method, after):
    docs.call("POST", path, {"a": 1}, **PLACES[path])
    etag = docs.call("GET", path, **PLACES[path])["ETag"].strip('"')
    headers = {"If-Match": form.format(etag)}
    assert docs.call(method, path, {"b": 2}, headers=headers, **PLACES[path]).status_code == 204
    response = docs.call("GET", path, **PLACES[path])
    assert (response.json() if after else response.status_code) == (after or 404)


@RESOURCES
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_put_without_precondition(docs, path, version):
    """LRS-19. 1.0.3: allowed for states, as cmi5 units rely on; refused for profiles, 400 for a new one. 2.0: 409."""
    head, place, is_state = {"X-Experience-API-Version": version}, PLACES[path], path == "activities/state"
    first = docs.call("PUT", path, {"n": 1}, headers=head, **place).status_code
    assert first == (204 if is_state or version == "2.0.0" else 400)
    if first == 400:
        docs.call("PUT", path, {"n": 1}, headers=head | NEW, **place)
    second = docs.call("PUT", path, {"n": 2}, headers=head, **place)
    is_kept = not is_state or version == "2.0.0"
    assert second.status_code == (409 if is_kept else 204)
    assert not is_kept or "If-Match" in second.json()["detail"]
    assert docs.call("GET", path, headers=head, **place).json() == {"n": 1 if is_kept else 2}


@RESOURCES
def test_post_merges_the_top_level_and_keeps_what_was_written(docs, path):
    docs.call("POST", path, '{"car":{"make":"a","year":1e2},"big":12345678901234567890.10,"x":1}', **PLACES[path])
    docs.call("POST", path, '{"x":[ 2 ],"car":{"make":"b"}}', **PLACES[path])
    assert docs.call("GET", path, **PLACES[path]).content == (
        b'{"car":{"make":"b"},"big":12345678901234567890.10,"x":[ 2 ]}'
    )


@RESOURCES
@pytest.mark.parametrize(
    ("stored", "stored_type", "sent", "sent_type"),
    [
        (b"{}", "application/json", b"text", "text/plain"),
        (b"text", "text/plain", b"{}", "application/json"),
        (b"{}", "application/json", b"[1]", "application/json"),
        (b"[1]", "application/json", b"{}", "application/json"),
        (b"{}", "application/json", b"{", "application/json"),
        (b"{}", "application/json", b'{"a":1,"a":2}', "application/json"),
        (b"{}", "application/json", b'{"a":"\\u0000"}', "application/json"),
        (b"{}", "application/json", b'{"a":1e400}', "application/json"),
    ],
)
def test_what_cannot_be_merged_changes_nothing(docs, path, stored, stored_type, sent, sent_type):
    docs.call("PUT", path, stored, content_type=stored_type, headers=NEW, **PLACES[path])
    assert docs.call("POST", path, sent, content_type=sent_type, **PLACES[path]).status_code == 400
    response = docs.call("GET", path, **PLACES[path])
    assert (response.content, response["Content-Type"]) == (stored, stored_type)


@RESOURCES
def test_post_of_a_new_document_stores_it_unless_it_is_broken_json(docs, path):
    assert docs.call("POST", path, b"{", **PLACES[path]).status_code == 400
    assert docs.call("POST", path, b"text", content_type="text/plain", **PLACES[path]).status_code == 204
    assert docs.call("GET", path, **PLACES[path]).content == b"text"


@RESOURCES
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_each_owner_of_a_document_is_required_and_nothing_else_is_known(docs, path, method):
    place = PLACES[path]
    for name in place:
        is_list = method == "GET" and name.endswith("Id") and name != "activityId"
        is_all = method == "DELETE" and name == "stateId"
        given = {other: value for other, value in place.items() if other != name}
        expected = 200 if is_list else 204 if is_all else 400
        assert docs.call(method, path, {}, headers=NEW, **given).status_code == expected, name
        assert docs.call(method, path, {}, headers=NEW, **given, **{name.upper(): place[name]}).status_code == 400
    assert docs.call(method, path, {}, headers=NEW, **place, limit="1").status_code == 400
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        *[
            (path, "agent", value)
            for path in ("activities/state", "agents/profile")
            for value in ("true", "not JSON", "{}", "[]", '{"mbox":"x"}')
        ],
        *[
            (path, "activityId", value)
            for path in ("activities/state", "activities/profile")
            for value in ("true", "", "a b")
        ],
        ("activities/state", "registration", "not a uuid"),
        ("activities/state", "stateId", ""),
        ("activities/state", "stateId", "x" * 2001),
        ("agents/profile", "profileId", "a\x00"),
        *[(path, "since", "yesterday") for path in PLACES],
    ],
)
def test_parameters_that_are_wrong_are_refused(docs, path, name, value):
    for method in ["GET"] if name == "since" else ["GET", "PUT", "POST", "DELETE"]:
        response = docs.call(method, path, {}, headers=NEW, **(PLACES[path] | {name: value}))
        assert response.status_code == 400, method
    assert not Document.objects.exists()


@RESOURCES
def test_lists_are_of_ids_changed_since(docs, path):
    id_name = list(PLACES[path])[-1]
    place = {name: value for name, value in PLACES[path].items() if name != id_name}
    for number in range(3):
        docs.call("POST", path, {}, **place, **{id_name: f"d{number}"})
    Document.objects.filter(document_id="d0").update(updated_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert list_of(docs.call("GET", path, **place)) == ["d0", "d1", "d2"]
    assert list_of(docs.call("GET", path, since="2020-01-01T00:00:00Z", **place)) == ["d1", "d2"]
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert list_of(docs.call("GET", path, since=later, **place)) == []


@pytest.mark.parametrize("size", [1, 3])
def test_query_counts_do_not_depend_on_size(docs, django_assert_num_queries, size):
    place = {"activityId": ACTIVITY, "agent": ANN}
    for number in range(size):
        docs.call("POST", "activities/state", {}, **place, stateId=str(number))
    with django_assert_num_queries(1):
        assert len(list_of(docs.call("GET", "activities/state", **place))) == size
    with django_assert_num_queries(1):
        docs.call("DELETE", "activities/state", **place)


def test_states_are_apart_by_activity_agent_and_registration(docs):
    places = [
        PLACES["activities/state"],
        PLACES["activities/state"] | {"registration": REGISTRATION},
        PLACES["activities/state"] | {"registration": str(uuid4())},
        PLACES["activities/state"] | {"agent": BEN},
        PLACES["activities/state"] | {"activityId": ACTIVITY + "2"},
    ]
    for number, place in enumerate(places):
        docs.call("PUT", "activities/state", {"n": number}, **place)
    assert [docs.call("GET", "activities/state", **place).json()["n"] for place in places] == list(range(5))
    owners = {"activityId": ACTIVITY, "agent": ANN}
    assert len(list_of(docs.call("GET", "activities/state", **owners))) == 3
    assert len(list_of(docs.call("GET", "activities/state", **owners, registration=REGISTRATION))) == 1
    assert docs.call("DELETE", "activities/state", **owners, registration=REGISTRATION).status_code == 204
    assert docs.call("DELETE", "activities/state", **owners).status_code == 204
    assert Document.objects.count() == 2  # another agent's, another activity's


def test_the_same_agent_has_one_state_however_it_is_written(docs):
    named = json.dumps({"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@kestrel.example"})
    docs.call("PUT", "activities/state", {"n": 1}, **PLACES["activities/state"])
    assert docs.call("GET", "activities/state", **(PLACES["activities/state"] | {"agent": named})).json() == {"n": 1}


@RESOURCES
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_scopes(connect, path, method):
    wrong = {"activities/state": "profile"}.get(path, "state")
    docs = connect(name="W", scopes=["statements/write", "statements/read", wrong])
    assert docs.call(method, path, {}, headers=NEW, **PLACES[path]).status_code == 403
    if method == "GET":
        assert connect(name="R", scopes=["all/read"]).call("GET", path, **PLACES[path]).status_code == 404
    else:
        assert connect(name="R", scopes=["all/read"]).call(method, path, {}, **PLACES[path]).status_code == 403
    assert connect(name="A", scopes=["all"]).call(method, path, {}, headers=NEW, **PLACES[path]).status_code in {
        204,
        404,
    }


@RESOURCES
def test_too_large_a_document_is_refused(docs, path):
    response = docs.call("PUT", path, b"x" * 5_000_001, content_type="text/plain", headers=NEW, **PLACES[path])
    assert response.status_code == 413
    half = '{"%s":"' + "x" * 2_600_000 + '"}'
    docs.call("PUT", path, half % "a", headers=NEW, **PLACES[path])
    assert docs.call("POST", path, half % "b", **PLACES[path]).status_code == 400
    assert len(docs.call("GET", path, **PLACES[path]).json()) == 1


@pytest.fixture
def launched(db):
    """A client with the credential of Ann's launch of ACTIVITY."""
    at = datetime.now(UTC)
    return XapiClient(
        *open_session(
            name="Launch",
            actor=json.loads(ANN),
            registration=REGISTRATION,
            activity_id=ACTIVITY,
            authority=AuthorityFactory(),
            expires_at=at + timedelta(hours=1),
            at=at,
        )
    )


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("activities/state", {}, 204),
        ("activities/state", {"registration": REGISTRATION}, 204),
        ("activities/state", {"activityId": ACTIVITY + "/page-1"}, 204),
        ("activities/state", {"registration": str(uuid4())}, 403),
        ("activities/state", {"activityId": ACTIVITY + "0"}, 403),
        ("activities/state", {"agent": BEN}, 403),
        ("agents/profile", {}, 204),
        ("agents/profile", {"agent": BEN}, 403),
        ("activities/profile", {}, 403),
    ],
)
def test_a_launch_keeps_documents_of_its_own_alone(launched, docs, path, changes, status):
    """LRS-01, LRS-02."""
    place = PLACES[path] | changes
    assert launched.call("PUT", path, {}, headers=NEW, **place).status_code == status
    assert launched.call("DELETE", path, **place).status_code == status
    docs.call("PUT", path, {"n": 1}, headers=NEW, **place)
    assert launched.call("GET", path, **place).status_code == (
        403 if status == 403 and path != "activities/profile" else 200
    )


def test_a_launch_lists_and_deletes_its_own_registration_alone(launched, docs):
    owners = {"activityId": ACTIVITY, "agent": ANN}
    for registration in (REGISTRATION, str(uuid4())):
        docs.call("PUT", "activities/state", {}, **owners, stateId=registration, registration=registration)
    assert list_of(launched.call("GET", "activities/state", **owners)) == [REGISTRATION]
    assert launched.call("DELETE", "activities/state", **owners).status_code == 204
    assert Document.objects.count() == 1


def test_the_database_keeps_a_documents_owners_together(docs):
    docs.call("PUT", "activities/state", {}, **PLACES["activities/state"])
    document = Document.objects.get()
    document.pk, document.key, document.agent_key = None, uuid4(), None
    with pytest.raises(IntegrityError), transaction.atomic():
        document.save(force_insert=True)
    assert str(Document.objects.get()) == "state bookmark"


def test_content_types_that_no_header_can_hold_are_refused(docs):
    for content_type in ("x" * 256, "text/\x07plain"):
        address = "/xapi/activities/state?" + urlencode(PLACES["activities/state"])
        response = docs.client.generic("PUT", address, b"x", CONTENT_TYPE=content_type, headers=docs.headers())
        assert response.status_code == 400
