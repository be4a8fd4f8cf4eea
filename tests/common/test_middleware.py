"""Each guard of lms.common.middleware, and what happens when it is taken away."""

from typing import Any

import pytest
from django.test import Client

HEADERS = "lms.common.middleware.private_by_default"
READABLE = "lms.common.middleware.readable_requests"


def without(settings: Any, middleware: str) -> Client:
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != middleware]
    return Client(raise_request_exception=False)


def test_nothing_is_stored_unless_a_view_says_so(settings: Any) -> None:
    assert Client().get("/robots.txt")["Cache-Control"] == "no-store, private"
    assert "Cache-Control" not in without(settings, HEADERS).get("/robots.txt")


def test_features_of_the_browser_are_switched_off(settings: Any) -> None:
    assert "camera=()" in Client().get("/robots.txt")["Permissions-Policy"]
    assert "Permissions-Policy" not in without(settings, HEADERS).get("/robots.txt")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "HACK"])
def test_pages_know_the_methods_of_forms(settings: Any, method: str) -> None:
    refused = Client().generic(method, "/accounts/password/reset/done/")
    assert refused.status_code == 405
    assert refused["Allow"] == "GET, HEAD, POST, OPTIONS"
    assert Client().generic("PUT", "/api/v1/me/").status_code == 401


@pytest.mark.parametrize("address", ["/robots.txt?a=%00", "/%00", "/robots.txt?%00=1"])
def test_nul_is_refused(settings: Any, address: str) -> None:
    assert Client().get(address).status_code == 400
    assert without(settings, READABLE).get(address).status_code != 400
