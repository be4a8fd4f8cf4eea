"""The item editor: a form for what every item has, and rows of answers by its type. No JSON is shown or sent."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from lms.assessments.formats import Meta
from lms.assessments.forms.rows import Row, area
from lms.assessments.items import ItemInvalid
from lms.assessments.items.builders import ItemFields
from lms.assessments.models import CaseStudy, Item, ItemBank, ItemMedia, ItemVersion
from lms.common.mathml import mathml_to_latex

BLANK_ROWS = 3


class NewItemForm(forms.Form):
    """Where a new item goes, its name and its type."""

    bank = forms.ModelChoiceField(ItemBank.objects.order_by("name"))
    code = forms.CharField(max_length=100, label="Name", help_text="Unique in the bank")
    type = forms.ChoiceField(choices=ItemVersion.Type.choices)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if Item.objects.filter(bank=data.get("bank"), code=data.get("code", "")).exists():
            self.add_error("code", "There is an item of this name in the bank.")
        return data


class ItemForm(forms.Form):
    """What an item of any type has. Texts are HTML; formulas are written in LaTeX."""

    stem = forms.CharField(widget=area(5), label="Question", help_text=r"HTML; formulas as \( … \) or \[ … \]")
    topic = forms.CharField(max_length=100, required=False)
    objective = forms.CharField(max_length=300, required=False)
    level = forms.ChoiceField(choices=[("", "Not said"), *Item.Level.choices], required=False, label="Cognitive level")
    tags = forms.CharField(max_length=500, required=False, help_text="Separated by commas")
    general = forms.CharField(widget=area(), required=False, label="Feedback to everybody")
    if_right = forms.CharField(widget=area(), required=False, label="Feedback when right")
    if_partly = forms.CharField(widget=area(), required=False, label="Feedback when partly right")
    if_wrong = forms.CharField(widget=area(), required=False, label="Feedback when wrong")
    hints = forms.CharField(widget=area(), required=False, help_text="One in a line")
    enemies = forms.ModelMultipleChoiceField(
        Item.objects.none(), required=False, help_text="Items that give this one away: never together in a form"
    )
    case = forms.ModelChoiceField(CaseStudy.objects.none(), required=False, label="Case study")
    stimulus = forms.CharField(widget=area(4), required=False, label="Text of the case")
    lessons = forms.CharField(
        widget=area(), required=False, help_text="Lessons that teach it, one in a line: address, then title"
    )
    picture = forms.FileField(
        required=False, label="Add a picture or sound", help_text="It is put at the end of the question; at most 10 MB"
    )
    picture_alt = forms.CharField(required=False, max_length=500, label="What the picture shows, in words")

    def __init__(self, *args: Any, bank: ItemBank, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enemies"].queryset = Item.objects.filter(bank=bank).order_by("code")  # type: ignore[attr-defined]
        self.fields["case"].queryset = CaseStudy.objects.filter(bank=bank).order_by("title")  # type: ignore[attr-defined]

    def meta(self) -> Meta:
        data = self.cleaned_data
        made = Meta.from_tags(" ".join(data["topic"].split()), data["tags"].split(","))
        return Meta(topic=made.topic, tags=made.tags, objective=data["objective"], level=data["level"])

    def lesson_pairs(self) -> list[tuple[str, str]]:
        lines = [line.strip().partition(" ") for line in self.cleaned_data["lessons"].splitlines() if line.strip()]
        return [(iri, title.strip() or iri) for iri, _, title in lines]

    def clean_lessons(self) -> str:
        text: str = self.cleaned_data["lessons"]
        for line in text.splitlines():
            if line.strip() and not line.strip().startswith(("https://", "http://")):
                raise forms.ValidationError(f"“{line.strip()[:60]}” does not begin with an address.")
        return text


class Editor:
    """Form and rows of one type. Subclasses say which rows, how stored items fill them and what they make."""

    row: type[Row] | None = None
    title = "Answers"
    extra_form: type[forms.Form] | None = None
    units: type[Row] | None = None
    medium: ItemMedia | None = None  # the kept image of a hotspot, set by the view when one was uploaded

    def __init__(
        self,
        kind: str,
        *,
        bank: ItemBank,
        data: QueryDict | None = None,
        files: Any = None,
        version: ItemVersion | None,
    ) -> None:
        self.kind = kind
        content, key = (version.content, version.key) if version else ({}, {})
        self.stored = content
        self.form = ItemForm(data, files, bank=bank, initial=_initial(version), prefix="item")
        self.rows = self._set(self.row, data, self.initial_rows(content, key) if version else [], "rows")
        self.unit_rows = self._set(self.units, data, self.initial_units(content) if version else [], "units")
        extra_initial = self.initial_extra(content, key) if version else {}
        self.more = self.extra_form(data, files, initial=extra_initial, prefix="more") if self.extra_form else None

    def _set(self, row: type[Row] | None, data: QueryDict | None, initial: list[dict[str, Any]], prefix: str) -> Any:
        if row is None:
            return None
        made = forms.formset_factory(row, extra=BLANK_ROWS, max_num=100, absolute_max=110)
        return made(data, initial=initial, prefix=prefix)

    def is_valid(self) -> bool:
        parts = [part for part in (self.form, self.rows, self.unit_rows, self.more) if part is not None]
        return all([part.is_valid() for part in parts])  # noqa: C419  every part shows its errors

    def filled(self, formset: Any) -> list[Any]:
        return [form for form in formset.forms if not form.is_blank]

    def fields(self) -> ItemFields:
        """What was entered as an item. Raises ItemInvalid."""
        try:
            made = self.make(self.form.cleaned_data["stem"])
        except (ValueError, ArithmeticError) as error:
            raise ItemInvalid(str(error)) from error
        data = self.form.cleaned_data
        made["content"] = {**made["content"], "stimulus": data["stimulus"]}
        hints = [hint.strip() for hint in data["hints"].splitlines() if hint.strip()]
        texts = {name: data[name] for name in ("general", "if_right", "if_partly", "if_wrong")}
        made["key"] = {**made["key"], **texts, "hints": hints}
        return made

    def initial_rows(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return []

    def initial_units(self, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        return []

    def initial_extra(self, content: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
        return dict(key) | {name: value for name, value in content.items() if name == "limit"}

    def make(self, stem: str) -> ItemFields:
        raise NotImplementedError


def _initial(version: ItemVersion | None) -> dict[str, Any]:
    if version is None:
        return {}
    item, key = version.item, version.key
    texts = {name: mathml_to_latex(key.get(name, "")) for name in ("general", "if_right", "if_partly", "if_wrong")}
    return {
        "stem": mathml_to_latex(version.content["stem"]),
        "stimulus": mathml_to_latex(version.content.get("stimulus", "")),
        "topic": item.topic,
        "objective": item.objective,
        "level": item.level,
        "tags": ", ".join(item.meta.tags),
        **texts,
        "hints": "\n".join(mathml_to_latex(hint) for hint in key.get("hints", [])),
        "enemies": list(item.enemies.all()),
        "case": item.case,
        "lessons": "\n".join(f"{lesson.iri} {lesson.title}" for lesson in item.lessons.order_by("pk")),
    }
