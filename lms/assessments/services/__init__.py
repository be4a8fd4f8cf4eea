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
from lms.assessments.services.clock import (
    SectionClock,
    end_break,
    finish_section,
    open_positions,
    pass_question,
    section_clock,
    start_break,
)
from lms.assessments.services.entry import Entry, Visit, check_place, is_safe_browser, keys_digest
from lms.assessments.services.exams import (
    SectionDraft,
    add_document,
    end_accommodation,
    grant_accommodation,
    remove_document,
    save_exam,
)
from lms.assessments.services.forms import build_forms, use_form, withdraw_form
from lms.assessments.services.integrity import Told, broken_event, note_visit, tell_events
from lms.assessments.services.media import add_medium, keep_medium, load_medium
from lms.assessments.services.preparing import prepare_due, prepare_forms
from lms.assessments.services.proctoring import send_to_proctor
from lms.assessments.services.regrading import (
    PlannedChange,
    RegradePlan,
    continue_regrade,
    order_regrade,
    plan_regrade,
)
from lms.assessments.services.releasing import release_result, release_results
from lms.assessments.services.responses import Save, find_response, flag_response, save_response, store_answer
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
    "Entry",
    "ExamStatistics",
    "Export",
    "ImportReport",
    "ImportRow",
    "ItemStatistics",
    "PlannedChange",
    "RegradePlan",
    "Review",
    "Save",
    "SectionClock",
    "SectionDraft",
    "SectionResult",
    "SimilarityReport",
    "State",
    "TallyRebuild",
    "Told",
    "Visit",
    "add_document",
    "add_item_version",
    "add_medium",
    "adopt_standard",
    "approve_version",
    "as_json",
    "ask_for_review",
    "broken_event",
    "build_forms",
    "calibrate_items",
    "change_case_text",
    "check_answer",
    "check_place",
    "close_overdue",
    "continue_regrade",
    "count_attempt",
    "cuts",
    "describe_item",
    "end_accommodation",
    "end_break",
    "end_pilot",
    "exam_statistics",
    "export_items",
    "find_response",
    "finish_section",
    "flag_response",
    "get_or_create_bank",
    "grant_accommodation",
    "import_items",
    "is_safe_browser",
    "judge_exams",
    "judge_items",
    "keep_medium",
    "keys_digest",
    "lessons_to_review",
    "load_medium",
    "note_visit",
    "open_check",
    "open_positions",
    "order_regrade",
    "pass_question",
    "plan_regrade",
    "prepare_check",
    "prepare_checks",
    "prepare_due",
    "prepare_forms",
    "read_ratings",
    "rebuild_tallies",
    "record_standard",
    "relate_item",
    "release_result",
    "release_results",
    "remove_document",
    "restore_item",
    "retire_item",
    "return_version",
    "save_exam",
    "save_response",
    "section_clock",
    "section_results",
    "send_to_proctor",
    "settle_flag",
    "similar_candidates",
    "start_attempt",
    "start_break",
    "state_for",
    "states_for",
    "store_answer",
    "submit_attempt",
    "tell_events",
    "use_form",
    "withdraw_form",
]
