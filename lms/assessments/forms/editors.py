"""The editor of each item type: its rows, what else it asks, and the item they make."""

from collections.abc import Mapping
from typing import Any

from django import forms

from lms.assessments.forms import rows
from lms.assessments.forms.editing import Editor
from lms.assessments.forms.rows import area, shown_weight, weight_of
from lms.assessments.forms.written import EssayEditor, UploadEditor
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import ItemFields
from lms.common.mathml import mathml_to_latex


class Scoring(forms.Form):
    scoring = forms.ChoiceField(
        choices=[
            ("weights", "The points of what is chosen, together"),
            ("all", "All or nothing"),
            ("each", "An equal share for each option rightly chosen or left"),
        ],
        required=False,
    )
    limit = forms.IntegerField(required=False, min_value=0, max_value=100, help_text="How many at most; empty: any")


class Parts(forms.Form):
    scoring = forms.ChoiceField(
        choices=[("each", "Each part earns its share"), ("all", "All or nothing")], required=False
    )


class ChoiceEditor(Editor):
    row = rows.ChoiceRow

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "text": mathml_to_latex(option["text"]),
                "weight": shown_weight(key["weights"][option["id"]]),
                "feedback": mathml_to_latex(key.get("feedback", {}).get(option["id"], "")),
                "is_pinned": option.get("is_pinned", False),
            }
            for option in content["options"]
        ]

    def make(self, stem: str) -> ItemFields:
        found = [form.cleaned_data for form in self.filled(self.rows)]
        options = [(one["text"], weight_of(one), one["feedback"]) for one in found]
        pinned = [place for place, one in enumerate(found) if one["is_pinned"]]
        more = self.more.cleaned_data if self.more else {}
        return builders.choice(
            stem,
            options,
            is_multiple=self.kind == "choices",
            pinned=pinned,
            scoring=more.get("scoring") or "weights",
            limit=more.get("limit") or 0,
        )


class ChoicesEditor(ChoiceEditor):
    extra_form = Scoring


class Truth(forms.Form):
    answer = forms.ChoiceField(choices=[("true", "True"), ("false", "False")], label="It is")
    feedback_true = forms.CharField(required=False, widget=area(), label="Feedback on “true”")
    feedback_false = forms.CharField(required=False, widget=area(), label="Feedback on “false”")


class TrueFalseEditor(Editor):
    extra_form = Truth

    def initial_extra(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        remarks = key.get("feedback", {})
        told = {f"feedback_{name}": mathml_to_latex(remarks.get(name, "")) for name in ("true", "false")}
        return {"answer": "true" if key["answer"] else "false", **told}

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        data = self.more.cleaned_data
        feedback = {"true": data["feedback_true"], "false": data["feedback_false"]}
        return builders.true_false(stem, data["answer"] == "true", feedback=feedback)


class MatchingEditor(Editor):
    row, extra_form = rows.PairRow, Parts

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        texts = {option["id"]: mathml_to_latex(option["text"]) for option in content["options"]}
        used = set(key["pairs"].values())
        pairs = [
            {"text": mathml_to_latex(prompt["text"]), "match": texts[key["pairs"][prompt["id"]]]}
            for prompt in content["prompts"]
        ]
        return pairs + [{"text": "", "match": text} for name, text in texts.items() if name not in used]

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        found = [form.cleaned_data for form in self.filled(self.rows)]
        pairs = [(one["text"], one["match"]) for one in found if one["text"].strip()]
        made = builders.matching(stem, pairs, distractors=[one["match"] for one in found if not one["text"].strip()])
        made["key"]["scoring"] = self.more.cleaned_data["scoring"] or "each"
        return made


class OrderingEditor(Editor):
    row, extra_form = rows.LineRow, Parts

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        texts = {option["id"]: mathml_to_latex(option["text"]) for option in content["options"]}
        return [{"text": texts[name]} for name in key["sequence"]]

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        made = builders.ordering(stem, [form.cleaned_data["text"] for form in self.filled(self.rows)])
        made["key"]["scoring"] = self.more.cleaned_data["scoring"] or "each"
        return made


class Otherwise(forms.Form):
    otherwise = forms.CharField(required=False, widget=area(), label="Feedback on any other number")
    unit_penalty = forms.DecimalField(
        required=False, min_value=0, max_value=1, label="Share lost without a unit", help_text="0 to 1; empty: none"
    )


class NumericEditor(Editor):
    row, extra_form, units = rows.NumberRow, Otherwise, rows.UnitRow

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "low": one["low"],
                "high": one["high"],
                "weight": shown_weight(one.get("weight", "1")),
                "feedback": mathml_to_latex(one.get("feedback", "")),
            }
            for one in key["answers"]
        ]

    def initial_units(self, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{"name": one["name"], "multiplier": one.get("multiplier", "1")} for one in content.get("units", [])]

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        found = [form.cleaned_data for form in self.filled(self.rows)]
        units = [form.cleaned_data for form in self.filled(self.unit_rows)]
        return builders.numeric(
            stem,
            [(one["low"], one["high"], weight_of(one, ONE), one["feedback"]) for one in found],
            otherwise=self.more.cleaned_data["otherwise"],
            units=[(one["name"].strip(), one["multiplier"] or ONE) for one in units],
            unit_penalty=self.more.cleaned_data["unit_penalty"] or ZERO,
        )


