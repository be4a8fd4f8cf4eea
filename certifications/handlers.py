"""A completed course or a passed exam may complete a certification; who holds what ends soon gets a letter."""

from django.urls import reverse

from certifications import services
from certifications.events import CredentialIssued, ExpiryReminderDue
from certifications.models import Credential
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
