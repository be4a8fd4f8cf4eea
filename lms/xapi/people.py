"""Whose account an account is: figures find a person also behind his pseudonym. For no page and no export."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from lms.xapi.models import Pseudonym


def known_as(accounts: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """For each account that is a pseudonym the public id of its person. One query."""
    found = Pseudonym.objects.filter(account__in=set(accounts))
    return dict(found.values_list("account", "person__public_id"))
