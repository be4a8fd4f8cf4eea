"""What happens in the statement store."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class StatementsStored(Event):
    """Statements were stored or voided; `registrations` are those that trusted authorities touched."""

    type: ClassVar[str] = "xapi.StatementsStored"
    statement_ids: tuple[UUID, ...]
    registrations: tuple[UUID, ...]
