"""Why a use case of this app is refused."""

from lms.common.errors import DomainError


class InvalidOutline(DomainError):
    """The outline cannot be taught: no lesson, or two lessons with one slug or key."""

    code = "invalid_outline"
    status = 400


class CourseNotOffered(DomainError):
    """The course takes no new people: it is retired, under review, or was never published."""

    code = "course_not_offered"


class ForeignMembership(DomainError):
    """The membership is another person's."""

    code = "foreign_membership"
    status = 400


class EnrolmentClosed(DomainError):
    """The enrolment was withdrawn; nothing more is recorded on it."""

    code = "enrolment_closed"


class CourseAlreadyCompleted(DomainError):
    """A completed course cannot be left: what was learned stays on record."""

    code = "course_already_completed"


class LessonNotInCourse(DomainError):
    """The lesson is not part of the version this person takes."""

    code = "lesson_not_in_course"
    status = 404
