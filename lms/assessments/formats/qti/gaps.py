"""Gaps in QTI: textEntry and inlineChoice in a text, and words put into gaps (gapMatch)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.qti.asked import Asked, feedback_by, joined, right_and_wrong
from lms.assessments.formats.qti.chains import Chain, find_chain, literal
from lms.assessments.formats.qti.interactions import _rounded
from lms.assessments.formats.qti.processing import Declaration
from lms.assessments.items import builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import Gap, ItemFields
from lms.assessments.items.cloze import marks
from lms.common.xmltree import Node

_NUMBERS = {"float", "integer"}


@dataclass(frozen=True, kw_only=True)
class _Typed:
    """What is right in a gap to type in, with absolute scores. Of each answer: pattern or interval, score, remark."""

    answers: list[tuple[Any, Decimal, str]]
    is_number: bool
    is_case_sensitive: bool = True
    expressions: frozenset[str] = frozenset()
    otherwise: str = ""

    @property
    def best(self) -> Decimal:
        return max((score for _, score, _ in self.answers), default=ZERO)


def inline(asked: Asked) -> ItemFields:
    """One field at the end is a short answer or a number; fields in a text make a text with gaps."""
    names = {id(node): f"[[g{place}]]" for place, node in enumerate(asked.found, start=1)}

    def mark(node: Node) -> str:
        return names[id(node)]

    stem = asked.html(asked.body, textEntryInteraction=mark, inlineChoiceInteraction=mark)
    first = asked.found[0]
    if len(asked.found) == 1 and first.name == "textEntryInteraction" and _is_last(stem):
        return _alone(asked, stem.replace("<p>[[g1]]</p>", "").removesuffix("[[g1]]").strip(), first)
    if len(marks(stem)) != len(asked.found):
        raise Unreadable("A gap stands where no text is.")
    gaps = [_gap(asked, node) for node in asked.found]
    fields = builders.cloze(stem, gaps)
    fields["key"]["scoring"] = _scoring(asked)
    right = {asked.declared(node).identifier: _right(asked, node) for node in asked.found}
    fields["key"] |= right_and_wrong(asked, right, {})
    return fields


def _is_last(stem: str) -> bool:
    return stem.endswith(("<p>[[g1]]</p>", "</p>[[g1]]")) or stem == "[[g1]]"


def _right(asked: Asked, node: Node) -> Any:
    declared = asked.declared(node)
    return declared.value(declared.correct)


def _scoring(asked: Asked) -> str:
    """Whether one right gap alone earns something."""
    given = {asked.declared(node).identifier: _right(asked, node) for node in asked.found}
    if len(given) < 2 or any(value is None for value in given.values()):
        return "each"
    score = asked.processing.score
    is_all = score(given) > 0 and not any(score({name: value}) for name, value in given.items())
    return "all" if is_all else "each"


def _alone(asked: Asked, stem: str, node: Node) -> ItemFields:
    declared = asked.declared(node)
    typed = _typed(asked, declared)
    if typed.best <= 0:
        raise Unreadable("No answer earns points, or the file does not say which is right.")
    answers = [(what, _rounded(score / typed.best), remark) for what, score, remark in typed.answers]
    if typed.is_number:
        intervals = [(*what, weight, remark) for what, weight, remark in answers]
        return builders.numeric(stem, intervals, otherwise=typed.otherwise)
    fields = builders.short_answer(stem, answers, is_case_sensitive=typed.is_case_sensitive)
    for answer in fields["key"]["answers"]:
        answer["is_regex"] = answer["pattern"] in typed.expressions
    return fields


def _gap(asked: Asked, node: Node) -> Gap:
    declared = asked.declared(node)
    if node.name == "inlineChoiceInteraction":
        return _choice_gap(asked, node, declared)
    typed = _typed(asked, declared)
    if typed.best <= 0:
        raise Unreadable("No answer of a gap earns points, or the file does not say which is right.")
    answers = [(what, _rounded(score / typed.best), remark) for what, score, remark in typed.answers]
    if typed.is_number:
        numbers = [builders.number(what[0], what[1], weight, remark) for what, weight, remark in answers]
        return Gap(kind="number", numbers=numbers, share=typed.best, otherwise=typed.otherwise)
    texts = [
        builders.pattern(what, weight, remark, is_regex=what in typed.expressions) for what, weight, remark in answers
    ]
    return Gap(
        kind="text",
        texts=texts,
        share=typed.best,
        otherwise=typed.otherwise,
        is_case_sensitive=typed.is_case_sensitive,
    )


def _choice_gap(asked: Asked, node: Node, declared: Declaration) -> Gap:
    choices = {choice.get("identifier"): choice for choice in node.all("inlineChoice")}
    scores = {name: _score_of(asked, declared, name) for name in choices}
    best = max(scores.values(), default=ZERO)
    if best <= 0:
        raise Unreadable("No option of a gap earns points, or the file does not say which is right.")
    feedback, _ = feedback_by(asked, {name: {declared.identifier: name} for name in choices})
    options = [
        (asked.html(choice), max(_rounded(scores[name] / best), -ONE), feedback.get(name, ""))
        for name, choice in choices.items()
    ]
    return Gap(kind="choice", options=options, share=best)


def _score_of(asked: Asked, declared: Declaration, value: str) -> Decimal:
    """What a value of one gap scores: as mapped, by answering it alone, or by being the right one among several."""
    if declared.mapping is not None and asked.processing.uses("mapResponse"):
        return declared.mapping.of(value)
    alone = asked.processing.score({declared.identifier: declared.scalar(value)})
    return alone if alone or len(asked.found) == 1 else (ONE if value in declared.correct else ZERO)


def _typed(asked: Asked, declared: Declaration) -> _Typed:
    is_number = declared.base in _NUMBERS
    chain = find_chain(asked.processing, declared.identifier, "SCORE")
    chain = chain or find_chain(asked.processing, declared.identifier, f"SCORE_{declared.identifier}")
    if chain is not None:
        return _from_chain(asked, chain, is_number=is_number)
    values = dict.fromkeys([*(declared.mapping.entries if declared.mapping else ()), *declared.correct])
    answers = []
    for value in values:
        score = _score_of(asked, declared, value)
        number = declared.scalar(value)
        answers.append(((number, number) if is_number else literal(value), score, ""))
    insensitive = declared.mapping.insensitive if declared.mapping else frozenset()
    return _Typed(
        answers=[one for one in answers if one[1] > 0],
        is_number=is_number,
        is_case_sensitive=not values or not all(value in insensitive for value in values),
    )


def _from_chain(asked: Asked, chain: Chain, *, is_number: bool) -> _Typed:
    texts = {
        node.get("identifier"): asked.html(node.first("contentBody") or node)
        for node in asked.node.all("modalFeedback")
        if node.get("outcomeIdentifier") == "FEEDBACK"
    }
    answers: list[tuple[Any, Decimal, str]] = [
        ((link.low, link.high) if is_number else link.pattern, link.score, texts.get(link.feedback, ""))
        for link in chain.links
        if (link.low is not None) == is_number
    ]
    return _Typed(
        answers=answers,
        is_number=is_number,
        is_case_sensitive=all(link.is_case_sensitive for link in chain.links),
        expressions=frozenset(link.pattern for link in chain.links if link.is_regex),
        otherwise=texts.get(chain.otherwise, ""),
    )


def gap_match(asked: Asked) -> ItemFields:
    """Words for gaps: what each word earns in each gap, as it is mapped or by putting it there alone."""
    words = {node.get("identifier"): asked.html(node) for node in asked.choices("gapText", "gapImg")}
    if asked.choices("gapImg"):
        raise Unreadable("Pictures to put into gaps have no counterpart.")
    places = [node.get("identifier") for node in asked.choices("gap")]
    names = {place: f"[[g{number}]]" for number, place in enumerate(places, start=1)}

    def mark(node: Node) -> str:
        return names[node.get("identifier")]

    passage = asked.html(asked.interaction, gap=mark, gapText=lambda _: "")
    stem = joined([asked.stem(), passage])
    scores = {place: {word: _pair_score(asked, word, place) for word in words} for place in places}
    is_all = len(places) > 1 and not any(score for row in scores.values() for score in row.values())
    pairs = [pair.split() for pair in asked.response.correct]
    right = {pair[1]: pair[0] for pair in pairs if len(pair) == 2}
    if is_all:
        scores = {place: {word: ONE if right.get(place) == word else ZERO for word in words} for place in places}
    fields = builders.cloze(stem, [_pool_gap(words, scores[place]) for place in places], pool=list(words.values()))
    fields["key"]["scoring"] = "all" if is_all else "each"
    value = asked.response.value(asked.response.correct)
    fields["key"] |= right_and_wrong(asked, {asked.response.identifier: value}, {})
    return fields


def _pair_score(asked: Asked, word: str, place: str) -> Decimal:
    if asked.response.mapping is not None and asked.processing.uses("mapResponse"):
        return asked.response.mapping.of(f"{word} {place}")
    return asked.processing.score({asked.response.identifier: [f"{word} {place}"]})


def _pool_gap(words: Mapping[str, str], scores: Mapping[str, Decimal]) -> Gap:
    best = max(scores.values(), default=ZERO)
    if best <= 0:
        raise Unreadable("No word earns points in a gap, or the file does not say which is right.")
    weights = {word: max(_rounded(score / best), -ONE) for word, score in scores.items()}
    options = [(words[word], weight, "") for word, weight in weights.items() if weight]
    return Gap(kind="pool", options=options, share=best)
