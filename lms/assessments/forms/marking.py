"""The rubric as a form: a level and a comment for each criterion."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from lms.assessments.forms.rows import area
from lms.assessments.items.written import Criterion
from lms.assessments.models import Mark
from lms.assessments.services import Given
from lms.assessments.services.marking import MAX_COMMENT
from lms.common.html import plain_text


class MarkForm(forms.Form):
    """`points-<criterion>` and `comment-<criterion>` for each criterion, and a comment on the whole."""

    comment = forms.CharField(
        required=False,
        max_length=MAX_COMMENT,
        widget=area(3),
        label="On the whole answer",
        help_text="For the candidate, where the exam shows feedback; your name is not told",
    )

    def __init__(self, *args: Any, criteria: Sequence[Criterion], mark: Mark, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        given = {score["criterion"]: score for score in mark.scores}
        self.initial["comment"] = mark.comment
        for criterion in criteria:
            name, before = criterion.id, given.get(criterion.id)
            self.fields[f"points-{name}"] = forms.ChoiceField(
                choices=[(f"{level.points:f}", _level(level.points, level.text)) for level in criterion.levels],
                widget=forms.RadioSelect,
                label="Points",
                initial=before["points"] if before else None,
            )
            self.fields[f"comment-{name}"] = forms.CharField(
                required=False,
                max_length=MAX_COMMENT,
                widget=area(),
                label="Comment",
                initial=before["comment"] if before else "",
            )
        if mark.marked_at is not None:
            for field in self.fields.values():
                field.disabled = True

    def given(self) -> list[Given]:
        data = self.cleaned_data
        return [
            Given(criterion=one.id, points=Decimal(data[f"points-{one.id}"]), comment=data[f"comment-{one.id}"])
            for one in self.criteria
        ]


def _level(points: Decimal, text: str) -> str:
    return f"{points:f}: {plain_text(text)}" if text else f"{points:f}"
