"""The rules engine: programme documents in, explained evaluations out. Pure Python: no Django, no clock, no I/O."""

from lms.common.documents import Source, read_yaml
from lms.tiers.engine import schema
from lms.tiers.engine.cases import CaseResult, programmes, run_cases
from lms.tiers.engine.document import Programme, Tier, parse
from lms.tiers.engine.evaluation import Evaluation, TierFinding, evaluate
from lms.tiers.engine.facts import Entry, Evidence, Facts, Held, Measure, Person, Span
from lms.tiers.engine.lifecycle import Ruling, Standing, rule
from lms.tiers.engine.nodes import Finding, State
from lms.tiers.engine.numbers import as_words, exact
from lms.tiers.engine.problems import DocumentError, Problem, UnsupportedFeature
from lms.tiers.engine.terms import Demotion, Lifecycle, Promotion

__all__ = [
    "CaseResult",
    "Demotion",
    "DocumentError",
    "Entry",
    "Evaluation",
    "Evidence",
    "Facts",
    "Finding",
    "Held",
    "Lifecycle",
    "Measure",
    "Person",
    "Problem",
    "Programme",
    "Promotion",
    "Ruling",
    "Source",
    "Span",
    "Standing",
    "State",
    "Tier",
    "TierFinding",
    "UnsupportedFeature",
    "as_words",
    "evaluate",
    "exact",
    "parse",
    "programmes",
    "read_yaml",
    "rule",
    "run_cases",
    "schema",
]
