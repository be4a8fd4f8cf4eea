"""What happens in partners."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class MembershipChanged(Event):
    """A person joined, left, or changed persona or role at a partner."""

    type: ClassVar[str] = "partners.MembershipChanged"
    membership_id: UUID
    person_id: UUID
    partner_id: UUID


@dataclass(frozen=True, kw_only=True)
class PersonInvited(Event):
    """An invitation was made; its letter is to be sent. The token is sealed with the settings' key."""

    type: ClassVar[str] = "partners.PersonInvited"
    invitation_id: UUID
    sealed_token: str
