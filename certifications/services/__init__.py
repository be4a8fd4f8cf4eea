"""Every write about certifications and credentials: issued once, frozen, changed by adding facts."""

from certifications.progress import Progress, Step, expiring, progress, way
from certifications.services.bulk import issue_planned, plan_issue, rendered, revoke_many, zip_of_pdfs
from certifications.services.changing import (
    reinstate_credential,
    reissue_credential,
    revoke_credential,
    suspend_credential,
)
from certifications.services.defining import save_certification
from certifications.services.designing import preview, save_design
from certifications.services.issuing import (
    expiry_date,
    issue_by_decision,
    issue_for_assessment,
    issue_for_course,
    issue_for_credential,
    issue_if_earned,
)
from certifications.services.regraded import revoke_after_regrade
from certifications.services.reminding import remind_of_expiry
from certifications.services.rendering import certificate_pdf
from certifications.services.signing import own_authority, signer

__all__ = [
    "Progress",
    "Step",
    "certificate_pdf",
    "expiring",
    "expiry_date",
    "issue_by_decision",
    "issue_for_assessment",
    "issue_for_course",
    "issue_for_credential",
    "issue_if_earned",
    "issue_planned",
    "own_authority",
    "plan_issue",
    "preview",
    "progress",
    "reinstate_credential",
    "reissue_credential",
    "remind_of_expiry",
    "rendered",
    "revoke_after_regrade",
    "revoke_credential",
    "revoke_many",
    "save_certification",
    "save_design",
    "signer",
    "suspend_credential",
    "way",
    "zip_of_pdfs",
]
