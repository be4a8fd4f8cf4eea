"""What candidates send."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from lms.assessments.items import AnswerRefused, Question
from lms.assessments.services import Upload

PREFIX = "answer-"
MAX_FIELDS = 300
MAX_TYPED = 500


def read_answer(question: Question, data: QueryDict) -> Any:
    """The answer of a posted form in the shape that autosave sends (docs/front-end.md). Raises AnswerRefused."""
    match question.answer_type:
        case "choices":
            return data.getlist("answer")
        case "map":
            return _keyed(data)
        case "sequence":
            return _sequence(_keyed(data))
        case _:
            return data.get("answer")


def _keyed(data: QueryDict) -> dict[str, str]:
    """The fields named "answer-<token>", by token."""
    found = {name.removeprefix(PREFIX): str(data[name]) for name in data if name.startswith(PREFIX)}
    if len(found) > MAX_FIELDS:
        raise AnswerRefused("The answer has more parts than the question. Nothing was saved.")
    return found


def _sequence(places: dict[str, str]) -> list[str]:
    """The names in the order of their places; empty when no place was given."""
    given = {name: place for name, place in places.items() if place}
    if not given:
        return []
    if sorted(given.values()) != sorted(str(place) for place in range(1, len(places) + 1)):
        raise AnswerRefused("Give every line its place, each place once. Nothing was saved.")
    return sorted(given, key=lambda name: int(given[name]))


def refill(question: Question, data: QueryDict) -> Question:
    """The question with what was posted in its fields, so that a refused answer can be corrected."""
    chosen = set(data.getlist("answer"))
    options = tuple(
        replace(line, chosen=data.get(PREFIX + line.token, "") or ("1" if line.token in chosen else ""))
        for line in question.options
    )
    prompts = tuple(replace(line, chosen=data.get(PREFIX + line.token, "")) for line in question.prompts)
    parts = tuple(replace(part, chosen=data.get(PREFIX + part.token, "")[:500]) for part in question.parts)
    value = question.value if question.answer_type == "file" else ""
    if question.answer_type == "text":
        value = data.get("answer", "")[: question.paper.most if question.paper else MAX_TYPED]
    return replace(question, options=options, prompts=prompts, parts=parts, value=value)


def read_upload(files: MultiValueDict[str, Any], question: Question) -> Upload | None:
    """The file of a posted form; None when none was chosen. Raises AnswerRefused for one that is larger than asked for,
    before it is read."""
    file = files.get("answer")
    if file is None:
        return None
    most = question.paper.megabytes if question.paper else 0
    if (file.size or 0) > most * 1_000_000:
        raise AnswerRefused(f"The file is larger than {most} MB. Nothing was saved.")
    return Upload(data=file.read(), name=file.name or "")


class SaveForm(forms.Form):
    """Number and nonce of a save; without a nonce there is nothing new to save."""

    seq = forms.IntegerField()
    nonce = forms.UUIDField(required=False)

    def values(self) -> tuple[int, UUID | None]:
        if not self.is_valid():
            return 0, None
        return self.cleaned_data["seq"], self.cleaned_data["nonce"]
