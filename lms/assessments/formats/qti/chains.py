"""Typed answers in QTI: what is right is read from the conditions themselves, for no evaluation could find it out.

A chain is one responseCondition whose branches each ask something of one typed response and set SCORE: the first that
holds counts, as in our own keys. This is also how our own exports write them.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.drafts import number
from lms.assessments.formats.qti.processing import Processing
from lms.assessments.items.base import ZERO
from lms.common.xmltree import Node

_WILD = ".*"
_PLAIN = re.compile(r"(?:\\.|[^\\.*+?()\[\]{}|^$]|\.\*)*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Link:
    """One branch: a pattern or an interval, what it scores, and the feedback it shows (the identifier)."""

    score: Decimal
    feedback: str = ""
    pattern: str = ""
    is_regex: bool = False
    is_case_sensitive: bool = True
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Chain:
    links: tuple[Link, ...]
    otherwise: str = ""


def to_regex(pattern: str) -> str:
    r"""Our pattern (`*` stands for anything, `\*` for an asterisk) as a regular expression of XML Schema."""
    parts = pattern.replace("\\*", "\0").split("*")
    return _WILD.join(re.sub(r"([\\.*+?()\[\]{}|^$])", r"\\\1", part.replace("\0", "*")) for part in parts)


def from_regex(text: str) -> tuple[str, bool]:
    """The pattern that a regular expression stands for, and whether it stays a regular expression."""
    if _PLAIN.fullmatch(text):
        pieces = re.split(r"(\\.|\.\*)", text)
        pattern = "".join(
            "*" if piece == _WILD else ("\\*" if piece == "\\*" else piece[1:]) if piece[:1] == "\\" else piece
            for piece in pieces
        )
        if to_regex(pattern) == text:
            return pattern, False
    return (text[1:-1] if text.startswith("(") and text.endswith(")") else text), True


def find_chain(processing: Processing, response: str, outcome: str) -> Chain | None:
    """The chain that scores one typed response into an outcome; None when the rules hold none."""
    for rule in processing.rules.children if processing.rules else []:
        if rule.name != "responseCondition" or not _is_about(rule, response):
            continue
        branches = [branch for branch in rule.children if branch.name != "responseElse"]
        links = [_link(processing, branch, response, outcome) for branch in branches]
        links_ = [link for link in links if link is not None]
        if len(links_) != len(links) or not links_:
            continue
        rest = rule.first("responseElse")
        return Chain(links=tuple(links_), otherwise=_set(rest, "FEEDBACK") if rest else "")
    return None


def _is_about(rule: Node, response: str) -> bool:
    named = {node.get("identifier") for node in rule.walk() if node.name in {"variable", "correct"}}
    return named == {response}


def _set(branch: Node, outcome: str) -> str:
    """What a branch sets an outcome to, as written; empty when it does not."""
    for rule in branch.all("setOutcomeValue"):
        if rule.get("identifier") == outcome and rule.children and rule.children[0].name == "baseValue":
            return " ".join(rule.children[0].words.split())
    return ""


def _link(processing: Processing, branch: Node, response: str, outcome: str) -> Link | None:
    if not branch.children:
        return None
    written = _set(branch, outcome)
    if not written:
        return None
    asked = _asked(processing, branch.children[0], response)
    if asked is None:
        return None
    return Link(score=number(written), feedback=_set(branch, "FEEDBACK"), **asked)


def _asked(processing: Processing, condition: Node, response: str) -> dict[str, Any] | None:
    """What a condition asks of the response, in a link's terms; None when it is not understood."""
    value = next((node for node in condition.children if node.name != "variable"), None)
    match condition.name:
        case "patternMatch":
            text = condition.get("pattern")
            is_insensitive = text.startswith("(?i)")
            pattern, is_regex = from_regex(text.removeprefix("(?i)"))
            return {"pattern": pattern, "is_regex": is_regex, "is_case_sensitive": not is_insensitive}
        case "stringMatch" if value is not None and value.name == "baseValue":
            is_sensitive = condition.get("caseSensitive", "true") == "true"
            return {"pattern": literal(value.words), "is_case_sensitive": is_sensitive}
        case "equal" | "match" if value is not None:
            return _equal(processing, condition, value, response)
        case "and" if [one.name for one in condition.children] == ["gte", "lte"]:
            ends = [next((n for n in one.children if n.name == "baseValue"), None) for one in condition.children]
            if ends[0] is not None and ends[1] is not None:
                return {"low": number(ends[0].words), "high": number(ends[1].words)}
    return None


def _equal(processing: Processing, condition: Node, value: Node, response: str) -> dict[str, Any] | None:
    declared = processing.declared(response)
    written = value.words if value.name == "baseValue" else (declared.correct or ("",))[0]
    if declared.base == "string":
        return {"pattern": literal(written)}
    tolerance = [number(one) for one in condition.get("tolerance", "0").split()]
    if condition.get("toleranceMode", "exact") == "exact":
        tolerance = [ZERO]
    elif condition.get("toleranceMode") == "relative":
        tolerance = [abs(number(written)) * one / 100 for one in tolerance]
    return {"low": number(written) - tolerance[0], "high": number(written) + tolerance[-1]}


def literal(text: str) -> str:
    """A text as a pattern that only it fits."""
    words = " ".join(text.split()).replace("*", "\\*")
    if not words:
        raise Unreadable("A right answer is empty.")
    return words
