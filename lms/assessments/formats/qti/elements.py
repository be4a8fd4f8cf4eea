"""Making QTI elements, in the names of version 2."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from lms.assessments.formats.qti.xhtml import fill
from lms.common.xmltree import Node


def el(name: str, *children: Node, text: str = "", html: str = "", **attributes: Any) -> Node:
    """An element; `html` is cleaned HTML that becomes its content, before the children."""
    written = {key.rstrip("_"): _attribute(value) for key, value in attributes.items() if value is not None}
    node = Node(name, attributes=written, children=list(children), text=text)
    return fill(node, html) if html else node


def _attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def values(name: str, found: Iterable[str]) -> Node:
    """correctResponse or defaultValue with its values."""
    return el(name, *(el("value", text=value) for value in found))


def base(kind: str, value: Any) -> Node:
    return el("baseValue", text=_attribute(value), baseType=kind)


def variable(name: str) -> Node:
    return el("variable", identifier=name)


def set_value(name: str, expression: Node) -> Node:
    return el("setOutcomeValue", expression, identifier=name)


def add(name: str, expression: Node) -> Node:
    """Adds to a number."""
    return set_value(name, el("sum", variable(name), expression))


def condition(*branches: tuple[Node | None, list[Node]]) -> Node:
    """responseIf, responseElseIf and, where the condition is None, responseElse."""
    made = []
    for place, (asked, rules) in enumerate(branches):
        if asked is None:
            made.append(el("responseElse", *rules))
        else:
            made.append(el("responseElseIf" if place else "responseIf", asked, *rules))
    return el("responseCondition", *made)


def mapping(entries: Iterable[tuple[str, Decimal]], *, default: Decimal = Decimal(0), floor: bool = True) -> Node:
    return el(
        "mapping",
        *(el("mapEntry", mapKey=key, mappedValue=value) for key, value in entries),
        lowerBound="0" if floor else None,
        defaultValue=default,
    )


def paragraph(html: str) -> Node:
    """An element that may stand in an item's body: a block, whatever the HTML is."""
    return el("div", html=html)
