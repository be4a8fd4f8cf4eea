"""Moodle XML (docs.moodle.org/en/Moodle_XML_format; question/format/xml/format.php): read here, written next door."""

import base64
import re
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from decimal import Decimal
from urllib.parse import unquote

from lms.assessments.formats import cloze_syntax
from lms.assessments.formats.base import (
    Drafted,
    Draw,
    Meta,
    Outgoing,
    Refused,
    Source,
    Told,
    Unreadable,
    WritableFormat,
)
from lms.assessments.formats.drafts import Draft, Text, number
from lms.assessments.formats.gift import topic_of
from lms.assessments.formats.moodle_essay import essay, worth_told
from lms.assessments.formats.moodle_nodes import element_html, words_in
from lms.assessments.formats.moodle_writer import write_quiz
from lms.assessments.formats.outgoing import percent
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import Gap, ItemFields
from lms.common.xmltree import Node

_PLACE = re.compile(r"\[\[(\d{1,3})\]\]")
_FILE = "@@PLUGINFILE@@/"


class MoodleXml(WritableFormat):
    name, label, extension = "moodle-xml", "Moodle XML", "xml"
    content_type = "application/xml"

    def recognises(self, source: Source) -> bool:
        return source.root is not None and source.root.name == "quiz"

    def read(self, source: Source) -> Draw:
        topic = ""
        assert source.root is not None  # noqa: S101  it was recognised
        for node in source.root.all("question"):
            if node.get("type") == "category":
                topic = topic_of(words_in(node.find("category", "text")))
                continue
            yield _read(node, topic)

    def write(self, items: Sequence[Outgoing]) -> tuple[bytes, list[Told]]:
        return write_quiz(items)


def _read(node: Node, topic: str) -> Drafted | Refused:
    title = words_in(node.find("name", "text"))
    draft = Draft(_resolver(node))
    try:
        fields = _fields(draft, node)
    except (ItemInvalid, Unreadable) as error:
        return Refused(line=node.line, title=title, reason=str(error))
    tags = [words_in(tag) for tags in node.all("tags") for tag in tags.all("tag")]
    return Drafted(
        line=node.line,
        title=title,
        code=title,
        meta=Meta.from_tags(topic, tags),
        fields=fields,
        notes=tuple(draft.notes),
        media=draft.media,
    )


def _resolver(question: Node) -> Callable[[str], bytes | None]:
    """Leads from "@@PLUGINFILE@@/name" to the file of that name anywhere in the question."""
    files = {}
    for node in question.walk():
        if node.name == "file" and node.get("encoding", "base64") == "base64":
            try:
                files[node.get("path", "/") + node.get("name")] = base64.b64decode(node.text)
            except NotBase64:
                continue

    def resolve(address: str) -> bytes | None:
        path = unquote(address.removeprefix(_FILE).partition("?")[0])
        return files.get(f"/{path}") if address.startswith(_FILE) else None

    return resolve


def _fields(draft: Draft, node: Node) -> ItemFields:
    kind = node.get("type")
    read = _READERS.get(kind)
    if kind == "description":
        raise Unreadable("This is a description: it asks nothing, so it is no item.")
    if read is None:
        raise Unreadable(f"Moodle's question type “{kind[:40]}” has no counterpart.")
    fields = read(draft, node, element_html(draft, node.first("questiontext")))
    hints = [element_html(draft, hint) for hint in node.all("hint")]
    fields["key"] |= {
        "general": element_html(draft, node.first("generalfeedback")),
        "if_right": element_html(draft, node.first("correctfeedback")),
        "if_partly": element_html(draft, node.first("partiallycorrectfeedback")),
        "if_wrong": element_html(draft, node.first("incorrectfeedback")),
        "hints": [hint for hint in hints if hint],
    }
    grade = words_in(node.first("defaultgrade"))
    if grade and kind == "essay":
        fields["content"]["worth"] = worth_told(draft, number(grade, "grade"))
    elif grade and number(grade, "grade") != ONE:
        draft.note(f"the grade {number(grade).normalize():f} is left out: every item counts the same")
    return fields


def _weight(answer: Node) -> Decimal:
    return number(answer.get("fraction", "0"), "weight") / 100


def _answers(draft: Draft, node: Node) -> list[tuple[str, Decimal, str]]:
    return [
        (element_html(draft, one), _weight(one), element_html(draft, one.first("feedback")))
        for one in node.all("answer")
    ]


def _is(node: Node, name: str) -> bool:
    return words_in(node.first(name)).lower() in {"true", "1"}


def _choice(draft: Draft, node: Node, stem: str) -> ItemFields:
    options = _answers(draft, node)
    is_multiple = node.first("single") is not None and not _is(node, "single")
    right = sum((weight for _, weight, _ in options if weight > 0), ZERO)
    is_set = node.get("type") == "multichoiceset"
    if is_multiple and right and abs(right - ONE) > Decimal("0.001"):
        draft.note(f"the right weights add up to {percent(right)}%: choosing all of them earns full points")
    is_fixed = node.first("shuffleanswers") is not None and not _is(node, "shuffleanswers")
    return builders.choice(
        stem,
        options,
        is_multiple=is_multiple or is_set,
        scoring="all" if is_set else "weights",
        pinned=range(len(options)) if is_fixed else (),
    )


