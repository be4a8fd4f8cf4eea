"""What happens in the statement store."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class StatementsStored(Event):
    """Statements were stored, by whomever."""

    type: ClassVar[str] = "xapi.StatementsStored"
    statement_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class MilestonesStored(Event):
    """A trusted authority stored, or somebody voided for it, statements that tell how these registrations stand."""

    type: ClassVar[str] = "xapi.MilestonesStored"
    registrations: tuple[UUID, ...]
