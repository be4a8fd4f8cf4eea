"""One row of the item editor for each kind of answer: what an author sees in place of content and key."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from lms.assessments.items import builders
from lms.assessments.items.base import ONE, ZERO
from lms.common.mathml import mathml_to_latex

KINDS = [("text", "Words"), ("number", "A number"), ("choice", "One of a list"), ("pool", "A word from the pool")]
SHAPES = [("rect", "Rectangle"), ("circle", "Circle"), ("ellipse", "Ellipse"), ("poly", "Polygon")]
_LINE = re.compile(r"(?:(-?\d{1,3}(?:\.\d+)?)\s*%)?\s*(.*)", re.DOTALL)


def area(rows: int = 2) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def percent(**kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(min_value=-100, max_value=100, required=False, label="Points in %", **kwargs)


def weight_of(data: Mapping[str, Any], default: Decimal = ZERO) -> Decimal:
    value = data.get("weight")
    return default if value is None else Decimal(value) / 100


def shown_weight(weight: str) -> Decimal:
    return (Decimal(weight) * 100).normalize()


class Row(forms.Form):
    """`main` is the field without which a row is blank and left out."""

    main = "text"
    remove = forms.BooleanField(required=False, label="Remove")

    @property
    def is_blank(self) -> bool:
        data = getattr(self, "cleaned_data", {})
        return bool(data.get("remove")) or not str(data.get(self.main, "") or "").strip()


class ChoiceRow(Row):
    text = forms.CharField(required=False, widget=area(), label="Option")
    weight = percent(help_text="100 is right; less than nought costs")
    feedback = forms.CharField(required=False, widget=area())
    is_pinned = forms.BooleanField(required=False, label="Keep in place")


class PairRow(Row):
    main = "match"
    text = forms.CharField(required=False, widget=area(), label="Line", help_text="Empty: a distractor")
    match = forms.CharField(required=False, widget=area(), label="What belongs to it")


class LineRow(Row):
    text = forms.CharField(required=False, widget=area(), label="Line, in the right order")


class NumberRow(Row):
    main = "low"
    low = forms.DecimalField(required=False, label="From")
    high = forms.DecimalField(required=False, label="To", help_text="Empty: exactly")
    weight = percent()
    feedback = forms.CharField(required=False, widget=area())

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("low") is not None and data.get("high") is None:
            data["high"] = data["low"]
        return data


class PatternRow(Row):
    text = forms.CharField(required=False, label="Answer", help_text="* stands for any characters")
    is_regex = forms.BooleanField(required=False, label="Regular expression")
    weight = percent()
    feedback = forms.CharField(required=False, widget=area())


class GapRow(Row):
    main = "answers"
    kind = forms.ChoiceField(choices=KINDS)
    share = forms.DecimalField(required=False, min_value=Decimal("0.01"), max_value=100, help_text="Empty: 1")
    answers = forms.CharField(
        required=False,
        widget=area(4),
        help_text="One in a line: “100% Paris # feedback”. A number: “9..11”. Without % a line is wrong in a list, "
        "right elsewhere.",
    )
    is_case_sensitive = forms.BooleanField(required=False, label="Case counts")

    def gap(self) -> builders.Gap:
        """The gap the row describes. Raises ValueError for a number that is none."""
        data = self.cleaned_data
        kind, share = data["kind"], data.get("share") or ONE
        lines = [_answer_line(line, kind) for line in data["answers"].splitlines() if line.strip()]
        if kind in {"choice", "pool"}:
            return builders.Gap(kind=kind, options=lines, share=share)
        if kind == "text":
            texts = [builders.pattern(text, weight, remark) for text, weight, remark in lines]
            return builders.Gap(kind=kind, texts=texts, share=share, is_case_sensitive=data["is_case_sensitive"])
        numbers = [builders.number(*_ends(text), weight, remark) for text, weight, remark in lines]
        return builders.Gap(kind=kind, numbers=numbers, share=share)


def _answer_line(line: str, kind: str) -> tuple[str, Decimal, str]:
    text, _, remark = line.partition(" # ")
    found = _LINE.fullmatch(text.strip())
    share = found[1] if found else None
    default = ZERO if kind == "choice" else ONE
    return (found[2] if found else text).strip(), Decimal(share) / 100 if share else default, remark.strip()


def _ends(text: str) -> tuple[Decimal, Decimal]:
    low, _, high = text.partition("..")
    try:
        return Decimal(low.strip()), Decimal((high or low).strip())
    except ArithmeticError as error:
        raise ValueError(f"“{text[:40]}” is no number and no range such as 9..11.") from error


def written_lines(gap: Mapping[str, Any], key: Mapping[str, Any], pool: list[dict[str, Any]]) -> str:
    """The lines that say what is right in a stored gap."""
    rows: list[tuple[str, str, str]] = []
    rows += [(one["pattern"], one.get("weight", "1"), one.get("feedback", "")) for one in key.get("texts", [])]
    for one in key.get("numbers", []):
        ends = one["low"] if one["low"] == one["high"] else f"{one['low']}..{one['high']}"
        rows.append((ends, one.get("weight", "1"), one.get("feedback", "")))
    weights, remarks = key.get("weights", {}), key.get("feedback", {})
    for option in pool if gap["kind"] == "pool" else gap.get("options", []):
        if gap["kind"] != "pool" or option["id"] in weights:
            weight = weights.get(option["id"], "0")
            rows.append((mathml_to_latex(option["text"]), weight, remarks.get(option["id"], "")))
    return "\n".join(
        f"{shown_weight(weight):f}% {text}" + (f" # {mathml_to_latex(remark)}" if remark else "")
        for text, weight, remark in rows
    )


class RegionRow(Row):
    main = "coords"
    shape = forms.ChoiceField(choices=SHAPES)
    coords = forms.RegexField(
        r"\s*\d{1,5}(\s*,\s*\d{1,5})*\s*",
        required=False,
        help_text="In pixels. Rectangle: left, top, right, bottom. Circle: x, y, radius.",
    )
    label = forms.CharField(required=False, max_length=200, help_text="For who does not see it; gives nothing away")
    weight = percent()
    feedback = forms.CharField(required=False, widget=area())

    @property
    def numbers(self) -> list[int]:
        return [int(part) for part in self.cleaned_data["coords"].split(",")]


class UnitRow(Row):
    main = "name"
    name = forms.CharField(required=False, max_length=30, label="Unit")
    multiplier = forms.DecimalField(required=False, help_text="How many make one of the answers' unit")
