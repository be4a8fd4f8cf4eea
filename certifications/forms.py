"""Forms of this app."""

from django import forms
from django.core.exceptions import ValidationError

from lms.common import guards


class LookUpForm(forms.Form):
    """A certificate's number, or the address printed on it."""

    number = forms.CharField(
        label="Certificate number",
        max_length=300,
        help_text="It stands at the foot of the certificate. The whole address works too.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_number(self) -> str:
        """The last part of an address, or the number itself."""
        parts = guards.clean_name(self.cleaned_data["number"]).rstrip("/").rsplit("/", 1)
        number = parts[-1].strip()
        if not number or len(number) > 64 or not number.isascii():
            raise ValidationError("This is not a certificate number. It has 22 letters, digits, - and _.")
        return number


class RevocationForm(forms.Form):
    """Why a credential is taken back."""

    reason = forms.CharField(
        label="Reason", max_length=300, help_text="The holder sees it. It stays on record.", widget=forms.Textarea
    )
