"""What authors send to import and export banks."""

from typing import Any

from django import forms

from lms.assessments.formats import MAX_BYTES, WRITABLE
from lms.assessments.models import ItemBank


class ImportForm(forms.Form):
    """A question file for a bank that is there or is to be made."""

    bank = forms.ModelChoiceField(ItemBank.objects.order_by("name"), required=False, empty_label="A new bank")
    new_bank = forms.CharField(max_length=150, required=False, help_text="Only for a new bank")
    file = forms.FileField(
        help_text="GIFT, Aiken, Moodle XML, QTI 1.2 to 3.0 (file or package), CSV or XLSX: its content tells which. "
        "At most 20 MB."
    )

    def __init__(self, *args: Any, has_file: bool = True, **kwargs: Any) -> None:
        """`has_file` is False in the confirming step: the file was read in the first one."""
        super().__init__(*args, **kwargs)
        self.fields["file"].required = has_file

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError("The file is larger than 20 MB.")
        return file

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("bank") and not data.get("new_bank", "").strip():
            self.add_error("new_bank", "Choose a bank, or name the new one.")
        return data


class ExportForm(forms.Form):
    bank = forms.ModelChoiceField(ItemBank.objects.order_by("name"))
    format = forms.ChoiceField(choices=[(one.name, one.label) for one in WRITABLE.values()])
