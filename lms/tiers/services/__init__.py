"""Every use case of tiers: publish rules, gather facts, decide, tell where a partner stands."""

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
from lms.tiers.services.facts import gather_facts
from lms.tiers.services.programmes import check_document, publish_programme, rules_of

__all__ = [
    "Backdated",
    "NoProgrammeInForce",
    "ProgrammeRefused",
    "Verification",
    "check_document",
    "digest",
    "evaluate_all",
    "evaluate_one",
    "evaluate_partner",
    "evaluate_person",
    "gather_facts",
    "publish_programme",
    "rules_of",
    "verify",
]
