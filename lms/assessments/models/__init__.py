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
from lms.assessments.models.imports import ImportBatch, ItemImport
from lms.assessments.models.marks import AnswerFile, CriterionMark, Mark
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
    "AnswerFile",
    "Assessment",
    "Attempt",
    "AttemptEvent",
    "CaseStudy",
    "CriterionMark",
    "ImportBatch",
    "Item",
    "ItemBank",
    "ItemImport",
    "ItemLesson",
    "ItemMedia",
    "ItemReview",
    "ItemTag",
    "ItemVersion",
    "Mark",
    "PreparedForm",
    "ReferenceDocument",
    "Response",
    "Rules",
    "Section",
    "SectionRule",
    "figure",
]
