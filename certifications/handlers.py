"""A completed course or a passed exam may complete a certification."""

from certifications import services
from courses.events import CourseCompleted
from lms.assessments.events import AttemptRegraded, AttemptScored
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
            assessment_id=event.assessment_id,
            regrade_id=event.regrade_id,
            at=event.at,
        )
