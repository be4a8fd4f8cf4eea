"""Every use case of tiers: publish rules, gather facts, decide, tell where a partner stands."""

from lms.tiers.services.alarms import AlarmLine, alarm_lines, raise_alarms
from lms.tiers.services.backtest import Comparison, as_rows, compare_rules
from lms.tiers.services.decisions import (
    Verification,
    digest,
    evaluate_all,
    evaluate_one,
    evaluate_partner,
    evaluate_person,
    verify,
)
from lms.tiers.services.errors import Backdated, NoProgrammeInForce, ProgrammeRefused
from lms.tiers.services.explanation import ExplainedTier, changes, explain
from lms.tiers.services.facts import gather_facts, gather_many
from lms.tiers.services.figures import Figure, Row
from lms.tiers.services.load import TierLoad, training_load
from lms.tiers.services.programmes import check_document, publish_programme, publish_source, rules_of
from lms.tiers.services.published import PublishedProgramme, published_programme
from lms.tiers.services.requirement import Candidate, Counted, RequirementView, requirement_view
from lms.tiers.services.status import Risk, TierStatus, status, statuses
from lms.tiers.services.way import Way, way_to_next

__all__ = [
    "AlarmLine",
    "Backdated",
    "Candidate",
    "Comparison",
    "Counted",
    "ExplainedTier",
    "Figure",
    "NoProgrammeInForce",
    "ProgrammeRefused",
    "RequirementView",
    "PublishedProgramme",
    "Risk",
    "Row",
    "TierLoad",
    "TierStatus",
    "Verification",
    "Way",
    "alarm_lines",
    "as_rows",
    "changes",
    "check_document",
    "compare_rules",
    "digest",
    "evaluate_all",
    "evaluate_one",
    "evaluate_partner",
    "evaluate_person",
    "explain",
    "gather_facts",
    "gather_many",
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
]
