"""Every write of assessments, and the few reads that other apps build on."""

from lms.assessments.services.attempts import (
    SectionResult,
    close_overdue,
    section_results,
    start_attempt,
    submit_attempt,
)
from lms.assessments.services.bank import (
    ImportReport,
    ImportRow,
    add_item_version,
    get_or_create_bank,
    import_items,
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
from lms.assessments.services.responses import flag_response, save_response
from lms.assessments.services.states import AttemptState, State, state_for, states_for

__all__ = [
    "AttemptState",
    "Check",
    "CheckContext",
    "CheckResult",
    "ImportReport",
    "ImportRow",
    "SectionResult",
    "State",
    "add_item_version",
    "check_answer",
    "close_overdue",
    "flag_response",
    "get_or_create_bank",
    "import_items",
    "open_check",
    "prepare_check",
    "prepare_checks",
    "retire_item",
    "save_response",
    "section_results",
    "start_attempt",
    "state_for",
    "states_for",
    "submit_attempt",
]
