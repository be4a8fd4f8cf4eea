"""FLT-02, FLT-05: with the database away every page says so and nothing else breaks."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client

from tests.security.matrix import MATRIX
from tests.security.pages import address_of
from tests.security.world import World
from tests.servers import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def addresses(world: World) -> dict[str, str]:
    return {key: address_of(world, key) for key in MATRIX}


@pytest.fixture
def outage(addresses: dict[str, str]) -> Iterator[None]:
    """The connection is one to a PostgreSQL that does not listen."""
    alive = connections["default"]
    dead = {**connection.settings_dict, "HOST": "127.0.0.1", "PORT": str(free_port()), "NAME": "gone"}
    connections["default"] = DatabaseWrapper({**dead, "OPTIONS": {"connect_timeout": 2}, "USER": "nobody"}, "default")
    try:
        yield
    finally:
        connections["default"] = alive


def ask(client: Client, address: str, method: str) -> tuple[int, str]:
    response = getattr(client, method)(address)
    if response.status_code == 503:
        assert int(response["Retry-After"]) > 0
        assert "no-store" in response["Cache-Control"]
    return response.status_code, response.content.decode()


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_is_unavailable_to_a_signed_in_person(
    world: World, addresses: dict[str, str], method: str
) -> None:
    client = world.client("own", raise_request_exception=False)
    answers = {key: ask(client, address, method)[0] for key, address in addresses.items()}
    not_calm = {key: status for key, status in answers.items() if status >= 500 and status != 503}
    assert not_calm == {}
    assert answers["portal:home"] == 503
    assert {status for status in answers.values() if status < 400} <= {200}


@pytest.mark.usefixtures("outage")
def test_nobody_gets_a_500(addresses: dict[str, str]) -> None:
    client = Client(raise_request_exception=False)
    answers = {key: ask(client, address, "get")[0] for key, address in addresses.items()}
    assert {key: status for key, status in answers.items() if status == 500} == {}
    assert answers["common:health"] == 503


@pytest.mark.usefixtures("outage")
def test_page_is_calm_and_tells_nothing(world: World) -> None:
    status, text = ask(world.client("own", raise_request_exception=False), "/", "get")
    assert status == 503
    assert "Back in a moment" in text
    assert "127.0.0.1" not in text
    status, text = ask(world.client("own", raise_request_exception=False), "/api/v1/me/", "get")
    assert status == 503
    assert "urn:laurel:problem:unavailable" in text