class Case(forms.Form):
    is_case_sensitive = forms.BooleanField(required=False, label="Upper and lower case count")


class ShortAnswerEditor(Editor):
    row, extra_form = rows.PatternRow, Case

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "text": one["pattern"],
                "is_regex": one.get("is_regex", False),
                "weight": shown_weight(one.get("weight", "1")),
                "feedback": mathml_to_latex(one.get("feedback", "")),
            }
            for one in key["answers"]
        ]

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        found = [form.cleaned_data for form in self.filled(self.rows)]
        made = builders.short_answer(stem, [], is_case_sensitive=self.more.cleaned_data["is_case_sensitive"])
        made["key"]["answers"] = [
            builders.pattern(one["text"], weight_of(one, ONE), one["feedback"], is_regex=one["is_regex"])
            for one in found
        ]
        return made


class Pool(Parts):
    pool = forms.CharField(
        required=False, widget=area(4), label="Words to put into gaps", help_text="One in a line, wrong ones too"
    )


class ClozeEditor(Editor):
    """The question's text has [[g1]], [[g2]] and so on in the places of the gaps, in the order of the rows."""

    row, extra_form = rows.GapRow, Pool

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "kind": gap["kind"],
                "share": key["gaps"][gap["id"]].get("share", "1"),
                "answers": rows.written_lines(gap, key["gaps"][gap["id"]], content.get("pool", [])),
                "is_case_sensitive": key["gaps"][gap["id"]].get("is_case_sensitive", False),
            }
            for gap in content["gaps"]
        ]

    def initial_extra(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        pool = "\n".join(mathml_to_latex(option["text"]) for option in content.get("pool", []))
        return {"scoring": key.get("scoring", "each"), "pool": pool}

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        pool = [line.strip() for line in self.more.cleaned_data["pool"].splitlines() if line.strip()]
        made = builders.cloze(stem, [form.gap() for form in self.filled(self.rows)], pool=pool)
        made["key"]["scoring"] = self.more.cleaned_data["scoring"] or "each"
        return made


class Spot(Scoring):
    image = forms.FileField(required=False, label="Image", help_text="Empty: the image stays")
    alt = forms.CharField(max_length=500, label="What the image shows, in words")


class HotspotEditor(Editor):
    row, extra_form = rows.RegionRow, Spot

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "shape": region["shape"],
                "coords": ", ".join(map(str, region["coords"])),
                "label": region.get("label", ""),
                "weight": shown_weight(key["weights"][region["id"]]),
                "feedback": mathml_to_latex(key.get("feedback", {}).get(region["id"], "")),
            }
            for region in content["regions"]
        ]

    def initial_extra(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        return {"scoring": key.get("scoring"), "limit": content.get("limit"), "alt": content["image"]["alt"]}

    def make(self, stem: str) -> ItemFields:
        assert self.more is not None  # noqa: S101  this type has it
        data = self.more.cleaned_data
        image = dict(self.stored.get("image", {}))
        if self.medium is not None:
            image = {
                "source": f"media:{self.medium.digest}",
                "width": self.medium.width,
                "height": self.medium.height,
            }
        if not image:
            raise ItemInvalid("Choose an image first.")
        regions = [
            (
                form.cleaned_data["shape"],
                form.numbers,
                form.cleaned_data["label"],
                weight_of(form.cleaned_data),
                form.cleaned_data["feedback"],
            )
            for form in self.filled(self.rows)
        ]
        return builders.hotspot(
            stem,
            {**image, "alt": data["alt"]},
            regions,
            is_multiple=self.kind == "hotspots",
            scoring=data["scoring"] or "weights",
            limit=data["limit"] or 0,
        )


_EDITORS: dict[str, type[Editor]] = {
    "choice": ChoiceEditor,
    "choices": ChoicesEditor,
    "true_false": TrueFalseEditor,
    "matching": MatchingEditor,
    "ordering": OrderingEditor,
    "numeric": NumericEditor,
    "short_answer": ShortAnswerEditor,
    "cloze": ClozeEditor,
    "hotspot": HotspotEditor,
    "hotspots": HotspotEditor,
    "essay": EssayEditor,
    "upload": UploadEditor,
}


def editor_for(kind: str, **kwargs: Any) -> Editor:
    """The editor of an item type. Raises KeyError for an unknown one."""
    return _EDITORS[kind](kind, **kwargs)
