"""Form fields that apply our guards."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from lms.common import guards


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
