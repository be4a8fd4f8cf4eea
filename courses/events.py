"""What happens in courses."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class CourseCompleted(Event):
    """An enrolment's last lesson was completed. `statement_id` is the completed statement."""

    type: ClassVar[str] = "courses.CourseCompleted"
    enrolment_id: UUID
    person_id: UUID
    course_id: UUID
    statement_id: UUID
