"""The schema is complete, and what the API answers is what it says: schemathesis sends what a stranger would try."""

from collections.abc import Iterable
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test.client import ClientHandler
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from lms.accounts.models import ApiToken
from lms.accounts.services import create_token
from tests.security.world import World

pytestmark = pytest.mark.django_db
ROLES = ("own", "manager", "other", "channel")
# Rules that JSON Schema has no words for: what breaks them is refused although it fits the schema.
BEYOND_SCHEMA = {
    "/api/v1/partners/{public_id}/completion-rates/": "the window begins before it ends",
    "/api/v1/deals/": "products, countries and currencies are those of the rules in force",
    "/api/v1/deals/{deal_id}/moves/": "which moves need a reason or a sentence, and which reasons there are for each",
}
TRY = settings(max_examples=6, database=None, suppress_health_check=list(HealthCheck))


def document() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return schema


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The site as a WSGI application that leaves the test's transaction open."""
    response = ClientHandler()(environ)  # type: ignore[no-untyped-call]
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]


def loaded() -> Any:
    schema = schemathesis.openapi.from_dict(document())
    schema.app = app
    schema.config.generation.update(allow_x00=False)  # JSON has it, PostgreSQL has not: tests/common/test_guards.py
    return schema


SCHEMA = loaded()
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]


@pytest.fixture(scope="package")
def tokens(world: World, django_db_blocker: Any) -> dict[str, str]:
    with django_db_blocker.unblock():
        write = ApiToken.Scope.WRITE
        return {
            role: create_token(user=world.people[role], name="Test", scope=write, expires_at=None, at=world.now)[1]
            for role in ROLES
        }


def test_schema_is_complete(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_schema_lists_our_api_only() -> None:
    """PRIV-11."""
    assert {path.startswith("/api/v1/") for path in document()["paths"]} == {True}


def real_ids(world: World, path: str) -> dict[str, str]:
    """Path parameters of things that are there: partner A's, and its member's own."""
    rows = {
        "partners": {"partner_id": world.a, "public_id": world.a},
        "attempts": {"attempt_id": world.scored},
        "enrolments": {"public_id": world.enrolment},
        "catalogue": {"public_id": world.page.course},
        "credentials": {"public_id": world.credential},
        "deals": {"deal_id": world.deal},
    }
    names = {name: str(row.public_id) for name, row in rows.get(path.split("/")[3], {}).items()}
    return {name: value for name, value in {**names, "lesson": "second"}.items() if f"{{{name}}}" in path}


def send(case: Case, token: str, **options: Any) -> None:
    """Sends and checks one request; the world stays as it was."""
    cache.clear()
    with transaction.atomic():
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, **options)
        transaction.set_rollback(True)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_conform_to_the_schema(world: World, operation: Any, role: str, tokens: dict[str, str]) -> None:
    @seed(20261116)
    @TRY
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def conforms(case: Case) -> None:
        case.path_parameters = {**case.path_parameters, **real_ids(world, operation.path)}
        excluded = [positive_data_acceptance] if operation.path in BEYOND_SCHEMA else []
        send(case, tokens[role], excluded_checks=excluded)

    conforms()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_nonsense_is_refused_calmly(operation: Any, tokens: dict[str, str]) -> None:
    @seed(20261116)
    @TRY
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def survives(case: Case) -> None:
        send(case, tokens["own"], checks=[not_a_server_error])

    survives()
