"""What was done may complete a certification; who holds what ends soon, or handed something in, gets a letter."""

from django.urls import reverse

from certifications import services
from certifications.events import CredentialIssued, EvidenceJudged, ExpiryReminderDue
from certifications.models import Credential, Submission
from courses.events import CourseCompleted
from lms.assessments.events import AttemptRegraded, AttemptScored
from lms.common.letters import send_letter
from lms.events.services import subscribe


@subscribe(CourseCompleted)
def issue_for_course(event: CourseCompleted) -> None:
    """Issues every certification that asks for the course and is earned with it."""
    services.issue_for_course(person_id=event.person_id, course_id=event.course_id, at=event.at)


@subscribe(AttemptScored)
def issue_for_assessment(event: AttemptScored) -> None:
    """Issues every certification that asks for the exam and is earned with it."""
    if event.is_passed:
        services.issue_for_assessment(person_id=event.person_id, assessment_id=event.assessment_id, at=event.at)


@subscribe(AttemptRegraded)
def follow_regrade(event: AttemptRegraded) -> None:
    """Credentials follow a result that changed: issued when it is a pass now, revoked when they rested on it alone."""
    if event.is_passed and not event.was_passed:
        services.issue_for_assessment(person_id=event.person_id, assessment_id=event.assessment_id, at=event.at)
    if event.was_passed and not event.is_passed:
        services.revoke_after_regrade(
            person_id=event.person_id,
            attempt_id=event.attempt_id,
            regrade_id=event.regrade_id,
            at=event.at,
        )


@subscribe(CredentialIssued)
def issue_for_credential(event: CredentialIssued) -> None:
    """Issues every certification that asks for the one just earned, or takes it as an equivalent."""
    services.issue_for_credential(credential_id=event.credential_id, at=event.at)


@subscribe(EvidenceJudged)
def issue_for_submission(event: EvidenceJudged) -> None:
    """Issues every certification that is earned, or renewed, with the accepted evidence."""
    if event.is_accepted:
        services.issue_for_submission(submission_id=event.submission_id, at=event.at)


@subscribe(EvidenceJudged)
def tell_the_learner(event: EvidenceJudged) -> None:
    """One letter about what a reviewer said; points an administrator recorded stand on the page without one."""
    judged = Submission.objects.select_related("person", "task", "certification").get(public_id=event.submission_id)
    if judged.task is None and judged.decided_at == judged.submitted_at:
        return
    name, thing = ("practice", judged.task) if judged.task else ("certification", judged.certification)
    context = {
        "name": judged.person.name,
        "what": judged.what,
        "is_accepted": judged.is_accepted,
        "reason": judged.reason,
        "path": reverse(f"certifications:{name}", args=[thing.slug if thing else ""]),
    }
    subject = f"{judged.what}: {'accepted' if judged.is_accepted else 'returned to you'}"
    send_letter(to=judged.person.email, subject=subject, template="evidence_judged", context=context)


@subscribe(ExpiryReminderDue)
def send_reminder(event: ExpiryReminderDue) -> None:
    """One letter with everything of the person that reached a mark; what was renewed or ended since is left out."""
    wanted = Credential.objects.valid(event.at.date()).filter(public_id__in=event.credential_ids)
    ending = list(wanted.select_related("certification", "person").order_by("expires_on", "pk"))
    if not ending:
        return
    rows = [
        {
            "title": one.as_issued.title,
            "expires_on": one.expires_on,
            "path": reverse("certifications:certification", args=[one.certification.slug]),
        }
        for one in ending
    ]
    subject = f"{rows[0]['title']} ends soon" if len(rows) == 1 else f"{len(rows)} of your certificates end soon"
    context = {"name": ending[0].person.name, "rows": rows, "path": reverse("certifications:wallet")}
    send_letter(to=ending[0].person.email, subject=subject, template="certificates_ending", context=context)
