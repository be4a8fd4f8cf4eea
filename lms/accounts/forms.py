"""Forms of sign-in and profile."""

import zoneinfo
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.core import context
from allauth.mfa.base import forms as mfa_forms
from django import forms
from django.http import HttpRequest
from django.utils import timezone

from lms.accounts import services
from lms.accounts.models import ApiToken, User
from lms.accounts.throttle import refuse_when_limited
from lms.common.forms import LongSelect, NameField

LANGUAGES = [("en-gb", "English (United Kingdom)"), ("en-us", "English (United States)")]


@cache
def time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """The places of the IANA database by region, as choices in groups. Reading it takes 40 ms: once per process."""
    regions: dict[str, list[tuple[str, str]]] = {"Everywhere": [("UTC", "UTC")]}
    for zone in sorted(zoneinfo.available_timezones()):
        region, _, place = zone.partition("/")
        if place:
            regions.setdefault(region, []).append((zone, place.replace("_", " ").replace("/", ", ")))
    return list(regions.items())


class LoginForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class ResetPasswordForm(forms.Form):
    """Asks for a letter. What it does and how long that takes is the same for known and unknown addresses."""

    email = forms.EmailField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )

    def save(self, request: HttpRequest, **kwargs: object) -> str:
        services.request_password_reset(email=self.cleaned_data["email"], at=timezone.now())
        return str(self.cleaned_data["email"])


class _LimitedCode:
    """Wrong codes are counted in the database, like wrong passwords."""

    user: User

    def clean_code(self) -> str:
        refuse_when_limited(context.request, services.second_factor_login(self.user))
        code: str = super().clean_code()  # type: ignore[misc]
        return code


class AuthenticateForm(_LimitedCode, mfa_forms.AuthenticateForm):
    pass


class ReauthenticateForm(_LimitedCode, mfa_forms.ReauthenticateForm):
    pass


class ProfileForm(forms.ModelForm[User]):
    name = NameField(
        label="Full name",
        max_length=150,
        help_text="As it should stand on certificates. Those you hold keep the name they were issued to.",
    )
    language = forms.ChoiceField(choices=LANGUAGES, help_text="How dates and numbers are written.")
    time_zone = forms.ChoiceField(widget=LongSelect)

    class Meta:
        model = User
        fields = ["name", "language", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zones()  # type: ignore[attr-defined]


class ThemeForm(forms.Form):
    """Light, dark, or "system", which is stored as no choice."""

    theme = forms.ChoiceField(
        choices=[(value or "system", label) for value, label in User.Theme.choices], widget=forms.RadioSelect
    )

    def clean_theme(self) -> str:
        theme: str = self.cleaned_data["theme"]
        return "" if theme == "system" else theme


class TokenForm(forms.Form):
    """A new API token."""

    LIVES = {"90": "90 days", "365": "1 year", "": "Until I revoke it"}

    name = NameField(max_length=100, help_text="What will use it, such as “LMS reports”.")
    scope = forms.ChoiceField(choices=ApiToken.Scope.choices, initial=ApiToken.Scope.READ, widget=forms.RadioSelect)
    days = forms.ChoiceField(label="Valid for", choices=list(LIVES.items()), initial="365", required=False)

    def expires_at(self, at: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return at + timedelta(days=int(days)) if days else None
