"""Fields of forms that every app uses."""

from datetime import date

from django import forms
from django.utils import translation

from lms.common.forms import DayInput


class _Form(forms.Form):
    day = forms.DateField(widget=DayInput)


def test_a_day_stands_in_its_field_as_browsers_read_it_and_comes_back() -> None:
    """A browser leaves a day field empty that holds anything but ISO 8601, and saving would lose the day."""
    for language in ("en-gb", "de", "pl"):
        with translation.override(language):
            html = str(_Form(initial={"day": date(2026, 11, 16)})["day"])
            assert ('type="date"' in html, 'value="2026-11-16"' in html) == (True, True)
            sent = _Form({"day": "2026-11-16"})
            assert (sent.is_valid(), sent.cleaned_data["day"]) == (True, date(2026, 11, 16))
