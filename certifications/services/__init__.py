"""Every write about certifications and credentials: issued once, frozen, changed by adding facts."""

from certifications.progress import Progress, Step, expiring, progress, way
from certifications.services.bulk import BOUNDS as BULK_BOUNDS
from certifications.services.bulk import COLUMNS as BULK_COLUMNS
from certifications.services.bulk import issue_planned, plan_issue, rendered, revoke_many, zip_of_pdfs
from certifications.services.carrying import give_career_consent, save_profile, withdraw_career_consent
from certifications.services.changing import (
    reinstate_credential,
    reissue_credential,
    revoke_credential,
    suspend_credential,
)
from certifications.services.defining import save_certification, save_points_rule, save_practice_task
from certifications.services.designing import preview, save_design
from certifications.services.handing_in import MAX_POINTS, MAX_WORDS, claim_points, hand_in, record_points
from certifications.services.issuing import (
    issue_by_decision,
    issue_for_assessment,
    issue_for_course,
    issue_for_credential,
    issue_for_submission,
    issue_if_earned,
    renew_by_points,
)
from certifications.services.judging import judge_submission
from certifications.services.regraded import revoke_after_regrade
from certifications.services.reminding import remind_of_expiry
from certifications.services.rendering import certificate_pdf
from certifications.services.signing import own_authority, signer
from certifications.validity import expiry_date

__all__ = [
    "BULK_BOUNDS",
    "BULK_COLUMNS",
    "MAX_POINTS",
    "MAX_WORDS",
    "Progress",
    "Step",
    "certificate_pdf",
    "claim_points",
    "expiring",
    "expiry_date",
    "give_career_consent",
    "hand_in",
    "issue_by_decision",
    "issue_for_assessment",
    "issue_for_course",
    "issue_for_credential",
    "issue_for_submission",
    "issue_if_earned",
    "issue_planned",
    "judge_submission",
    "own_authority",
    "plan_issue",
    "preview",
    "progress",
    "record_points",
    "reinstate_credential",
    "reissue_credential",
    "remind_of_expiry",
    "rendered",
    "renew_by_points",
    "revoke_after_regrade",
    "revoke_credential",
    "revoke_many",
    "save_certification",
    "save_design",
    "save_points_rule",
    "save_practice_task",
    "save_profile",
    "signer",
    "suspend_credential",
    "way",
    "withdraw_career_consent",
    "zip_of_pdfs",
]
