"""Requests that no browser of an honest person sends: WEB-06, WEB-07, WEB-09, WEB-10, WEB-11, WEB-13."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import Resolver404, resolve

from tests.security.matrix import MATRIX
from tests.security.pages import address_of, read
from tests.security.tables import nothing_changes
from tests.security.world import World

pytestmark = pytest.mark.django_db

LEAKS = [
    ".env",
    ".git/HEAD",
    ".git/config",
    ".gitignore",
    ".svn/entries",
    ".DS_Store",
    ".htaccess",
    ".htpasswd",
    ".aws/credentials",
    ".ssh/id_rsa",
    "backup.sql",
    "backup.zip",
    "db.sqlite3",
    "var/laurel.sqlite3",
    "laurel.sqlite3",
    "dump.sql",
    "database.sql",
    "debug.log",
    "error.log",
    "settings.py",
    "lms/settings.py",
    "manage.py",
    "pyproject.toml",
    "requirements.txt",
    "package.json",
    "Dockerfile",
    "docker-compose.yml",
    "config.json",
    "config.yml",
    "web.config",
    "wp-login.php",
    "phpinfo.php",
    "server-status",
    "actuator/env",
    "actuator/health",
    "metrics",
    "__debug__/",
    "silk/",
    "flower/",
    "django-admin/",
    "admin.php",
    "console",
    "graphql",
    "swagger.json",
    "openapi.json",
    "api/",
    "api/v2/pages/",
    "api/v3/",
    "cms-api/",
    "media/",
    "media/documents/",
    "media/original_images/",
    "media/images/",
    "documents/",
    "static/",
    "static/lms/",
    "static/lms/js/",
    "static/lms/js/exam.js.map",
    "static/%2e%2e/lms/settings.py",
    "static/..%2f..%2flms/settings.py",
    "static/lms/%2e%2e/%2e%2e/%2e%2e/settings.py",
    "static//etc/passwd",
    "..%2f..%2fetc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "robots.txt.bak",
    "healthz.bak",
    "sitemap.xml",
    "crossdomain.xml",
    ".well-known/security.txt~",
    ".well-known/",
    "xapi/",
    "badges/",
    "exams/",
    "files/",
    "files/documents/",
    "invitations/",
    "checks/",
]
ODD = [
    *("0", "-1", "9" * 40, "1e9", "NaN", "null", "undefined", "__class__", "%00", "%ff%fe", "%ed%a0%80", "%c0%ae"),
    *("..", "..%2f..%2fetc%2fpasswd", "'\"><x>", "{{7*7}}", "%s%n", "a" * 3000, "١٢", "🙂", "%0d%0aSet-Cookie:a=b"),
    "00000000-0000-0000-0000-000000000000",
]
QUERIES = {
    "page": ["-1", "0", "1000000000", "x"],
    "page_size": ["1000000000", "-1"],
    "ordering": ["__class__", "person__password"],
    "sort": ["__class__", "-name%00"],
    "cursor": ["x", "bz0xMDAwMDAwMA=="],
    "q": ["%22", "%27%22%3E", "%ff%fe", "%ed%a0%80", "+++", "*", "AND+OR+NOT", "%28%28%28"],
    "minutes": ["-1", "x"],
    "persona": ["__all__"],
    "need": ["%27"],
    "status": ["x"],
    "partner": ["x"],
    "since": ["0001-01-01T00:00:00Z", "garbage"],
    "until": ["9999-12-31T23:59:59Z"],
    "number": ["%27%3B--"],
    "next": ["//evil.example"],
    "format": ["api"],
    "a": ["1&" + "a=1&" * 399],
}
# Pages that say "there is no such thing" with 200: the same answer, in the same time, for every number.
ALWAYS_200 = {"certifications:verify", "branding:check", "account_reset_password_from_key"}
WITH_ARGUMENTS = [key for key, row in MATRIX.items() if row.args.__name__ != "_nothing"]
PAGES = [key for key, row in MATRIX.items() if row.get.replace(" ", "")[1] in "2R"]


def odd_addresses(world: World, key: str) -> Iterator[str]:
    """The address with each of its values replaced by each odd one."""
    address, values = address_of(world, key), MATRIX[key].args(world)
    for value in values if isinstance(values, list) else values.values():
        for odd in ODD:
            if str(value) not in {"", odd}:
                yield address.replace(str(value).rstrip("/"), odd if odd.startswith("%") else quote(odd))


def leads_nowhere(address: str) -> bool:
    """Whether no view is asked at all."""
    try:
        resolve(unquote(address))
    except Resolver404:
        return True
    return False


@pytest.mark.parametrize("key", WITH_ARGUMENTS)
def test_odd_ids_are_refused(world: World, key: str) -> None:
    """WEB-10. What no pattern takes gets the one answer for all such addresses: two for each key show it."""
    client = world.client("own", raise_request_exception=False)
    method = "get" if "M" not in MATRIX[key].get else "post"
    addresses = list(odd_addresses(world, key))
    nowhere = [address for address in addresses if leads_nowhere(address)]
    turn = WITH_ARGUMENTS.index(key) % len(ODD)
    asked = [address for address in addresses if address not in nowhere or address in nowhere[turn : turn + 2]]
    answers = {address: getattr(client, method)(address).status_code for address in asked}
    least = 200 if key in ALWAYS_200 else 300
    assert {address: status for address, status in answers.items() if not least <= status < 500} == {}


@pytest.mark.parametrize("key", PAGES)
def test_odd_parameters_do_no_harm(world: World, key: str) -> None:
    """WEB-10, WEB-11."""
    role = "channel" if key == "portal:partners" else "manager" if "people" in key else "own"
    client, address = world.client(role, raise_request_exception=False), address_of(world, key)
    together = [
        [f"{name}={values[turn]}" for name, values in QUERIES.items() if turn < len(values)] for turn in range(8)
    ]
    answers = {}
    for queries in together:
        query = "&".join(queries)
        answers[query] = read(client, f"{address}?{query}").status
        if answers[query] >= 400:  # the first that is refused hides the others
            answers |= {one: read(client, f"{address}?{one}").status for one in queries}
    assert {query: status for query, status in answers.items() if status >= 500} == {}


@pytest.mark.parametrize(
    "words", ["a " * 1500, "a" * 100_000, "\x00", '"', "'\">", "\ud800".encode("utf-8", "surrogatepass")]
)
def test_search_answers_whatever_is_typed(world: World, words: Any) -> None:
    """WEB-11: results, none, or 400 for what no text can hold."""
    for role, address in (("own", "/catalogue/"), ("manager", f"/partners/{world.a.public_id}/people/")):
        client = world.client(role, raise_request_exception=False)
        assert client.get(address, {"q": words}).status_code == (400 if words == "\x00" else 200)


@pytest.mark.parametrize("path", LEAKS)
def test_leak_paths_do_not_exist(world: World, path: str) -> None:
    """WEB-09: neither for a stranger nor for the vendor's own people."""
    for role in ("anonymous", "portal"):
        client = world.client(role, raise_request_exception=False)
        assert client.get(f"/{path}").status_code in {400, 404}, role


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "MKCOL", "DEBUG", "HACK"])
def test_invented_methods_are_refused(world: World, method: str) -> None:
    """WEB-07."""
    client = world.client("own")
    for address in ("/", "/accounts/login/", "/api/v1/me/", "/xapi/about", "/healthz", "/admin/", "/library/sizing/"):
        assert client.generic(method, address).status_code == 405


