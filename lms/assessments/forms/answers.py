"""What candidates send."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from lms.assessments.items import AnswerRefused, Question

PREFIX = "answer-"
MAX_FIELDS = 300


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
    value = data.get("answer", "")[:500] if question.answer_type == "text" else ""
    return replace(question, options=options, prompts=prompts, parts=parts, value=value)


class SaveForm(forms.Form):
    """Number and nonce of a save; without a nonce there is nothing new to save."""

    seq = forms.IntegerField()
    nonce = forms.UUIDField(required=False)

    def values(self) -> tuple[int, UUID | None]:
        if not self.is_valid():
            return 0, None
        return self.cleaned_data["seq"], self.cleaned_data["nonce"]
