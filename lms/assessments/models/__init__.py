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

__all__ = [
    "Assessment",
    "Attempt",
    "CaseStudy",
    "Item",
    "ItemBank",
    "ItemLesson",
    "ItemMedia",
    "ItemReview",
    "ItemTag",
    "ItemVersion",
    "Response",
    "Section",
    "figure",
]
