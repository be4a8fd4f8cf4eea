"""Every use case of tiers: publish rules, gather facts, decide, tell where a partner stands."""

from lms.tiers.services.alarms import AlarmLine, alarm_lines, raise_alarms
from lms.tiers.services.approvals import (
    Answer,
    FunctionState,
    drafts_waiting_for,
    functions_of,
    states_of,
    states_of_each,
)
from lms.tiers.services.backtest import Comparison, as_rows, compare_rules
from lms.tiers.services.decisions import (
    Verification,
    digest,
    evaluate_all,
    evaluate_of_deal,
    evaluate_one,
    evaluate_partner,
    evaluate_person,
    verify,
)
from lms.tiers.services.documents import evidence_kinds, hand_in_evidence, judge_evidence
from lms.tiers.services.drafts import (
    appoint_approver,
    end_appointment,
    functions_asked_of,
    give_opinion,
    known_functions,
    propose_programme,
    propose_source,
    publish_draft,
    withdraw_draft,
)
from lms.tiers.services.edits import Edit, as_text, editable, with_edits
from lms.tiers.services.errors import (
    ActRefused,
    AlreadyRuled,
    ApprovalsMissing,
    Backdated,
    DraftClosed,
    MetricsRefused,
    NoProgrammeInForce,
    NotAppointed,
    OwnDraft,
    ProgrammeRefused,
    SameDecider,
)
from lms.tiers.services.explanation import ExplainedTier, ToldAct, changes, explain, told_acts
from lms.tiers.services.facts import gather_facts, gather_many
from lms.tiers.services.figures import Figure, Row
from lms.tiers.services.files import MAX_EVIDENCE_BYTES
from lms.tiers.services.load import TierLoad, training_load
from lms.tiers.services.metrics import BOUNDS as METRIC_BOUNDS
from lms.tiers.services.metrics import COLUMNS as METRIC_COLUMNS
from lms.tiers.services.metrics import MetricRow, check_metrics, import_metrics
from lms.tiers.services.moving import MigrationLine, preview_migration
from lms.tiers.services.paper import decision_pdf
from lms.tiers.services.people import (
    agree_cure_plan,
    end_act,
    end_kept_tier,
    finish_step,
    invite_to_tier,
    raise_appeal,
    rule_on_appeal,
)
from lms.tiers.services.programmes import check_document, publish_programme, publish_source, rules_of
from lms.tiers.services.published import PublishedProgramme, published_programme
from lms.tiers.services.requirement import Candidate, Counted, RequirementView, requirement_view
from lms.tiers.services.status import Risk, TierStatus, status, statuses
from lms.tiers.services.way import Way, way_to_next

__all__ = [
    "Answer",
    "ApprovalsMissing",
    "DraftClosed",
    "FunctionState",
    "NotAppointed",
    "OwnDraft",
    "appoint_approver",
    "as_text",
    "drafts_waiting_for",
    "end_appointment",
    "functions_asked_of",
    "functions_of",
    "give_opinion",
    "known_functions",
    "propose_programme",
    "propose_source",
    "publish_draft",
    "states_of",
    "states_of_each",
    "withdraw_draft",
    "ActRefused",
    "AlreadyRuled",
    "MAX_EVIDENCE_BYTES",
    "METRIC_BOUNDS",
    "METRIC_COLUMNS",
    "SameDecider",
    "agree_cure_plan",
    "end_act",
    "end_kept_tier",
    "finish_step",
    "invite_to_tier",
    "raise_appeal",
    "rule_on_appeal",
    "AlarmLine",
    "Backdated",
    "Candidate",
    "Comparison",
    "Counted",
    "Edit",
    "ExplainedTier",
    "Figure",
    "MetricRow",
    "MigrationLine",
    "MetricsRefused",
    "NoProgrammeInForce",
    "ProgrammeRefused",
    "RequirementView",
    "PublishedProgramme",
    "Risk",
    "Row",
    "TierLoad",
    "TierStatus",
    "ToldAct",
    "told_acts",
    "Verification",
    "Way",
    "alarm_lines",
    "as_rows",
    "changes",
    "check_document",
    "check_metrics",
    "compare_rules",
    "decision_pdf",
    "digest",
    "editable",
    "evaluate_all",
    "evaluate_of_deal",
    "evaluate_one",
    "evaluate_partner",
    "evaluate_person",
    "evidence_kinds",
    "explain",
    "gather_facts",
    "gather_many",
    "hand_in_evidence",
    "import_metrics",
    "judge_evidence",
    "preview_migration",
    "publish_programme",
    "publish_source",
    "published_programme",
    "raise_alarms",
    "requirement_view",
    "rules_of",
    "status",
    "statuses",
    "training_load",
    "verify",
    "way_to_next",
    "with_edits",
]
