"""The two vocabularies of QTI: 3.0's `qti-simple-choice max-choices` is 2.x's `simpleChoice maxChoices`."""

import re

from lms.common.xmltree import Node

PREFIX = "qti-"
MATHML = "http://www.w3.org/1998/Math/MathML"
QTI21 = "http://www.imsglobal.org/xsd/imsqti_v2p1"
QTI30 = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"


def camel(name: str) -> str:
    """qti-simple-choice: simpleChoice."""
    first, *rest = name.removeprefix(PREFIX).split("-")
    return first + "".join(part.capitalize() for part in rest)


def kebab(name: str) -> str:
    """simpleChoice: simple-choice."""
    return re.sub(r"[A-Z]", lambda found: f"-{found[0].lower()}", name)


def as_version_2(node: Node) -> Node:
    """The tree in the names of QTI 2; changes it in place. HTML and MathML have the same names in both."""
    for one in node.walk():
        if one.name.startswith(PREFIX):
            one.name = camel(one.name)
            one.attributes = {camel(name): value for name, value in one.attributes.items()}
    return node
