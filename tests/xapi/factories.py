"""Authorities and statements for tests."""

from typing import Any
from uuid import uuid4

import factory
from factory.django import DjangoModelFactory

from lms.xapi.models import Authority


class AuthorityFactory(DjangoModelFactory[Authority]):
    class Meta:
        model = Authority

    name = factory.Sequence(lambda n: f"System {n}")
    agent = factory.LazyFunction(lambda: {"objectType": "Agent", "mbox": f"mailto:{uuid4()}@system.example"})


def statement(**changes: Any) -> dict[str, Any]:
    """The least that is a statement, with other parts added or replaced."""
    return {
        "actor": {"mbox": "mailto:ann@kestrel.example"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://system.example/activities/1"},
    } | changes


def voiding(target: object, **changes: Any) -> dict[str, Any]:
    """A statement that voids the one with the id `target`."""
    return statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": str(target)},
        **changes,
    )
