"""QTI 1.2 (ASI): items of a questestinterop, as Canvas and others write them (imsglobal.org/question/qtiv1p2)."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from lms.assessments.formats.base import Drafted, Meta, Refused, Unreadable
from lms.assessments.formats.drafts import Draft, Resolve, Text, number
from lms.assessments.formats.qti.asked import joined
from lms.assessments.formats.qti.interactions import _rounded, _scaled, by_answering
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import Gap, ItemFields
from lms.assessments.items.written import KINDS
from lms.common.xmltree import Node

_REASONS = {
    "text_only_question": "This is a description: it asks nothing, so it is no item.",
    "calculated_question": "A question with values drawn anew for each candidate has no counterpart.",
}
Given = dict[str, list[str]]


def read_items(root: Node, resolve: Resolve, *, source: str) -> Iterator[Drafted | Refused]:
    """All items of a document, in its order."""
    for node in root.walk():
        if node.name == "item":
            yield _read(node, resolve, source)


def _read(node: Node, resolve: Resolve, source: str) -> Drafted | Refused:
    title = " ".join((node.get("title") or node.get("ident")).split())
    draft = Draft(resolve)
    try:
        fields = _Item(node, draft).fields()
    except (ItemInvalid, Unreadable) as error:
        return Refused(line=node.line, title=title, reason=str(error), source=source)
    return Drafted(
        line=node.line,
        title=title,
        code=title,
        meta=Meta(),
        fields=fields,
        notes=tuple(draft.notes),
        media=draft.media,
        source=source,
    )


@dataclass
class _Outcome:
    score: Decimal = ZERO
    feedback: list[str] = field(default_factory=list)


class _Item:
    """One item: its presentation, its processing, and what is made of them."""

    def __init__(self, node: Node, draft: Draft) -> None:
        self.node, self.draft = node, draft
        self.presentation = node.first("presentation") or Node("presentation")
        self.responses = [
            one for one in self.presentation.walk() if one.name in {"response_lid", "response_str", "response_num"}
        ]
        self.rules = [one for one in node.walk() if one.name == "respcondition"]

    @property
    def kind(self) -> str:
        """Canvas's name of the type; empty elsewhere."""
        for one in self.node.walk():
            if one.name == "qtimetadatafield" and _words(one.first("fieldlabel")) == "question_type":
                return _words(one.first("fieldentry"))
        return ""

    def fields(self) -> ItemFields:
        if self.kind in _REASONS:
            raise Unreadable(_REASONS[self.kind])
        if self.kind == "file_upload_question":
            return builders.upload(self.material(self.presentation), kinds=list(KINDS))
        if self.kind == "essay_question":
            return builders.essay(self.material(self.presentation))
        if not self.responses:
            raise Unreadable("This is a description, or it is answered in a way that has no counterpart.")
        choices = [one for one in self.responses if one.name == "response_lid"]
        stem = self.material(self.presentation)
        if len(choices) == len(self.responses) > 1:
            fields = self._several(stem, choices)
        elif len(self.responses) > 1:
            raise Unreadable("Several questions in one item have no counterpart.")
        elif choices:
            fields = self._choice(stem, choices[0])
        else:
            fields = self._typed(stem, self.responses[0])
        return fields

    # --- Texts ---

    def material(self, node: Node) -> str:
        """The material of an element without that of the responses in it."""
        parts = []
        for child in node.children:
            if child.name == "material":
                parts += [self.draft.html(Text(text=self._piece(piece), format="html")) for piece in child.children]
            elif child.name in {"flow", "flow_mat", "flow_label"}:
                parts.append(self.material(child))
        return joined(parts)

    def _piece(self, node: Node) -> str:
        if node.name == "mattext":
            is_html = node.get("texttype").lower() in {"text/html", "text/xhtml"}
            return node.words if is_html else html.escape(node.words)
        if node.name == "matimage":
            return f'<img src="{html.escape(node.get("uri"))}" alt="{html.escape(node.get("label"))}">'
        self.draft.note(f"material of the kind {node.name} is left out")
        return ""

    def labels(self, response: Node) -> dict[str, str]:
        return {one.get("ident"): self.material(one) for one in response.walk() if one.name == "response_label"}

    def feedback_text(self, names: list[str]) -> str:
        found = [one for one in self.node.all("itemfeedback") if one.get("ident") in names]
        return "".join(self.material(one) or self.material(one.first("flow_mat") or one) for one in found)

    # --- Processing ---

    def run(self, given: Given) -> _Outcome:
        outcome = _Outcome()
        for rule in self.rules:
            if not self._all(rule.first("conditionvar"), given):
                continue
            for act in rule.all("setvar"):
                value = number(act.words or "0", "score")
                match act.get("action", "Set"):
                    case "Add":
                        outcome.score += value
                    case "Subtract":
                        outcome.score -= value
                    case _:
                        outcome.score = value
            outcome.feedback += [one.get("linkrefid") for one in rule.all("displayfeedback")]
            if rule.get("continue", "No").lower() != "yes":
                break
        return outcome

    def score(self, given: Given) -> Decimal:
        return self.run(given).score

    def _all(self, node: Node | None, given: Given) -> bool:
        return node is not None and all(self._holds(child, given) for child in node.children)

    def _holds(self, node: Node, given: Given) -> bool:
        values = given.get(node.get("respident"), [])
        match node.name:
            case "and":
                return self._all(node, given)
            case "or":
                return any(self._holds(child, given) for child in node.children)
            case "not":
                return not self._all(node, given)
            case "other":
                return True
            case "unanswered":
                return not values
            case "varequal":
                is_exact = node.get("case", "No").lower() == "yes"
                wanted = node.words.strip()
                return any(one == wanted or (not is_exact and one.casefold() == wanted.casefold()) for one in values)
            case "varlt" | "varlte" | "vargt" | "vargte":
                return any(_compare(node.name, one, node.words) for one in values)
        raise Unreadable(f"Its scoring uses the condition “{node.name[:40]}”, which has no counterpart.")

    # --- Kinds ---

    def _choice(self, stem: str, response: Node) -> ItemFields:
        ident, labels = response.get("ident"), self.labels(response)
        names = list(labels)
        is_multiple = response.get("rcardinality", "Single").lower() == "multiple"
        if is_multiple:
            weights, scoring = by_answering(
                names, self._right(ident, names), lambda chosen: self.score({ident: chosen})
            )
        else:
            weights, scoring = _scaled({name: self.score({ident: [name]}) for name in names}, is_single=True), "weights"
        shown = {name: self.run({ident: [name]}).feedback for name in names}
        common = set.intersection(*map(set, shown.values())) if len(shown) > 1 else set()
        remarks = {name: self.feedback_text([one for one in ids if one not in common]) for name, ids in shown.items()}
        if self.kind == "true_false_question" and [text.lower() for text in labels.values()] == ["true", "false"]:
            texts = {labels[name].lower(): remark for name, remark in remarks.items()}
            general = self.feedback_text(sorted(common))
            return builders.true_false(stem, weights[names[0]] == ONE, feedback=texts, general=general)
        is_fixed = all(
            one.get("shuffle", "Yes").lower() == "no" for one in response.walk() if one.name == "render_choice"
        )
        return builders.choice(
            stem,
            [(labels[name], weights[name], remarks[name]) for name in names],
            general=self.feedback_text(sorted(common)),
            is_multiple=is_multiple,
            scoring=scoring,
            pinned=range(len(names)) if is_fixed else (),
        )

    def _right(self, ident: str, names: list[str]) -> list[str]:
        """The choices that the best-paid condition wants, or those that earn something alone."""
        best, found = ZERO, [name for name in names if self.score({ident: [name]}) > 0]
        for rule in self.rules:
            worth = sum((number(act.words or "0") for act in rule.all("setvar")), ZERO)
            wanted = [one.words.strip() for one in _wanted(rule.first("conditionvar"))]
            if worth > best and len(wanted) > 1:
                best, found = worth, [name for name in names if name in wanted]
        return found

    def _several(self, stem: str, responses: list[Node]) -> ItemFields:
        """Several choices in one item: gaps whose names stand in the text in brackets, else lines to be matched."""
        places = {one.get("ident").removeprefix("response_"): one for one in responses}
        if all(f"[{name}]" in stem for name in places):
            return self._gaps(stem, places)
        options: dict[str, str] = {}
        pairs = []
        for response in responses:
            labels = self.labels(response)
            options |= labels
            ident = response.get("ident")
            right = [name for name in labels if self.score({ident: [name]}) > 0]
            if len(right) != 1:
                raise Unreadable("A line to be matched has not exactly one right answer.")
            pairs.append((self.material(response), labels[right[0]]))
        used = {option for _, option in pairs}
        distractors = [text for text in dict.fromkeys(options.values()) if text not in used]
        return builders.matching(stem, pairs, distractors=distractors)

    def _gaps(self, stem: str, places: dict[str, Node]) -> ItemFields:
        is_typed = self.kind == "fill_in_multiple_blanks_question"
        gaps: list[Gap] = []
        for name, response in sorted(places.items(), key=lambda place: stem.index(f"[{place[0]}]")):
            labels, ident = self.labels(response), response.get("ident")
            scores = {one: self.score({ident: [one]}) for one in labels}
            weights = _scaled(scores, is_single=True)
            stem = stem.replace(f"[{name}]", f"[[g{len(gaps) + 1}]]", 1)
            if is_typed:
                texts = [
                    builders.pattern(_pattern(labels[one]), weight) for one, weight in weights.items() if weight > 0
                ]
                gaps.append(Gap(kind="text", texts=texts))
            else:
                gaps.append(Gap(kind="choice", options=[(labels[one], weight, "") for one, weight in weights.items()]))
        return builders.cloze(stem, gaps)

    def _typed(self, stem: str, response: Node) -> ItemFields:
        ident = response.get("ident")
        is_number = response.name == "response_num" or self.kind == "numerical_question" or any(
            one.name == "render_fib" and one.get("fibtype").lower() in {"integer", "decimal", "scientific"}
            for one in response.walk()
        )  # fmt: skip
        if is_number:
            return builders.numeric(stem, list(self._intervals()))
        texts = {}
        for rule in self.rules:
            for one in _wanted(rule.first("conditionvar")):
                texts[one.words.strip()] = self.score({ident: [one.words.strip()]})
        texts = {text: score for text, score in texts.items() if score > 0}
        if not texts:
            raise Unreadable("No answer earns points, and the file does not say that people mark it.")
        best = max(texts.values())
        answers = [(_pattern(text), _rounded(score / best), "") for text, score in texts.items()]
        is_exact = any(one.get("case", "No").lower() == "yes" for rule in self.rules for one in rule.walk())
        return builders.short_answer(stem, answers, is_case_sensitive=is_exact)

    def _intervals(self) -> Iterator[tuple[Decimal, Decimal, Decimal, str]]:
        scored = [(rule, sum((number(act.words or "0") for act in rule.all("setvar")), ZERO)) for rule in self.rules]
        best = max((worth for _, worth in scored), default=ZERO)
        if best <= 0:
            raise Unreadable("No answer earns points.")
        for rule, worth in scored:
            nodes = list(rule.walk())
            low = [number(one.words) for one in nodes if one.name in {"vargte", "vargt"}]
            high = [number(one.words) for one in nodes if one.name in {"varlte", "varlt"}]
            exact = [number(one.words) for one in nodes if one.name == "varequal"]
            weight = _rounded(worth / best)
            if worth > 0 and low and high:
                yield low[0], high[0], weight, ""
            elif worth > 0:
                for value in exact:
                    yield value, value, weight, ""


def _words(node: Node | None) -> str:
    return " ".join(node.words.split()) if node else ""


def _pattern(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split()).replace("*", "\\*")


def _wanted(node: Node | None) -> list[Node]:
    """The varequal elements below that are not denied."""
    if node is None or node.name == "not":
        return []
    own = [node] if node.name == "varequal" else []
    return own + [found for child in node.children for found in _wanted(child)]


_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "varlt": lambda one, other: one < other,
    "varlte": lambda one, other: one <= other,
    "vargt": lambda one, other: one > other,
    "vargte": lambda one, other: one >= other,
}


def _compare(name: str, given: str, wanted: str) -> bool:
    try:
        return _COMPARISONS[name](number(given), number(wanted))
    except Unreadable:
        return False
