"""Forms of win stories. Values are judged by the services."""

from datetime import date
from typing import Any

from django import forms

from lms.common.forms import DayInput, NameField
from lms.deals.models import WinStory
from lms.deals.models.stories import MAX_PART
from lms.deals.services import StoryWords
from lms.deals.story_moves import Naming, StoryMove


class AnswerField(forms.CharField):
    """Some lines. Browsers send two characters for the end of each, and count one."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


def _answer(label: str, hint: str) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 4})
    return AnswerField(label=label, help_text=hint, max_length=MAX_PART, widget=area)


class StoryForm(forms.Form):
    """Three answers, and what the customer allowed; that may follow later."""

    problem = _answer("What was the problem?", "Two or three sentences.")
    done = _answer("What was done?", "What you and we did, and in which order.")
    outcome = _answer("What came of it?", "What the customer has now. A number is best.")
    consent_by = NameField(
        label="Who at the customer said yes to this story?",
        max_length=150,
        required=False,
        help_text="Name and role. Without the customer's permission nothing is published; you can add it later.",
    )
    consent_on = forms.DateField(label="On which day?", required=False, widget=DayInput())
    naming = forms.ChoiceField(
        label="What may be named?",
        choices=[("", "Not asked yet"), *Naming.choices],
        required=False,
    )

    @classmethod
    def of(cls, story: WinStory) -> "StoryForm":
        names = ("problem", "done", "outcome", "consent_by", "consent_on", "naming")
        return cls(initial={name: getattr(story, name) for name in names})

    def words(self) -> StoryWords:
        return StoryWords(**self.cleaned_data)


class StoryMoveForm(forms.Form):
    """The sentence a move needs, and for a published one the day of its next review."""

    def __init__(self, data: Any = None, *, move: StoryMove, review_on: date) -> None:
        super().__init__(data)
        if move.hint:
            self.fields["text"] = NameField(label=move.hint, max_length=300)
        if move.name in {"publish", "confirm"}:
            self.fields["review_on"] = forms.DateField(
                label="Look at it again by",
                help_text="After this day partners do not see it until somebody has looked at it.",
                initial=review_on,
                widget=DayInput(),
            )
