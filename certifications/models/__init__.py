"""Certifications, what they require, and credentials as they were issued."""

from certifications.models.carrying import CareerConsent, CareerConsentQuerySet, PublicProfile, new_address
from certifications.models.certifications import (
    Certification,
    CertificationQuerySet,
    PracticeTask,
    PracticeTaskQuerySet,
    Requirement,
)
from certifications.models.credentials import Credential, CredentialQuerySet, Reminder, Suspension, new_credential_id
from certifications.models.designs import CertificateDesign, SigningIdentity
from certifications.models.evidence import PointsRule, Submission, SubmissionQuerySet

__all__ = [
    "CareerConsent",
    "CareerConsentQuerySet",
    "CertificateDesign",
    "Certification",
    "CertificationQuerySet",
    "Credential",
    "CredentialQuerySet",
    "PointsRule",
    "PracticeTask",
    "PracticeTaskQuerySet",
    "PublicProfile",
    "Reminder",
    "Requirement",
    "SigningIdentity",
    "Submission",
    "SubmissionQuerySet",
    "Suspension",
    "new_address",
    "new_credential_id",
]
