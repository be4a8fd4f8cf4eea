"""WEB-01, WEB-02, WEB-03, WEB-17: what a browser is told with every answer."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.security.matrix import MATRIX
from tests.security.pages import address_of, crawl, read
from tests.security.world import World

pytestmark = pytest.mark.django_db
# Files whose address changes with their content, and what verifiers fetch.
KEPT = {"badges:api_discovery", "badges:authorization_server", "cms:image", "cms:video", "badges:did", "badges:image"}
# Made to stand in pages of others.
FRAMED = {"badges:card"}
LOADING = {
    "img": "src",
    "script": "src",
    "link": "href",
    "iframe": "src",
    "video": "src",
    "source": "src",
    "form": "action",
}


def check(headers: dict[str, str], *, is_framed: bool = False) -> None:
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in {"same-origin", "no-referrer"}
    assert "camera=()" in headers["permissions-policy"]
    policy = headers["content-security-policy"]
    assert ("frame-ancestors 'none'" in policy or "frame-ancestors 'self'" in policy) != is_framed
    assert "object-src 'none'" in policy or "default-src 'none'" in policy
    assert "cache-control" in headers


@pytest.mark.parametrize("role", ["anonymous", "own", "portal"])
def test_every_answer_has_the_headers(world: World, role: str) -> None:
    client = world.client(role, raise_request_exception=False)
    for key in MATRIX:
        page = read(client, address_of(world, key))
        check(page.headers, is_framed=key in FRAMED)
        is_relaxed = "script-src 'self' 'unsafe-inline'" in page.headers["content-security-policy"]
        assert is_relaxed == key.startswith("wagtailadmin"), key
        assert "no-store" in page.headers["cache-control"] or key in KEPT, key


@pytest.mark.parametrize(
    "address", ["/no/such/", "/faulty/", "/forbidden/", "/?a=%00", "/api/v1/faulty/", "/api/v1/no/"]
)
def test_error_pages_have_the_headers(world: World, settings: Any, address: str) -> None:
    settings.ROOT_URLCONF = "tests.security.faulty_urls"
    for role in ("anonymous", "own"):
        page = read(world.client(role, raise_request_exception=False), address)
        assert page.status >= 400
        check(page.headers)
        assert "secret" not in page.text
        kind = "application/problem+json" if address.startswith("/api/") else "text/html"
        assert page.headers["content-type"].startswith(kind)


def test_foreign_host_gets_a_calm_page_with_headers(settings: Any) -> None:
    """WEB-05, also where the host is asked for first, by the redirect to https."""
    for is_redirecting in (False, True):
        settings.SECURE_SSL_REDIRECT = is_redirecting
        page = read(Client(raise_request_exception=False), "/accounts/login/", headers={"Host": "evil.example"})
        assert page.status == 400
        check(page.headers)
        assert "evil" not in page.text


def test_forwarded_host_is_ignored() -> None:
    spellings = {"X-Forwarded-Host": "evil.example", "X-Original-URL": "/admin/", "Forwarded": "host=evil.example"}
    page = read(Client(), "/accounts/login/", headers=spellings)
    assert page.status == 200
    assert "evil" not in page.text + str(page.headers)


def test_transport_is_strict_over_https(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert "max-age=31536000" in Client().get("/accounts/login/", secure=True)["Strict-Transport-Security"]


@pytest.mark.parametrize("suffix", ["x.css", ";x.css", "%2fx.css", "x.js", "%0ax.png", ".css"])
def test_personal_page_has_no_other_name(world: World, suffix: str) -> None:
    """WEB-03."""
    for address in ("/account/", "/my/certificates/", "/my/learning/", f"/partners/{world.a.public_id}/"):
        page = read(world.client("own", raise_request_exception=False), address + suffix, follow=True)
        assert page.status == 404
        assert "no-store" in page.headers["cache-control"]


@pytest.mark.parametrize("role", ["anonymous", "own", "manager", "channel", "author"])
def test_pages_load_from_this_site_only(world: World, role: str) -> None:
    """WEB-17."""
    starts = [
        "/",
        "/accounts/login/",
        "/verify/",
        "/catalogue/",
        f"/partners/{world.a.public_id}/",
        "/library/sizing/",
        "/admin/",
    ]
    foreign = []
    for page in crawl(world.client(role), starts).values():
        if not page.headers.get("content-type", "").startswith("text/html"):
            continue
        for name, attribute in LOADING.items():
            for tag in page.soup.find_all(name):
                host = urlsplit(str(tag.get(attribute, ""))).netloc
                if host and tag.get("rel") != ["canonical"]:
                    foreign.append((page.address, host))
        foreign += [(page.address, found) for found in re.findall(r"gravatar|googleapis|cdn\.", page.text)]
    assert foreign == []
