"""The editors of essays and files: what is asked for, and the rubric they are marked with."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from lms.assessments.forms.editing import Editor
from lms.assessments.forms.rows import Row, area
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.builders import ItemFields
from lms.assessments.items.written import KINDS, MAX_WORTH
from lms.common.mathml import mathml_to_latex

_LEVEL = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*[:.)–-]?\s+(.*)", re.DOTALL)


class CriterionRow(Row):
    text = forms.CharField(required=False, widget=area(), label="Criterion")
    levels = forms.CharField(
        required=False,
        widget=area(5),
        help_text="One in a line, points first: “4 Names all three risks”. Whoever marks chooses one of them.",
    )

    def criterion(self) -> tuple[str, Sequence[tuple[Decimal, str]]]:
        """Words and levels. Raises ItemInvalid for a line without points."""
        lines = [line.strip() for line in self.cleaned_data["levels"].splitlines() if line.strip()]
        return self.cleaned_data["text"], [_level(line) for line in lines]


def _level(line: str) -> tuple[Decimal, str]:
    found = _LEVEL.fullmatch(line + " ")
    if found is None:
        raise ItemInvalid(f"“{line[:60]}” does not begin with points.")
    return Decimal(found[1]), found[2].strip()


class Marking(forms.Form):
    worth = forms.DecimalField(
        required=False,
        min_value=Decimal("0.01"),
        max_value=MAX_WORTH,
        max_digits=5,
        decimal_places=2,
        label="Points in an exam",
        help_text="Empty: one, as every other question",
    )
    notes = forms.CharField(
        required=False, widget=area(4), label="For those who mark", help_text="What a good answer says; HTML"
    )


class Essay(Marking):
    words_min = forms.IntegerField(required=False, min_value=0, max_value=5000, label="At least so many words")
    words_max = forms.IntegerField(
        required=False, min_value=0, max_value=5000, label="At most so many words", help_text="Told, never cut"
    )
    lines = forms.IntegerField(required=False, min_value=2, max_value=60, label="Lines of the field")


class Upload(Marking):
    kinds = forms.MultipleChoiceField(
        choices=list(KINDS.items()), widget=forms.CheckboxSelectMultiple, label="Kinds of file"
    )
    megabytes = forms.IntegerField(required=False, min_value=1, max_value=20, label="At most so many MB")


class WrittenEditor(Editor):
    row = CriterionRow
    title = "Rubric"

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "text": mathml_to_latex(criterion["text"]),
                "levels": "\n".join(
                    f"{level['points']} {mathml_to_latex(level.get('text', ''))}".strip()
                    for level in criterion["levels"]
                ),
            }
            for criterion in key["criteria"]
        ]

    def initial_extra(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: content[name] for name in ("worth", "words_min", "words_max", "lines") if name in content}
        asked = {"kinds": content.get("kinds", ["pdf"]), "megabytes": content.get("megabytes")}
        return {**told, **asked, "notes": mathml_to_latex(key.get("notes", ""))}

    def criteria(self) -> list[tuple[str, Sequence[tuple[Decimal, str]]]]:
        return [form.criterion() for form in self.filled(self.rows)]


class EssayEditor(WrittenEditor):
    extra_form = Essay

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        data = self.more.cleaned_data
        return builders.essay(
            stem,
            self.criteria(),
            notes=data["notes"],
            worth=data["worth"] or Decimal(1),
            words=(data["words_min"] or 0, data["words_max"] or 0),
            lines=data["lines"] or 15,
        )


class UploadEditor(WrittenEditor):
    extra_form = Upload

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        data = self.more.cleaned_data
        return builders.upload(
            stem,
            self.criteria(),
            notes=data["notes"],
            worth=data["worth"] or Decimal(1),
            kinds=data["kinds"],
            megabytes=data["megabytes"] or 10,
        )
