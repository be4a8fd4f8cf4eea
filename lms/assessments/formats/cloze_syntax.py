r"""Moodle's embedded answers (Cloze): `{1:SHORTANSWER:=Paris#yes~%50%Lyon}` in a text, both ways.

docs.moodle.org/en/Embedded_Answers_(Cloze)_question_type; question/type/multianswer/questiontype.php.
"""

import html
import re
from collections.abc import Iterator
from decimal import Decimal

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.drafts import Draft, Text, number
from lms.assessments.formats.outgoing import Writing, percent
from lms.assessments.items import builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import Gap
from lms.assessments.items.cloze import ClozeContent, ClozeKey, GapKey
from lms.assessments.items.cloze import Gap as ContentGap

_OPEN = re.compile(r"\{(\d*):([A-Z_]+)(:)?")
_ESCAPED = re.compile(r"\\([}#~/\"\\=*])")
_WEIGHT = re.compile(r"\s*%(-?\d{1,3}(?:\.\d+)?)%")
_TEXT = {"SHORTANSWER", "SA", "MW"}
_TEXT_CASE = {"SHORTANSWER_C", "SAC", "MWC"}
_NUMBER = {"NUMERICAL", "NM"}
_CHOICE = re.compile(r"MULTICHOICE(_[VHS]{1,2})?|MC[VHS]{0,2}")
_ASIDE = {char: chr(0xF1000 + ord(char)) for char in '}#~/"\\=*'}
_BACK = {ord(aside): char for char, aside in _ASIDE.items()}


def read_gaps(draft: Draft, source: str) -> tuple[str, list[Gap]]:
    """The text with `[[g1]]` and so on in the places of its gaps, and the gaps. Raises Unreadable."""
    text, gaps, start = "", [], 0
    while found := _OPEN.search(source, start):
        end = _end(source, found.end())
        if not found[3] or end < 0:
            raise Unreadable(f"The gap “{source[found.start() : found.start() + 40]}” has no answers.")
        gaps.append(_gap(draft, found[2], found[1], source[found.end() : end]))
        text += source[start : found.start()] + f"[[g{len(gaps)}]]"
        start = end + 1
    if not gaps:
        raise Unreadable("The text has no gaps.")
    return text + source[start:], gaps


def _end(source: str, start: int) -> int:
    """Where the brace that is not escaped closes."""
    place = start
    while (place := source.find("}", place)) > 0:
        before = source[start:place]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return place
        place += 1
    return -1


def _gap(draft: Draft, kind: str, share: str, source: str) -> Gap:
    answers = list(_answers(_ESCAPED.sub(lambda found: _ASIDE[found[1]], source)))
    worth = Decimal(share) if share else ONE
    if kind in _TEXT | _TEXT_CASE:
        texts = [
            builders.pattern(_pattern(draft, text), weight, _html(draft, remark)) for text, weight, remark in answers
        ]
        return Gap(kind="text", texts=texts, share=worth, is_case_sensitive=kind in _TEXT_CASE)
    if kind in _NUMBER:
        numbers, otherwise = [], ""
        for text, weight, remark in answers:
            if text.translate(_BACK).strip() == "*":
                otherwise = _html(draft, remark)
                continue
            value, _, tolerance = draft.words(Text(text=text.translate(_BACK), format="html")).partition(":")
            around = number(tolerance) if tolerance else ZERO
            middle = number(value)
            numbers.append(builders.number(middle - around, middle + around, weight, _html(draft, remark)))
        return Gap(kind="number", numbers=numbers, share=worth, otherwise=otherwise)
    if _CHOICE.fullmatch(kind):
        options = [(_html(draft, text), weight, _html(draft, remark)) for text, weight, remark in answers]
        return Gap(kind="choice", options=options, share=worth)
    raise Unreadable(f"Gaps of the kind {kind} have no counterpart.")


def _answers(source: str) -> Iterator[tuple[str, Decimal, str]]:
    """Text, weight and feedback of each answer, escaped characters still aside."""
    for part in source.split("~"):
        text, _, remark = part.partition("#")
        weight = ZERO
        if found := _WEIGHT.match(text):
            weight, text = Decimal(found[1]) / 100, text[found.end() :]
        elif text.lstrip().startswith("="):
            weight, text = ONE, text.lstrip()[1:]
        yield text.strip(), weight, remark.strip()


def _html(draft: Draft, text: str) -> str:
    return draft.html(Text(text=text.translate(_BACK), format="html"))


def _pattern(draft: Draft, text: str) -> str:
    r"""The words of a pattern; an asterisk that was escaped stays so."""
    text = text.replace(_ASIDE["*"], "\\*")
    return draft.words(Text(text=text.translate(_BACK), format="html"))


# --- Writing ---


def write_gaps(writing: Writing, content: ClozeContent, key: ClozeKey, stem: str) -> str:
    """The stem with its gaps as embedded answers. Raises Unreadable for gaps that Moodle has no words for."""
    factor = _factor(key)
    if factor != 1:
        writing.note("the shares of the gaps were made whole numbers")
    for gap in content.gaps:
        stem = stem.replace(f"[[{gap.id}]]", _written(writing, gap, key.gaps[gap.id], factor))
    return stem


def _factor(key: ClozeKey) -> int:
    factor = 1
    while any((gap.share * factor) % 1 for gap in key.gaps.values()):
        factor *= 10
    return factor


def _written(writing: Writing, gap: ContentGap, key: GapKey, factor: int) -> str:
    match gap.kind:
        case "text":
            if any(one.is_regex for one in key.texts):
                raise Unreadable("Moodle has no regular expressions in gaps.")
            if key.otherwise:
                writing.note("feedback on any other answer of a gap is left out")
            name = "SHORTANSWER_C" if key.is_case_sensitive else "SHORTANSWER"
            lines = [
                (html.escape(one.pattern, quote=False).replace("\\*", "\0"), one.weight, one.feedback)
                for one in key.texts
            ]
        case "number":
            name = "NUMERICAL"
            lines = [(_around(one.low, one.high), one.weight, one.feedback) for one in key.numbers]
            lines += [("*", ZERO, key.otherwise)] if key.otherwise else []
        case "choice":
            name = "MULTICHOICE"
            lines = [
                (option.text, key.weights.get(option.id, ZERO), key.feedback.get(option.id, ""))
                for option in gap.options
            ]
        case _:
            raise Unreadable("Moodle has no text with both words to drag and other gaps.")
    answers = "~".join(
        f"{_mark(weight)}{_escape(writing.html(text))}" + (f"#{_escape(writing.html(remark))}" if remark else "")
        for text, weight, remark in lines
    )
    return f"{{{int(key.share * factor)}:{name}:{answers}}}"


def _mark(weight: Decimal) -> str:
    return "=" if weight == ONE else f"%{percent(weight)}%"


def _around(low: Decimal, high: Decimal) -> str:
    return f"{(low + high) / 2:f}:{(high - low) / 2:f}"


def _escape(text: str) -> str:
    return re.sub(r"([}#~\"\\])", r"\\\1", text).replace("\0", "\\*")
