"""What the bodies of all item types share."""

from dataclasses import dataclass, field
from decimal import Decimal

from lms.assessments.formats.outgoing import Writing
from lms.assessments.formats.qti.elements import base, condition, el, paragraph, set_value, variable
from lms.assessments.items.base import ONE, Content
from lms.common.xmltree import Node

R = "RESPONSE"


@dataclass
class Body:
    """What an item type contributes to a document. `most` is the score that a wholly right answer earns."""

    nodes: list[Node]
    responses: list[Node]
    rules: list[Node]
    most: Decimal = ONE
    outcomes: list[Node] = field(default_factory=list)
    feedback: list[Node] = field(default_factory=list)


def stem(writing: Writing, content: Content) -> list[Node]:
    return [paragraph(writing.html(writing.stem(content)))]


def declared_response(kind: str, cardinality: str, *children: Node, name: str = R) -> Node:
    return el("responseDeclaration", *children, identifier=name, cardinality=cardinality, baseType=kind)


def name_of(option_id: str) -> str:
    """Identifiers start with a letter in QTI."""
    return f"o_{option_id}"


def modal(writing: Writing, outcome: str, name: str, text: str) -> Node:
    return el("modalFeedback", html=writing.html(text), outcomeIdentifier=outcome, identifier=name, showHide="show")


def all_or(scoring: str, parts: list[Node]) -> list[Node]:
    """The rule for everything at once, or those for the parts."""
    if scoring == "all":
        return [
            condition((el("match", variable(R), el("correct", identifier=R)), [set_value("SCORE", base("float", 1))]))
        ]
    return parts
