"""Certifications, what they require, and credentials as they were issued."""

from certifications.models.certifications import Certification, CertificationQuerySet, Requirement
from certifications.models.credentials import Credential, CredentialQuerySet, Reminder, Suspension, new_credential_id
from certifications.models.designs import CertificateDesign, SigningIdentity

__all__ = [
    "CertificateDesign",
    "Certification",
    "CertificationQuerySet",
    "Credential",
    "CredentialQuerySet",
    "Reminder",
    "Requirement",
    "SigningIdentity",
    "Suspension",
    "new_credential_id",
]
