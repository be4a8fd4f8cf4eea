"""What reviewers say to what was handed in."""

from datetime import datetime

from django.db import transaction

from certifications import errors, statements
from certifications.events import EvidenceJudged
from certifications.models import Submission
from certifications.rules import is_independent
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.events.services import emit
from lms.xapi.services import platform_authority, record


@transaction.atomic
def judge_submission(*, submission: Submission, is_accepted: bool, reason: str, by: User, at: datetime) -> None:
    """Accepts what was handed in, or returns it with a reason; once. The same word again changes nothing.

    Writes the statement, the audit log, and emits EvidenceJudged, all in one transaction; what an acceptance completes
    is issued by the handler. Two reviewers at once: the conditional update lets one through. Raises NotAllowed
    (permission certifications.review_practice: a reviewer of the vendor, never the learner or a colleague of his),
    ReasonMissing, AlreadyJudged.
    """
    # asked by itself too: a superuser has every permission, and is as partial as anybody
    if not (by.has_perm("certifications.review_practice", submission) and is_independent(by, submission)):
        raise errors.NotAllowed("You may not judge this: it is your own, a colleague's, or not your task.")
    reason = "\n".join(guards.clean_name(line) for line in reason.splitlines()).strip()[:1000]
    if not is_accepted and not reason:
        raise errors.ReasonMissing("Say what is missing: the learner reads it. Nothing was returned yet.")
    waiting = Submission.objects.waiting().filter(pk=submission.pk)
    changed = waiting.update(is_accepted=is_accepted, reason=reason, decided_by=by, decided_at=at)
    submission.refresh_from_db(fields=["is_accepted", "reason", "decided_by", "decided_at"])
    if changed != 1:
        if submission.is_accepted == is_accepted and submission.decided_by_id == by.pk:
            return
        raise errors.AlreadyJudged("Somebody else judged it in the meantime. Nothing was changed.")
    record([statements.judged(submission, at)], authority=platform_authority(), at=at)
    detail = {"is_accepted": is_accepted, "reason": reason}
    record_audit(action="certifications.judge_submission", actor=by, at=at, target=submission, detail=detail)
    emit(
        EvidenceJudged(
            at=at,
            submission_id=submission.public_id,
            person_id=submission.person.public_id,
            is_accepted=is_accepted,
        )
    )
