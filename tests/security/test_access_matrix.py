"""TEN-29: every address × every role, generated from the URLconf. A new address without a row is red."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.security.matrix import MATRIX
from tests.security.tables import fingerprint, nothing_changes, untouched, watched
from tests.security.world import ROLES, World

pytestmark = pytest.mark.django_db
# Wagtail's admin has addresses of its own by the hundred: test_admin.py walks them as one.
ADMIN_FACES = {"wagtailadmin_home", "wagtailadmin_login"}


def addresses(resolver: URLResolver | None = None, namespace: str = "", path: str = "") -> Iterator[tuple[str, str]]:
    """(name, pattern) of all addresses that are ours."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from addresses(entry, inner, here)
        elif isinstance(entry, URLPattern):
            name = namespace + (entry.name or "")
            if entry.name and (not here.startswith("admin/") or name in ADMIN_FACES):
                yield name, here


NAMES = sorted({name for name, _ in addresses()})


def test_every_address_has_a_row() -> None:
    rows = {key.partition("#")[0] for key in MATRIX}
    assert [name for name in NAMES if name not in rows] == []


def test_every_row_has_an_address() -> None:
    assert [key for key in MATRIX if key.partition("#")[0] not in NAMES] == []


def sign(response: Any) -> str:
    """The answer as one sign of the table; the number itself where the table has none."""
    if response.streaming:
        b"".join(response)  # to the end, or the file stays open
    codes = {200: "2", 201: "+", 204: "N", 400: "B", 401: "U", 403: "F", 404: "4", 405: "M", 409: "C", 415: "T"}
    if response.status_code in {301, 302, 303}:
        return "L" if response["Location"].startswith("/accounts/login/") else "R"
    return codes.get(response.status_code, str(response.status_code))


def ask(world: World, key: str, method: str, role: str) -> Any:
    row = MATRIX[key]
    client, args = world.client(role, raise_request_exception=False), row.args(world)
    name = key.partition("#")[0]
    address = reverse(name, args=args) if isinstance(args, list) else reverse(name, kwargs=args)
    cache.clear()
    if method == "get":
        return client.get(address)
    if row.is_json:
        return client.post(address, json.dumps(row.data(world)), content_type="application/json")
    return client.post(address, row.data(world))


REFUSED = set("LBUF4MCT")


def answers(world: World, key: str, method: str) -> str:
    """What each role gets, each in the same world. Who is refused a POST leaves every table as it was."""
    found = {}
    for role in ROLES:
        with transaction.atomic():
            with watched() as written:
                found[role] = sign(ask(world, key, method, role))
            if written and method == "post" and found[role] in REFUSED:
                assert fingerprint() == untouched(), (role, written)
            transaction.set_rollback(True)
    signs = "".join(f"[{one}]" if len(one) > 1 else one for one in found.values())
    return signs if "[" in signs else f"{signs[:1]} {signs[1:4]} {signs[4:6]} {signs[6:]}"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("key", MATRIX)
def test_answers_are_as_declared(world: World, key: str, method: str) -> None:
    untouched()
    assert answers(world, key, method) == getattr(MATRIX[key], method)


def test_a_change_is_noticed(world: World) -> None:
    """The twin: what is allowed to the owner changes rows, and the guard says so."""
    with pytest.raises(AssertionError, match="INSERT"), nothing_changes():
        assert sign(ask(world, "accounts:token_create", "post", "own")) == "2"
