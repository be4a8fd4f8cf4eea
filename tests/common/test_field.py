"""components/field.html: help is text unless its maker built it as HTML."""

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.template.loader import render_to_string


class Sample(forms.Form):
    plain = forms.CharField(help_text="<b>bold</b>")
    built = forms.CharField(help_text=password_validators_help_text_html())


def test_help_is_escaped() -> None:
    assert "&lt;b&gt;bold" in render_to_string("components/field.html", {"field": Sample()["plain"]})


def test_help_built_as_html_stays() -> None:
    assert "<ul><li>" in render_to_string("components/field.html", {"field": Sample()["built"]})
