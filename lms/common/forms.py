"""Form fields that apply our guards, and widgets that templates would be slow for."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from lms.common import guards
from lms.common.tables import Bounds, csv_text


class NameField(forms.CharField):
    """A person's, company's or thing's name on one line, as `guards.clean_name` leaves it, with a letter or a digit."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        try:
            name = guards.clean_name(text)
        except guards.UnsafeInput as error:
            raise ValidationError(error.message) from error
        if name and not any(character.isalnum() for character in name):
            raise ValidationError("Enter a name with at least one letter or digit.")
        return name


class DayInput(forms.DateInput):
    """A browser's own field of a day. It shows only what stands in it as ISO 8601, whatever the language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TableForm(forms.Form):
    """A table as a file (CSV or XLSX) or as text; a file takes the place of the text.

    `cleaned_data["text"]` is CSV, so that what was looked at can be sent again. Subclasses say how much they take.
    """

    bounds: Bounds
    columns: tuple[str, ...]

    file = forms.FileField(
        label="CSV or XLSX file", required=False, widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"})
    )
    text = forms.CharField(
        label="or its rows, as CSV",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = self.fields["text"]
        text.help_text = f"The first line names the columns: {', '.join(self.columns)}"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if file := cleaned.get("file"):
            try:
                cleaned["text"] = csv_text(file.read(self.bounds.max_bytes + 1), self.bounds)
            except guards.UnsafeInput as error:
                self.add_error("file", error.message)
        elif "text" in cleaned:
            cleaned["text"] = cleaned["text"].replace("\r\n", "\n")
        if not self.errors and not cleaned["text"].strip():
            self.add_error("text", "Choose a file or paste its rows.")
        return cleaned


class LongSelect(forms.Select):
    """A select of hundreds of options, all in groups, written in one go: by templates each option takes 0.2 ms."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        groups = (
            (label, format_html_join("", '<option value="{}"{}>{}</option>', _marked(rows, str(value))))
            for label, rows in self.choices
        )
        return format_html(
            "<select{}>{}</select>",
            flatatt({"name": name, **self.build_attrs(self.attrs, attrs)}),
            format_html_join("\n", '<optgroup label="{}">{}</optgroup>', groups),
        )


def _marked(rows: Iterable[tuple[str, str]], chosen: str) -> Iterator[tuple[str, str, str]]:
    return ((value, " selected" if value == chosen else "", label) for value, label in rows)
