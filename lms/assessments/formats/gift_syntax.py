r"""Reads GIFT, Moodle's text format for questions (docs.moodle.org/en/GIFT_format, question/format/gift/format.php).

Pure text work: knows nothing of Django, items or HTML. A question ends at a blank line. A backslash before one of
``~ = # { } : \`` takes its meaning away, ``\n`` is a line break; a line that starts with ``//`` is a comment.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from lms.assessments.formats.drafts import Text

FORMATS = ("html", "moodle", "plain", "markdown")
# An escaped character is put aside, as a private character without meaning, until its text has been cut out.
_ASIDE = {char: chr(0xF0000 + ord(char)) for char in "~=#{}:\\\n"}
_BACK = {ord(aside): char for char, aside in _ASIDE.items()}
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d+)?)%")
_TRUTH = {"t": "true", "true": "true", "f": "false", "false": "false"}
_TAGS = re.compile(r"\[tag:([^\]]*)\]")
GAP = "_____"
SPECIAL = "~=#{}:\\"


def escape(text: str) -> str:
    """The text so that `parse` reads it back as it is: special characters and line breaks escaped."""
    return "".join("\\n" if char == "\n" else f"\\{char}" if char in SPECIAL else char for char in text)


class GiftError(Exception):
    """A question that cannot be read or is of a kind that is not supported; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer as written. `match`: of a matching question, what belongs to it."""

    text: Text
    weight: Decimal
    feedback: Text | None = None
    match: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question as written. `kind` is the item type's name; `otherwise` is said when no answer of a number fits."""

    line: int
    title: str
    category: str
    kind: str
    stem: Text
    answers: tuple[Answer, ...]
    otherwise: Text | None = None
    general: Text | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Broken:
    line: int
    title: str
    reason: str


def parse(text: str) -> Iterator[Question | Broken]:
    """All questions of a file in their order; each is read by itself, so a broken one costs no other."""
    category = ""
    for line, tags, block in _blocks(text):
        if block.startswith("$CATEGORY:"):
            category = _shown(block[10:].partition("\n")[0])
            block = block.partition("\n")[2].strip()
            if not block:
                continue
        title, body = _title(block)
        try:
            yield replace(_question(body), line=line, title=title, category=category, tags=tags)
        except GiftError as error:
            yield Broken(line=line, title=title, reason=str(error))


def _blocks(text: str) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """Line number, tags and text of each question, without comments, escaped characters put aside.

    Tags stand in comments before or in the question, as Moodle writes them: `// [tag:one] [tag:two]`.
    """
    lines: list[str] = []
    tags: list[str] = []
    start = 0
    for number, line in enumerate([*re.split(r"\r\n|\r|\n", text), ""], start=1):
        if line.strip().startswith("//"):
            tags += _TAGS.findall(line)
        elif line.strip():
            start = start if lines else number
            lines.append(line)
        elif lines:
            yield start, tuple(tags), _put_aside("\n".join(lines)).strip()
            lines, tags = [], []


def _put_aside(text: str) -> str:
    text = re.sub("[\U000f0000-\U000f007f]", "", text)
    return re.sub(r"\\([~=#{}:\\n])", lambda found: _ASIDE[found[1].replace("n", "\n")], text)


def _shown(text: str) -> str:
    """A text that has been cut out, with its escaped characters back."""
    return text.translate(_BACK).strip()


def _title(block: str) -> tuple[str, str]:
    if block.startswith("::"):
        title, found, body = block[2:].partition("::")
        if found:
            return " ".join(_shown(title).split()), body.strip()
    return "", block


def _text(source: str, default: str) -> Text:
    """A text with an optional [format] before it."""
    source = source.strip()
    found = re.match(r"\[(\w+)\]", source)
    if found and found[1].lower() in FORMATS:
        return Text(text=_shown(source[found.end() :]), format=found[1].lower())
    return Text(text=_shown(source), format=default)


def _optional(source: str, default: str) -> Text | None:
    text = _text(source, default)
    return text if text.text else None


