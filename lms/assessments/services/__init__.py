"""Every write of assessments, and the few reads that other apps build on."""

from lms.assessments.services.attempts import (
    SectionResult,
    close_overdue,
    section_results,
    start_attempt,
    submit_attempt,
)
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
from lms.assessments.services.integrity import Told, broken_event, note_visit, tell_events
from lms.assessments.services.media import add_medium, keep_medium, load_medium
from lms.assessments.services.preparing import prepare_due, prepare_forms
from lms.assessments.services.proctoring import send_to_proctor
from lms.assessments.services.releasing import release_result, release_results
from lms.assessments.services.responses import Save, find_response, flag_response, save_response, store_answer
from lms.assessments.services.reviews import approve_version, ask_for_review, end_pilot, return_version
from lms.assessments.services.states import AttemptState, State, state_for, states_for
from lms.assessments.services.transfer import Export, ImportReport, ImportRow, export_items, import_items

__all__ = [
    "AttemptState",
    "Check",
    "CheckContext",
    "CheckResult",
    "Entry",
    "Export",
    "ImportReport",
    "ImportRow",
    "Save",
    "SectionClock",
    "SectionDraft",
    "SectionResult",
    "State",
    "Told",
    "Visit",
    "add_document",
    "add_item_version",
    "add_medium",
    "approve_version",
    "ask_for_review",
    "broken_event",
    "change_case_text",
    "check_answer",
    "check_place",
    "close_overdue",
    "describe_item",
    "end_accommodation",
    "end_break",
    "end_pilot",
    "export_items",
    "find_response",
    "finish_section",
    "flag_response",
    "get_or_create_bank",
    "grant_accommodation",
    "import_items",
    "is_safe_browser",
    "keep_medium",
    "keys_digest",
    "load_medium",
    "note_visit",
    "open_check",
    "open_positions",
    "pass_question",
    "prepare_check",
    "prepare_checks",
    "prepare_due",
    "prepare_forms",
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
    "start_attempt",
    "start_break",
    "state_for",
    "states_for",
    "store_answer",
    "submit_attempt",
    "tell_events",
]
