"""Typed answers in QTI: short answers and numbers, as chains of conditions (see chains.py)."""

from decimal import Decimal

from lms.assessments.formats.outgoing import Writing
from lms.assessments.formats.qti.chains import to_regex
from lms.assessments.formats.qti.elements import base, condition, el, set_value, values, variable
from lms.assessments.formats.qti.parts import Body, R, declared_response, modal, stem
from lms.assessments.items.base import ONE, Content
from lms.assessments.items.numeric import NumericAnswer, NumericKey
from lms.assessments.items.short_answer import ShortAnswerKey, TextAnswer
from lms.common.xmltree import Node


def entry(name: str = R) -> Node:
    return el("textEntryInteraction", responseIdentifier=name, expectedLength=20)


def asked_text(answer: TextAnswer, name: str, *, keep_case: bool) -> Node:
    if answer.is_regex or "*" in answer.pattern.replace("\\*", ""):
        pattern = f"({answer.pattern})" if answer.is_regex else to_regex(answer.pattern)
        return el("patternMatch", variable(name), pattern=pattern if keep_case else f"(?i){pattern}")
    words = answer.pattern.replace("\\*", "*")
    return el("stringMatch", variable(name), base("string", words), caseSensitive=keep_case)


def asked_number(answer: NumericAnswer, name: str) -> Node:
    low = el("gte", variable(name), base("float", answer.low))
    return el("and", low, el("lte", variable(name), base("float", answer.high)))


def chain(
    writing: Writing, asked: list[tuple[Node, Decimal, str]], otherwise: str, outcome: str = "SCORE"
) -> tuple[Node, list[Node]]:
    """The first condition that holds sets the score, and brings up its remark."""
    branches: list[tuple[Node | None, list[Node]]] = []
    shown = []
    for number, (question, score, remark) in enumerate(asked, start=1):
        rules = [set_value(outcome, base("float", score))]
        if remark:
            rules.append(set_value("FEEDBACK", base("identifier", f"answer{number}")))
            shown.append(modal(writing, "FEEDBACK", f"answer{number}", remark))
        branches.append((question, rules))
    if otherwise:
        branches.append((None, [set_value("FEEDBACK", base("identifier", "otherwise"))]))
        shown.append(modal(writing, "FEEDBACK", "otherwise", otherwise))
    return condition(*branches), shown


def _typed(
    writing: Writing, content: Content, kind: str, right: str, asked: list[tuple[Node, Decimal, str]], otherwise: str
) -> Body:
    rule, shown = chain(writing, asked, otherwise)
    declared = declared_response(kind, "single", values("correctResponse", [right] if right else []))
    outcomes = [el("outcomeDeclaration", identifier="FEEDBACK", cardinality="single", baseType="identifier")]
    nodes = [*stem(writing, content), el("p", entry())]
    return Body(nodes, [declared], [rule], outcomes=outcomes if shown else [], feedback=shown)


def numeric(writing: Writing, content: Content, key: NumericKey) -> Body:
    if key.multipliers:
        writing.note("units are left out")
    best = next(one for one in key.answers if one.weight == ONE)
    asked = [(asked_number(one, R), one.weight, one.feedback) for one in key.answers]
    return _typed(writing, content, "float", f"{(best.low + best.high) / 2:f}", asked, key.otherwise)


def short_answer(writing: Writing, content: Content, key: ShortAnswerKey) -> Body:
    keep = key.is_case_sensitive
    plain = [one for one in key.answers if one.weight == ONE and not one.is_regex]
    right = plain[0].pattern.replace("\\*", "\0").replace("*", "").replace("\0", "*").strip() if plain else ""
    asked = [(asked_text(one, R, keep_case=keep), one.weight, one.feedback) for one in key.answers]
    return _typed(writing, content, "string", right, asked, "")
