"""Item banks, exams as published, and attempts that keep what they showed."""

from lms.assessments.models.bank import (
    CaseStudy,
    Item,
    ItemBank,
    ItemLesson,
    ItemMedia,
    ItemReview,
    ItemTag,
    ItemVersion,
)
from lms.assessments.models.exams import Assessment, Attempt, Response, Section, figure
from lms.assessments.models.settings import Rules, SectionRule
from lms.assessments.models.sitting import (
    AccessCodeFailure,
    Accommodation,
    AttemptEvent,
    PreparedForm,
    ReferenceDocument,
)

__all__ = [
    "AccessCodeFailure",
    "Accommodation",
    "Assessment",
    "Attempt",
    "AttemptEvent",
    "CaseStudy",
    "Item",
    "ItemBank",
    "ItemLesson",
    "ItemMedia",
    "ItemReview",
    "ItemTag",
    "ItemVersion",
    "PreparedForm",
    "ReferenceDocument",
    "Response",
    "Rules",
    "Section",
    "SectionRule",
    "figure",
]
