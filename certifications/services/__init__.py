"""Every write about certifications and credentials: issued once, frozen, changed by adding facts."""

from certifications.progress import Progress, Step, expiring, progress, way
from certifications.services.changing import revoke_credential
from certifications.services.defining import save_certification
from certifications.services.designing import preview, save_design
from certifications.services.issuing import expiry_date, issue_for_assessment, issue_for_course, issue_if_earned
from certifications.services.rendering import certificate_pdf
from certifications.services.signing import own_authority, signer

__all__ = [
    "Progress",
    "Step",
    "certificate_pdf",
    "expiring",
    "expiry_date",
    "issue_for_assessment",
    "issue_for_course",
    "issue_if_earned",
    "own_authority",
    "preview",
    "progress",
    "revoke_credential",
    "save_certification",
    "save_design",
    "signer",
    "way",
]
