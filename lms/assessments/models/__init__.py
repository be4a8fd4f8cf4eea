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
from lms.assessments.models.linear import Form, FormItem
from lms.assessments.models.marks import AnswerFile, CriterionMark, Mark
from lms.assessments.models.regrades import Regrade, RegradeChange
from lms.assessments.models.settings import Rules, SectionRule
from lms.assessments.models.sitting import (
    AccessCodeFailure,
    Accommodation,
    AttemptEvent,
    PreparedForm,
    ReferenceDocument,
)
from lms.assessments.models.standards import AngoffRating, StandardSetting
from lms.assessments.models.tallies import (
    Calibration,
    CountedAttempt,
    ExamTally,
    ItemDifficulty,
    ItemFlag,
    ItemTally,
)

__all__ = [
    "AccessCodeFailure",
    "Accommodation",
    "AngoffRating",
    "AnswerFile",
    "Assessment",
    "Attempt",
    "AttemptEvent",
    "Calibration",
    "CaseStudy",
    "CountedAttempt",
    "CriterionMark",
    "ExamTally",
    "Form",
    "FormItem",
    "ImportBatch",
    "Item",
    "ItemBank",
    "ItemDifficulty",
    "ItemFlag",
    "ItemImport",
    "ItemLesson",
    "ItemMedia",
    "ItemReview",
    "ItemTag",
    "ItemTally",
    "ItemVersion",
    "Mark",
    "PreparedForm",
    "ReferenceDocument",
    "Regrade",
    "RegradeChange",
    "Response",
    "Rules",
    "Section",
    "SectionRule",
    "StandardSetting",
    "figure",
]