def _question(body: str) -> Question:
    if "{" not in body and "}" not in body:
        raise GiftError("This is a description: it asks nothing, so it is no item.")
    before, opened, rest = body.partition("{")
    answers, closed, after = rest.partition("}")
    if not opened or not closed or "}" in before or "{" in answers:
        raise GiftError("The braces around the answers do not pair up. A blank line ends a question.")
    if "{" in after or "}" in after:
        raise GiftError("There are two answer blocks. Put a blank line between questions.")
    stem = _text(f"{before.rstrip(' ')} {GAP}{after}" if after.strip() else before, "moodle")
    answers, found, general = answers.rpartition("####") if "####" in answers else (answers, "", "")
    question = _answers(answers.strip(), stem.format)
    return replace(question, stem=stem, general=_optional(general, stem.format) if found else None)


def _answers(source: str, default: str) -> Question:
    """Finds out the kind, as Moodle does, and reads the answers."""
    base = Question(line=0, title="", category="", kind="", stem=Text(text=""), answers=())
    if not source:
        return replace(base, kind="essay")
    if source.startswith("#"):
        return _numeric(source[1:], default, base)
    if "~" in source:
        kind = "choice" if "=" in source else "choices"
        parts = _split("~", source.replace("=", "~="))
        return replace(base, kind=kind, answers=tuple(_choice(part, default) for part in parts))
    if "=" in source and "->" in source:
        return replace(base, kind="matching", answers=tuple(_pair(part, default) for part in _split("=", source)))
    truth = _TRUTH.get(_shown(source.partition("#")[0]).lower())
    if truth:
        return replace(base, kind="true_false", answers=_true_false(source, truth, default))
    weighted = tuple(_weighted(part, default, Decimal(1)) for part in _split("=", source))
    return replace(base, kind="short_answer", answers=weighted)


def _split(mark: str, source: str) -> list[str]:
    first, *rest = (part.strip() for part in source.split(mark))
    return [first, *rest] if first else rest


def _weighted(part: str, default: str, weight: Decimal) -> Answer:
    """ "%50%text # feedback"; `weight` where none is written."""
    found = _WEIGHT.match(part)
    if found:
        weight, part = Decimal(found[1]) / 100, part[found.end() :]
    text, _, feedback = part.partition("#")
    return Answer(text=_text(text, default), weight=weight, feedback=_optional(feedback, default))


def _choice(part: str, default: str) -> Answer:
    if part.startswith("="):
        return _weighted(part[1:].strip(), default, Decimal(1))
    return _weighted(part, default, Decimal(0))


def _pair(part: str, default: str) -> Answer:
    prompt, found, match = part.partition("->")
    if not found:
        raise GiftError(f"“{_shown(part)[:60]}” has no “->”, which every line of a matching question needs.")
    return Answer(text=_text(prompt, default), weight=Decimal(1), match=_shown(match))


def _true_false(source: str, truth: str, default: str) -> tuple[Answer, ...]:
    """The right answer first. Feedback is written for the wrong answer, then for the right one."""
    _, _, remarks = source.partition("#")
    wrong, _, right = remarks.partition("#")
    other = "false" if truth == "true" else "true"
    return (
        Answer(text=Text(text=truth), weight=Decimal(1), feedback=_optional(right, default)),
        Answer(text=Text(text=other), weight=Decimal(0), feedback=_optional(wrong, default)),
    )


def _numeric(source: str, default: str, base: Question) -> Question:
    numbers, found, otherwise = source.partition("~")
    answers = tuple(_weighted(part, "plain", Decimal(1)) for part in _split("=", numbers.strip()))
    answers = tuple(
        replace(answer, feedback=replace(answer.feedback, format=default))
        if answer.feedback and answer.feedback.format == "plain"
        else answer
        for answer in answers
    )
    remark = _optional(otherwise.partition("#")[2], default) if found else None
    return replace(base, kind="numeric", answers=answers, otherwise=remark)
