"""Every refusal under /api/ is application/problem+json, whoever refuses: view, parser, throttle, URLconf or middleware."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.throttling import UserRateThrottle

from tests.security.world import World

pytestmark = pytest.mark.django_db


def check(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["type"]) == (status, f"urn:laurel:problem:{code}")
    assert body["title"]
    assert body["detail"]
    return body


def test_stranger_is_asked_who_he_is() -> None:
    response = Client().get("/api/v1/me/")
    check(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_wrong_token_is_refused() -> None:
    check(Client().get("/api/v1/me/", headers={"Authorization": "Bearer laurel_x_y"}), 401, "authentication_failed")


def test_token_in_the_address_is_not_read(world: World) -> None:
    check(Client().get("/api/v1/me/?token=laurel_x_y&access_token=laurel_x_y"), 401, "not_authenticated")


@pytest.mark.parametrize("address", ["/api/", "/api/v1/", "/api/v1/nothing/", "/api/v2/me/", "/api/v1/partners/x/"])
def test_unknown_address(world: World, address: str) -> None:
    check(world.client("own").get(address), 404, "not_found")


def test_unknown_id(world: World) -> None:
    check(world.client("other").get(f"/api/v1/partners/{world.a.public_id}/"), 404, "not_found")


def test_forbidden(world: World) -> None:
    check(world.client("own").get(f"/api/v1/partners/{world.a.public_id}/people/"), 403, "permission_denied")


def test_write_without_the_form_token(world: World) -> None:
    check(world.client("own", enforce_csrf_checks=True).post("/api/v1/enrolments/"), 403, "permission_denied")


def test_method_without_meaning(world: World) -> None:
    check(world.client("own").delete("/api/v1/me/"), 405, "method_not_allowed")


def test_other_content_type(world: World) -> None:
    check(world.client("own").post("/api/v1/enrolments/", {"course": "x"}), 415, "unsupported_media_type")


@pytest.mark.parametrize("body", ["{", '{"course": 1e400}', '{"a": 1, "a": 2}', '"\\ud800"', "[" * 100_000, b"\xff"])
def test_unreadable_json(world: World, body: Any) -> None:
    check(world.client("own").post("/api/v1/enrolments/", body, content_type="application/json"), 400, "parse_error")


def test_bad_fields_are_named(world: World) -> None:
    body = check(world.client("own").post("/api/v1/enrolments/", {}, content_type="application/json"), 400, "invalid")
    assert list(body["errors"]) == ["course"]


def test_nul_in_the_address(world: World) -> None:
    check(world.client("own").get("/api/v1/credentials/?status=%00"), 400, "bad_request")


def test_too_many_requests(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min"})
    cache.clear()
    client = world.client("own")
    assert [client.get("/api/v1/me/").status_code for _ in range(2)] == [200, 200]
    response = client.get("/api/v1/me/")
    check(response, 429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 60
    assert world.client("other").get("/api/v1/me/").status_code == 200


def test_fault_of_ours(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.security.faulty_urls"
    check(Client(raise_request_exception=False).get("/api/v1/faulty/"), 500, "server_error")
    check(Client().get("/api/v1/forbidden/"), 403, "permission_denied")