def _true_false(draft: Draft, node: Node, stem: str) -> ItemFields:
    answers = {words_in(one.first("text")).lower(): one for one in node.all("answer")}
    if set(answers) != {"true", "false"}:
        raise Unreadable("The answers are not true and false.")
    remarks = {name: element_html(draft, one.first("feedback")) for name, one in answers.items()}
    return builders.true_false(stem, _weight(answers["true"]) > _weight(answers["false"]), feedback=remarks)


def _pattern(draft: Draft, node: Node) -> str:
    inner = node.first("text")
    return draft.words(Text(text=inner.words if inner else "", format="plain"))


def _short_answer(draft: Draft, node: Node, stem: str) -> ItemFields:
    answers = [
        (_pattern(draft, one), _weight(one), element_html(draft, one.first("feedback"))) for one in node.all("answer")
    ]
    return builders.short_answer(stem, answers, is_case_sensitive=_is(node, "usecase"))


def _matching(draft: Draft, node: Node, stem: str) -> ItemFields:
    pairs: list[tuple[str, str]] = []
    distractors = []
    for part in node.all("subquestion"):
        prompt, option = element_html(draft, part), element_html(draft, part.first("answer"), "plain")
        if not option:
            raise Unreadable(f"Nothing is matched with “{words_in(part.first('text'))[:60]}”.")
        if not prompt:
            distractors.append(option)
        elif (prompt, option) in pairs:
            draft.note("a pair that stands twice is kept once")
        else:
            pairs.append((prompt, option))
    return builders.matching(stem, pairs, distractors=distractors)


def _numeric(draft: Draft, node: Node, stem: str) -> ItemFields:
    answers, otherwise = [], ""
    for one in node.all("answer"):
        remark, text = element_html(draft, one.first("feedback")), _pattern(draft, one)
        if text == "*":
            otherwise = remark
            continue
        around = number(words_in(one.first("tolerance")) or "0", "tolerance")
        middle = number(text)
        answers.append((middle - around, middle + around, _weight(one), remark))
    units = [
        (words_in(unit.first("unit_name")), number(words_in(unit.first("multiplier")) or "1", "multiplier"))
        for unit in (node.first("units") or Node("units")).all("unit")
    ]
    penalty = ZERO
    if units and words_in(node.first("unitgradingtype")) not in {"", "0"}:
        penalty = number(words_in(node.first("unitpenalty")) or "0", "penalty")
        if words_in(node.first("unitgradingtype")) == "1":
            draft.note("the penalty for a missing unit is taken from the question's points, not from the answer's")
    return builders.numeric(stem, answers, otherwise=otherwise, units=units, unit_penalty=penalty)


def _ordering(draft: Draft, node: Node, stem: str) -> ItemFields:
    if words_in(node.first("selecttype")) not in {"", "ALL", "0"}:
        draft.note("all lines are shown, not a selection of them")
    is_all = words_in(node.first("gradingtype")) in {"ALL_OR_NOTHING", "-1"}
    if not is_all and words_in(node.first("gradingtype")) not in {"", "ABSOLUTE_POSITION", "0"}:
        draft.note("each line in its own place earns its share, whatever the file's way of scoring")
    lines = sorted(node.all("answer"), key=lambda one: number(one.get("fraction", "0"), "place"))
    fields = builders.ordering(stem, [element_html(draft, one) for one in lines])
    fields["key"]["scoring"] = "all" if is_all else "each"
    return fields


def _cloze(draft: Draft, node: Node, _: str) -> ItemFields:
    """The gaps are cut out before the text is cleaned: what stands in braces is no markup yet."""
    asked = node.first("questiontext")
    inner = asked.first("text") if asked else None
    text, gaps = cloze_syntax.read_gaps(draft, (inner.words if inner else "").strip())
    return builders.cloze(draft.html(Text(text=text, format="html")), gaps)


def _words_to_drag(draft: Draft, node: Node, stem: str) -> ItemFields:
    """Select missing words and drag and drop into text: `[[1]]` is the place of the first word."""
    found = [
        (_html_of(draft, one), words_in(one.first("group")) or "1")
        for one in [*node.all("selectoption"), *node.all("dragbox")]
    ]
    groups = {group for _, group in found}
    gaps: list[Gap] = []

    def place(mark: re.Match[str]) -> str:
        index = int(mark[1]) - 1
        if not 0 <= index < len(found):
            raise Unreadable(f"The gap {mark[0]} has no word.")
        text, group = found[index]
        own = [(word, ONE if word == text else ZERO, "") for word, of in found if of == group]
        kind = "pool" if len(groups) == 1 else "choice"
        gaps.append(Gap(kind=kind, options=own if kind == "choice" else [(text, ONE, "")]))
        return f"[[g{len(gaps)}]]"

    stem = _PLACE.sub(place, stem)
    if not gaps:
        raise Unreadable("The text has no gaps.")
    return builders.cloze(stem, gaps, pool=[text for text, _ in found] if len(groups) == 1 else ())


def _html_of(draft: Draft, node: Node) -> str:
    inner = node.first("text")
    return draft.html(Text(text=(inner.words if inner else "").strip(), format="html"))


_READERS: dict[str, Callable[[Draft, Node, str], ItemFields]] = {
    "multichoice": _choice,
    "essay": essay,
    "multichoiceset": _choice,
    "truefalse": _true_false,
    "shortanswer": _short_answer,
    "matching": _matching,
    "numerical": _numeric,
    "ordering": _ordering,
    "cloze": _cloze,
    "multianswer": _cloze,
    "gapselect": _words_to_drag,
    "ddwtos": _words_to_drag,
}