@pytest.mark.parametrize("key", MATRIX)
def test_methods_without_meaning_do_nothing(world: World, key: str) -> None:
    """PUT, PATCH and DELETE are for the API alone, which has none yet; the record store asks for a credential."""
    client, address = world.client("own", raise_request_exception=False), address_of(world, key)
    with nothing_changes():
        answers = {method: getattr(client, method)(address).status_code for method in ("put", "patch", "delete")}
    assert {status for status in answers.values() if status not in {400, 401, 404, 405}} == set(), answers


def test_method_override_is_not_honoured(world: World) -> None:
    address, client = address_of(world, "api-v1:enrolment"), world.client("own")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert client.post(address, headers={name: "DELETE"}).status_code == 405
    assert client.post(f"{address}?_method=DELETE", {"_method": "DELETE"}).status_code == 405
    world.enrolment.refresh_from_db()


@pytest.mark.parametrize("key", [key for key, row in MATRIX.items() if row.post.replace(" ", "")[1] in "2R+L"])
def test_writes_need_the_token_of_the_form(world: World, key: str) -> None:
    """WEB-06: with a session and no CSRF token, or from another site, nothing is written."""
    client, address, row = world.client("own", enforce_csrf_checks=True), address_of(world, key), MATRIX[key]
    fields = {name: value or "" for name, value in row.data(world).items()}
    with nothing_changes():
        assert client.post(address, fields).status_code == 403
        assert client.post(address, json.dumps(fields), content_type="text/plain").status_code == 403
        assert client.post(address, fields, headers={"Origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/account/theme/", "/api/v1/enrolments/", "/xapi/statements", "/checks/x/"]
)
def test_big_bodies_are_refused(world: World, address: str) -> None:
    """WEB-13."""
    client = world.client("own", raise_request_exception=False)
    form = "application/x-www-form-urlencoded"
    bodies = {
        "30 MB": (b"a=" + b"x" * 30_000_000, form),
        "30 MB of JSON": (b'{"a": "' + b"x" * 30_000_000 + b'"}', "application/json"),
        "20 000 fields": ("&".join(f"f{number}=1" for number in range(20_000)).encode(), form),
        "no boundary": (b"--x", "multipart/form-data"),
        "broken parts": (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n", "multipart/form-data; boundary=x"),
        "deep": (b"[" * 100_000, "application/json"),
    }
    for name, (body, kind) in bodies.items():
        status = client.post(address, body, content_type=kind).status_code
        is_read = kind == form or address.startswith(("/api/", "/xapi/"))
        assert status < 500, name
        assert not (is_read and name[0].isdigit()) or status >= 400, (name, status)


def test_many_parts_are_refused() -> None:
    limit = site.DATA_UPLOAD_MAX_NUMBER_FIELDS
    parts = {f"f{number}": "1" for number in range(max(5000, limit + 1))}
    assert Client(raise_request_exception=False).post("/accounts/login/", parts).status_code == 400
