"""From what an importer read to the fields of an item version, with notes of what could not be kept."""

import html
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import nh3

from lms.assessments.importers import gift
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.base import ONE
from lms.common.html import TAGS, clean_html

if TYPE_CHECKING:
    from lms.assessments.items.builders import ItemFields

_TAG = re.compile(r"<\s*/?\s*([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PLAIN_LINK = re.compile(r"href\s*=\s*(?![\"']?(?:https|mailto):)", re.IGNORECASE)
_MARKDOWN = re.compile(r"(\*\*|__|`|^\s*[-*+] |^#+ |\]\(|(?<!\w)[*_]\w[^*_]*[*_](?!\w))", re.MULTILINE)
_ONE_PARAGRAPH = re.compile(r"<p>((?:(?!<p>).)*)</p>", re.DOTALL)
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,2})?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")
_AROUND = re.compile(rf"({_NUMBER})(?:\s*:\s*({_NUMBER}))?")


class Draft:
    """Collects the notes while one question is turned into item fields."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def html(self, source: gift.Text | None) -> str:
        """Cleaned HTML of a text in any of the formats; notes what was lost."""
        if source is None:
            return ""
        text = source.text
        if source.format == "html" or (source.format == "moodle" and _is_html(text)):
            self._note_removed(text)
            text = text.replace("\n", "<br>") if source.format == "moodle" else text
            cleaned = clean_html(text).strip()
            found = _ONE_PARAGRAPH.fullmatch(cleaned)
            return found[1].strip() if found else cleaned
        if source.format == "markdown" and _MARKDOWN.search(text):
            self.note("Markdown is kept as plain text")
        return clean_html(builders.plain(text)).strip()

    def _note_removed(self, text: str) -> None:
        text = _COMMENT.sub("", text)
        removed = sorted({name.lower() for name in _TAG.findall(text)} - TAGS)
        if removed:
            self.note("markup removed: " + ", ".join(removed))
        if _PLAIN_LINK.search(text):
            self.note("links that are not https were removed")

    def words(self, source: gift.Text) -> str:
        """The words alone, on one line: a pattern is compared with what is typed."""
        text = source.text
        if source.format == "html" or (source.format == "moodle" and _is_html(text)):
            text = html.unescape(nh3.clean(text, tags=set()))
        return " ".join(text.split())


def _is_html(text: str) -> bool:
    return any(name.lower() in TAGS | {"span", "div", "img", "u", "font"} for name in _TAG.findall(text))


def from_gift(question: gift.Question) -> tuple["ItemFields", list[str]]:
    """The fields of an item version and what was lost on the way. Raises ItemInvalid when it makes no item."""
    draft = Draft()
    stem, general = draft.html(question.stem), draft.html(question.general)
    match question.kind:
        case "choice" | "choices":
            fields = _choice(draft, question, stem, general)
        case "true_false":
            right, wrong = question.answers
            remarks = {answer.text.text: draft.html(answer.feedback) for answer in (right, wrong)}
            fields = builders.true_false(stem, right.text.text == "true", feedback=remarks, general=general)
        case "matching":
            fields = _matching(draft, question, stem, general)
        case "numeric":
            fields = _numeric(draft, question, stem, general)
        case _:
            answers = [(draft.words(one.text), one.weight, draft.html(one.feedback)) for one in question.answers]
            fields = builders.short_answer(stem, answers, general=general)
    return fields, draft.notes


def _choice(draft: Draft, question: gift.Question, stem: str, general: str) -> "ItemFields":
    is_multiple = question.kind == "choices"
    right = sum((answer.weight for answer in question.answers if answer.weight > 0), Decimal(0))
    if is_multiple and right and abs(right - ONE) > Decimal("0.001"):
        total = f"{(right * 100).normalize():f}%"
        draft.note(f"the right weights add up to {total}: choosing all of them earns full points")
    options = [(draft.html(one.text), one.weight, draft.html(one.feedback)) for one in question.answers]
    return builders.choice(stem, options, general=general, is_multiple=is_multiple)


def _matching(draft: Draft, question: gift.Question, stem: str, general: str) -> "ItemFields":
    pairs, distractors = [], []
    for answer in question.answers:
        option = draft.html(gift.Text(text=answer.match, format="plain"))
        prompt = draft.html(answer.text)
        if not option:
            raise ItemInvalid(f"Nothing is matched with “{draft.words(answer.text)[:60]}”.")
        if prompt:
            pairs.append((prompt, option))
        else:
            distractors.append(option)
    return builders.matching(stem, pairs, distractors=distractors, general=general)


def _numeric(draft: Draft, question: gift.Question, stem: str, general: str) -> "ItemFields":
    answers = [(*_interval(one.text.text), one.weight, draft.html(one.feedback)) for one in question.answers]
    return builders.numeric(stem, answers, otherwise=draft.html(question.otherwise), general=general)


def _interval(text: str) -> tuple[Decimal, Decimal]:
    """ "1..5", "3.14:0.005" or "7" as the lowest and the highest right number."""
    if found := _RANGE.fullmatch(text):
        return Decimal(found[1]), Decimal(found[2])
    if found := _AROUND.fullmatch(text):
        value, tolerance = Decimal(found[1]), Decimal(found[2] or 0)
        return value - tolerance, value + tolerance
    raise ItemInvalid(f"“{text[:60]}” is neither a number, a number with tolerance, nor a range.")
