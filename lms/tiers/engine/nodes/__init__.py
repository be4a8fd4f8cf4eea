"""The kinds of rule, one small module per family. A new kind is one class and one line here."""

from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.groups import All, Any, AtLeast, Holds
from lms.tiers.engine.nodes.measures import Fact, Metric, Ratio
from lms.tiers.engine.nodes.people import Credentials, People
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.scores import EveryMetricPositive, Score

KINDS: dict[str, type[Node]] = {
    kind.kind: kind
    for kind in (All, Any, AtLeast, Holds, Metric, Fact, Ratio, People, Credentials, Score, EveryMetricPositive)
}
# Real programmes use these; a document with one is refused as UnsupportedFeature.
NOT_YET = frozenset({"roles", "each"})

__all__ = ["KINDS", "NOT_YET", "Context", "Finding", "Node", "Reader", "State"]
