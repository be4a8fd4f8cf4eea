"""What happens to accounts."""

from dataclasses import dataclass
from typing import ClassVar

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class PasswordResetRequested(Event):
    """Somebody asked for a letter to choose a new password. The address is sealed; it may belong to nobody."""

    type: ClassVar[str] = "accounts.PasswordResetRequested"
    sealed_email: str
