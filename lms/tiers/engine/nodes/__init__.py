"""The kinds of rule, one small module per family. A new kind is one class and one line here."""

from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.groups import All, Any, AtLeast, AtMost, Holds
from lms.tiers.engine.nodes.measures import Fact, Metric
from lms.tiers.engine.nodes.people import Credentials, People
from lms.tiers.engine.nodes.populations import Cohort, Each, Rank, Ratio
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.roles import Roles
from lms.tiers.engine.nodes.scores import EveryMetricPositive, Score
from lms.tiers.engine.nodes.standing import AnyDay, Deadline, Fee, Organisations, Proof, Tenure

_CLASSES: tuple[type[Node], ...] = (
    *(All, Any, AtLeast, AtMost, Holds, Metric, Fact, People, Credentials, Roles, Ratio, Each, Rank, Cohort),
    *(Score, EveryMetricPositive, Tenure, AnyDay, Deadline, Proof, Fee, Organisations),
)
KINDS: dict[str, type[Node]] = {kind.kind: kind for kind in _CLASSES}

__all__ = ["KINDS", "Context", "Finding", "Node", "Reader", "State"]
