"""Every write of assessments, and the few reads that other apps build on."""

from lms.assessments.services.attempts import close_overdue, start_attempt, submit_attempt
from lms.assessments.services.bank import (
    add_item_version,
    change_case_text,
    describe_item,
    get_or_create_bank,
    relate_item,
    restore_item,
    retire_item,
)
from lms.assessments.services.checks import (
    Check,
    CheckContext,
    CheckResult,
    check_answer,
    open_check,
    prepare_check,
    prepare_checks,
)
from lms.assessments.services.forms import build_forms, use_form, withdraw_form
from lms.assessments.services.media import add_medium, keep_medium, load_medium
from lms.assessments.services.regrading import (
    PlannedChange,
    RegradePlan,
    continue_regrade,
    order_regrade,
    plan_regrade,
)
from lms.assessments.services.responses import flag_response, save_response
from lms.assessments.services.reviews import approve_version, ask_for_review, end_pilot, return_version
from lms.assessments.services.scoring import Review, SectionResult, lessons_to_review, section_results
from lms.assessments.services.similarity import SimilarityReport, similar_candidates
from lms.assessments.services.standards import adopt_standard, cuts, read_ratings, record_standard
from lms.assessments.services.states import AttemptState, State, state_for, states_for
from lms.assessments.services.statistics import (
    ExamStatistics,
    ItemStatistics,
    as_json,
    calibrate_items,
    exam_statistics,
    judge_exams,
    judge_items,
    settle_flag,
)
from lms.assessments.services.tallies import TallyRebuild, count_attempt, rebuild_tallies
from lms.assessments.services.transfer import Export, ImportReport, ImportRow, export_items, import_items

__all__ = [
    "AttemptState",
    "Check",
    "CheckContext",
    "CheckResult",
    "ExamStatistics",
    "Export",
    "ImportReport",
    "ImportRow",
    "ItemStatistics",
    "PlannedChange",
    "RegradePlan",
    "Review",
    "SectionResult",
    "SimilarityReport",
    "State",
    "TallyRebuild",
    "add_item_version",
    "add_medium",
    "adopt_standard",
    "approve_version",
    "as_json",
    "ask_for_review",
    "build_forms",
    "calibrate_items",
    "change_case_text",
    "check_answer",
    "close_overdue",
    "continue_regrade",
    "count_attempt",
    "cuts",
    "describe_item",
    "end_pilot",
    "exam_statistics",
    "export_items",
    "flag_response",
    "get_or_create_bank",
    "import_items",
    "judge_exams",
    "judge_items",
    "keep_medium",
    "lessons_to_review",
    "load_medium",
    "open_check",
    "order_regrade",
    "plan_regrade",
    "prepare_check",
    "prepare_checks",
    "read_ratings",
    "rebuild_tallies",
    "record_standard",
    "relate_item",
    "restore_item",
    "retire_item",
    "return_version",
    "save_response",
    "section_results",
    "settle_flag",
    "similar_candidates",
    "start_attempt",
    "state_for",
    "states_for",
    "submit_attempt",
    "use_form",
    "withdraw_form",
]
