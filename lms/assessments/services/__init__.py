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
from lms.assessments.services.media import add_medium, keep_medium, load_medium
from lms.assessments.services.responses import flag_response, save_response
from lms.assessments.services.reviews import approve_version, ask_for_review, end_pilot, return_version
from lms.assessments.services.states import AttemptState, State, state_for, states_for
from lms.assessments.services.transfer import Export, ImportReport, ImportRow, export_items, import_items

__all__ = [
    "AttemptState",
    "Check",
    "CheckContext",
    "CheckResult",
    "Export",
    "ImportReport",
    "ImportRow",
    "SectionResult",
    "State",
    "add_item_version",
    "add_medium",
    "approve_version",
    "ask_for_review",
    "change_case_text",
    "check_answer",
    "close_overdue",
    "describe_item",
    "end_pilot",
    "export_items",
    "flag_response",
    "get_or_create_bank",
    "import_items",
    "keep_medium",
    "load_medium",
    "open_check",
    "prepare_check",
    "prepare_checks",
    "relate_item",
    "restore_item",
    "retire_item",
    "return_version",
    "save_response",
    "section_results",
    "start_attempt",
    "state_for",
    "states_for",
    "submit_attempt",
]
