"""Aiken: one line of question, lines "A) option" or "A. option", and "ANSWER: A" (docs.moodle.org/en/Aiken_format)."""

import re
from dataclasses import dataclass, field

from lms.assessments.formats.base import Drafted, Draw, Format, Refused, Source, Unreadable
from lms.assessments.formats.drafts import Draft, Text
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import ItemFields

_OPTION = re.compile(r"([A-Za-z])[).]\s*(.*)")
_ANSWER = re.compile(r"ANSWER:\s*([A-Za-z])\s*", re.IGNORECASE)
_LOOKS = re.compile(r"^[A-Z][).].*\n(?:\s*\n)*(?:.*\n)*?ANSWER:", re.MULTILINE)


@dataclass
class _Question:
    """What was read of a question so far."""

    line: int = 0
    stem: str = ""
    options: dict[str, str] = field(default_factory=dict)


class Aiken(Format):
    """Read only: GIFT holds all that Aiken does."""

    name, label, extension = "aiken", "Aiken", "txt"

    def recognises(self, source: Source) -> bool:
        return source.archive is None and not source.is_xml and bool(_LOOKS.search(source.text.replace("\r\n", "\n")))

    def read(self, source: Source) -> Draw:
        """A blank line means nothing; what is left open when the next question starts is refused."""
        question = _Question()
        for number, line in enumerate(re.split(r"\r\n|\r|\n", source.text), start=1):
            line = line.strip()
            if not line:
                continue
            if option := _OPTION.fullmatch(line):
                question.line = question.line or number
                question.options.setdefault(option[1].upper(), option[2].strip())
            elif line.upper().startswith("ANSWER:"):
                question.line = question.line or number
                yield _finished(question, line)
                question = _Question()
            else:
                if question.options or question.stem:
                    yield _open(question)
                question = _Question(line=number, stem=line)
        if question.options or question.stem:
            yield _open(question)


def _open(question: _Question) -> Refused:
    reason = "The question has no ANSWER line." if question.options else "The question has no options."
    return Refused(line=question.line, title=question.stem[:60], reason=reason)


def _finished(question: _Question, line: str) -> Drafted | Refused:
    draft = Draft()
    try:
        fields = _fields(draft, question, line)
    except (ItemInvalid, Unreadable) as error:
        return Refused(line=question.line, title=question.stem[:60], reason=str(error))
    return Drafted(line=question.line, fields=fields, notes=tuple(draft.notes))


def _fields(draft: Draft, question: _Question, line: str) -> ItemFields:
    if not question.stem:
        raise Unreadable("There are answers, but no question before them.")
    answer = _ANSWER.fullmatch(line)
    if answer is None or answer[1].upper() not in question.options:
        raise Unreadable(f"“{line[:60]}” names none of the options.")
    right = answer[1].upper()
    options = [
        (draft.html(Text(text=text, format="plain")), ONE if name == right else ZERO, "")
        for name, text in question.options.items()
    ]
    return builders.choice(draft.html(Text(text=question.stem, format="plain")), options)
