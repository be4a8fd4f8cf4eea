"""What happens in certifications."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class CredentialIssued(Event):
    type: ClassVar[str] = "certifications.CredentialIssued"
    credential_id: str
    person_id: UUID
    statement_id: UUID


@dataclass(frozen=True, kw_only=True)
class CredentialRevoked(Event):
    type: ClassVar[str] = "certifications.CredentialRevoked"
    credential_id: str
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class CredentialSuspended(Event):
    type: ClassVar[str] = "certifications.CredentialSuspended"
    credential_id: str
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class CredentialReinstated(Event):
    type: ClassVar[str] = "certifications.CredentialReinstated"
    credential_id: str
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class ExpiryReminderDue(Event):
    """`days` is what is left for the credential that ends first; all ids are public."""

    type: ClassVar[str] = "certifications.ExpiryReminderDue"
    person_id: UUID
    credential_ids: tuple[str, ...]
    days: int


@dataclass(frozen=True, kw_only=True)
class EvidenceJudged(Event):
    """A reviewer accepted what was handed in, or returned it; an administrator recorded points."""

    type: ClassVar[str] = "certifications.EvidenceJudged"
    submission_id: UUID
    person_id: UUID
    is_accepted: bool


@dataclass(frozen=True, kw_only=True)
class CareerConsentChanged(Event):
    """A person lets what he earned elsewhere count for a partner he works for, or no longer."""

    type: ClassVar[str] = "certifications.CareerConsentChanged"
    person_id: UUID
    partner_id: UUID
