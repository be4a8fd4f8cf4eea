"""What all resources share: versions and base paths, HEAD, alternate requests, CORS, errors. 1.0.3 Communication 1, 3."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client

from lms.xapi.models import Document, Statement
from tests.xapi.factories import statement

pytestmark = pytest.mark.django_db
ACTIVITY = "https://system.example/activities/1"
AGENT = json.dumps({"mbox": "mailto:ann@kestrel.example"})
QUERIES = {
    "statements": {},
    "activities": {"activityId": ACTIVITY},
    "agents": {"agent": AGENT},
    "activities/state": {"activityId": ACTIVITY, "agent": AGENT},
    "activities/profile": {"activityId": ACTIVITY},
    "agents/profile": {"agent": AGENT},
}
RESOURCES = pytest.mark.parametrize("path", QUERIES)
VERSION = "X-Experience-API-Version"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def lrs(connect):
    return connect(scopes=["all"])


@RESOURCES
@pytest.mark.parametrize(
    ("base", "header", "status", "answered"),
    [
        ("", "1.0.3", 200, "1.0.3"),
        ("", "1.0", 200, "1.0.3"),
        ("", "1.0.9", 200, "1.0.3"),
        ("", "2.0.0", 200, "2.0.0"),
        ("", "2.0", 200, "2.0.0"),
        ("", None, 400, "2.0.0"),
        ("", "1.1", 400, "2.0.0"),
        ("1.0.3/", "1.0.1", 200, "1.0.3"),
        ("1.0.3/", None, 400, "1.0.3"),
        ("1.0.3/", "2.0.0", 400, "1.0.3"),
        ("1.0.3//", "1.0.3", 200, "1.0.3"),
        ("2.0/", "2.0.0", 200, "2.0.0"),
        ("2.0/", None, 400, "2.0.0"),
        ("2.0/", "1.0.3", 400, "2.0.0"),
        ("2.0//", "2.0.0", 200, "2.0.0"),
        ("/", "2.0.0", 200, "2.0.0"),
    ],
)
def test_versions_by_base_path_and_by_header(lrs, path, base, header, status, answered):
    for method in ("GET", "HEAD"):
        response = lrs.call(method, base + path, headers={VERSION: header}, **QUERIES[path])
        assert (response.status_code, response[VERSION]) == (status, answered)


@pytest.mark.parametrize(("base", "versions"), [("", ["1.0.3", "2.0.0"]), ("1.0.3/", ["1.0.3"]), ("2.0/", ["2.0.0"])])
def test_about_names_the_versions_of_its_base(client, base, versions):
    response = client.get(f"/xapi/{base}about")
    assert response.json() == {"version": versions}
    assert response[VERSION] == versions[-1]


def test_there_is_nothing_beside(lrs):
    for path in ("", "1.0.2/statements", "2.0.0/statements", "statements/", "statementsx", "activities/states"):
        assert lrs.call("GET", path).status_code == 404


@RESOURCES
def test_head_is_get_without_a_body(lrs, path):
    lrs.post(statement())
    get, head = (lrs.call(method, path, **QUERIES[path]) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert get.content
    assert {"Content-Type", VERSION, "X-Experience-API-Consistent-Through"} <= head.headers.keys()


@RESOURCES
def test_other_methods_are_named(lrs, path):
    response = lrs.call("PATCH", path, **QUERIES[path])
    assert response.status_code == 405
    assert "HEAD, GET" in response.json()["detail"]


@RESOURCES
def test_every_answer_says_how_current_it_is_errors_too(lrs, path):
    anonymous = Client().get(f"/xapi/{path}", headers={VERSION: "1.0.3"})
    for response in (lrs.call("GET", path, **QUERIES[path]), lrs.call("GET", path, nothing="1"), anonymous):
        through = datetime.fromisoformat(response["X-Experience-API-Consistent-Through"])
        assert 0 <= (datetime.now(UTC) - through).total_seconds() < 10
        assert response["Cache-Control"] == "no-store, private"
        assert not response.cookies


@RESOURCES
@pytest.mark.parametrize("query", ["a=1&a=2", "a=%ff", "a=%00", "&".join(f"a{n}=1" for n in range(51)), "é=1"])
def test_parameters_that_cannot_be_read_are_refused(lrs, path, query):
    response = lrs.client.generic("GET", f"/xapi/{path}", QUERY_STRING=query, headers=lrs.headers())
    assert response.status_code == 400


def test_an_error_says_where_in_the_statement(lrs):
    error = lrs.post([statement(), statement(verb={"id": "x"})]).json()
    assert error["pointer"] == "/1/verb/id"
    assert error["detail"].startswith("/1/verb/id: ")
    assert error["type"] == "urn:laurel:problem:invalid_statement"


def test_a_chunked_body_needs_a_length(lrs):
    headers = lrs.headers() | {"Transfer-Encoding": "chunked"}
    response = lrs.client.generic(
        "POST", "/xapi/statements", content_type="", headers=headers, CONTENT_TYPE="application/json"
    )
    assert response.status_code == 411


# --- Alternate request syntax (1.0.3 Communication 1.3) ---


def alternate(lrs, path, method, fields, *, headers=None, content_type=FORM, query=""):
    body = urlencode({name: json.dumps(value) if isinstance(value, dict) else value for name, value in fields.items()})
    address = f"/xapi/{path}?method={method}{query}"
    return lrs.client.generic("POST", address, body, content_type=content_type, headers=lrs.headers(**headers or {}))


def test_each_method_can_come_as_a_form(lrs):
    statement_id = str(uuid4())
    assert alternate(lrs, "statements", "PUT", {"statementId": statement_id, "content": statement()}).status_code == 204
    assert alternate(lrs, "statements", "POST", {"content": statement()}).status_code == 200
    assert alternate(lrs, "statements", "GET", {"statementId": statement_id}).json()["id"] == statement_id
    place = {"activityId": ACTIVITY, "agent": AGENT, "stateId": "s"}
    sent = place | {"content": "Zażółć", "Content-Type": "text/plain", "If-None-Match": "*"}
    assert alternate(lrs, "activities/state", "PUT", sent).status_code == 204
    response = alternate(lrs, "activities/state", "GET", place)
    assert (response.content.decode(), response["Content-Type"]) == ("Zażółć", "text/plain")
    assert alternate(lrs, "activities/state", "PUT", sent).status_code == 412
    assert alternate(lrs, "activities/state", "DELETE", place).status_code == 204
    assert alternate(lrs, "activities/state", "GET", place).status_code == 404


def test_a_form_brings_headers_and_the_same_rights_are_asked_for(lrs, connect):
    """LRS-25."""
    reader = connect(name="Reader", scopes=["statements/read"])
    fields = {"content": statement(), "Authorization": reader.headers()["Authorization"], VERSION: "1.0.3"}
    bare = {"Authorization": None, VERSION: None}
    assert alternate(lrs, "statements", "POST", fields, headers=bare).status_code == 403
    fields["Authorization"] = lrs.headers()["Authorization"]
    assert alternate(lrs, "statements", "POST", fields, headers=bare).status_code == 200
    assert alternate(lrs, "statements", "POST", fields | {"Authorization": ""}, headers=bare).status_code == 401
    assert alternate(lrs, "statements", "POST", fields | {VERSION: "0.8"}).status_code == 400
    wrong = "Basic " + base64.b64encode(b"a:b").decode()
    assert alternate(lrs, "statements", "POST", fields | {"Authorization": wrong}).status_code == 401
    assert Statement.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "fields", "more"),
    [
        ("PUT", {"statementId": str(uuid4())}, {}),
        ("POST", {}, {}),
        ("PATCH", {"content": statement()}, {}),
        ("POST", {"content": statement(), "limit": "1"}, {}),
        ("POST", {"content": statement()}, {"query": "&limit=1"}),
        ("POST", {"content": statement()}, {"content_type": "application/json"}),
        ("POST", {"content": statement(), "Content-Type": "multipart/mixed; boundary=b"}, {}),
        ("POST", {"content": '{"a":1'}, {}),
        ("POST", {"content": statement()}, {"headers": {VERSION: "2.0.0"}}),
    ],
)
def test_forms_that_are_no_alternate_request_are_refused(lrs, method, fields, more):
    assert alternate(lrs, "statements", method, fields, **more).status_code == 400
    assert not Statement.objects.exists()


def test_version_2_has_no_alternate_requests(lrs):
    for path in ("2.0/statements", "statements"):
        response = alternate(lrs, path, "GET", {}, headers={VERSION: "2.0.0"})
        assert response.status_code == 400
    assert lrs.call("PUT", "statements", statement(), method="POST").status_code == 400


def test_too_large_a_form_is_refused(lrs):
    assert alternate(lrs, "statements", "POST", {"content": "x" * 2_000_001}).status_code == 413
    assert alternate(lrs, "statements", "POST", {"content": "x" * 6_000_001}).status_code == 413


# --- CORS ---

ORIGIN = "https://content.example"


@RESOURCES
def test_only_the_content_origin_may_call_from_a_browser(lrs, settings, path):
    """LRS-26."""
    settings.XAPI_CONTENT_ORIGINS = [ORIGIN]
    for origin, allowed in (
        (ORIGIN, ORIGIN),
        ("https://evil.example", None),
        ("null", None),
        (f"{ORIGIN}.evil.example", None),
    ):
        preflight = Client().options(
            f"/xapi/{path}", headers={"Origin": origin, "Access-Control-Request-Method": "PUT"}
        )
        answer = lrs.call("GET", path, headers={"Origin": origin}, **QUERIES[path])
        for response in (preflight, answer):
            assert response.status_code in {200, 204}
            assert response.get("Access-Control-Allow-Origin") == allowed
            assert response["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in response
    assert "GET" in preflight["Access-Control-Allow-Methods"]
    assert "authorization" in preflight["Access-Control-Allow-Headers"].lower()


def test_without_a_content_origin_nobody_may(lrs):
    response = lrs.call("GET", "statements", headers={"Origin": "http://testserver"})
    assert "Access-Control-Allow-Origin" not in response
    assert "Vary" not in response


def test_a_launched_unit_gets_no_basic_challenge():
    headers = {VERSION: "1.0.3"}
    assert Client().get("/xapi/statements", headers=headers)["WWW-Authenticate"].startswith("Basic")
    for sign in ({"Origin": ORIGIN}, {"Sec-Fetch-Mode": "cors"}):
        response = Client().get("/xapi/statements", headers=headers | sign)
        assert (response.status_code, "WWW-Authenticate" in response) == (401, False)


def test_no_document_without_credential():
    for path, query in QUERIES.items():
        for method in ("GET", "PUT", "POST", "DELETE"):
            address = f"/xapi/{path}?{urlencode(query)}"
            assert Client().generic(method, address, headers={VERSION: "1.0.3"}).status_code == 401
    assert not Document.objects.exists()


# --- Beside the site's middleware ---


def test_plain_http_is_redirected_and_https_is_told_to_stay(lrs, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 3600
    client = Client()  # its handler reads the settings anew
    assert client.get("/xapi/about").status_code == 301
    response = client.get("/xapi/about", secure=True)
    assert response.status_code == 200
    assert response["Strict-Transport-Security"].startswith("max-age=3600")


def test_a_session_is_not_even_read(lrs, django_assert_num_queries, client):
    from tests.factories import UserFactory

    client.force_login(UserFactory())
    with django_assert_num_queries(0):
        response = client.get("/xapi/about")
    assert not response.cookies
