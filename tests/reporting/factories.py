"""Statements about courses, as `courses` will send them."""

from datetime import datetime
from uuid import UUID, uuid4

import tincan

from lms.partners.models import Membership
from lms.xapi import statements, vocabulary

COURSE = "https://partners.halden.example/courses/1"


def course_statement(
    verb: str,
    *,
    membership: Membership,
    registration: UUID,
    at: datetime,
    course: str = COURSE,
    name: str = "Foundations",
    id: UUID | None = None,  # noqa: A002
) -> tincan.Statement:
    """One fact about a course: `verb` is an IRI of the vocabulary."""
    return statements.build(
        actor=membership.person,
        verb=verb,
        object=statements.activity(course, type=vocabulary.COURSE, name=name),
        membership=membership,
        registration=registration,
        at=at,
        id=id or uuid4(),
    )
