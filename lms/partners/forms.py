"""Forms about a partner's people."""

from typing import Any

from django import forms

from lms.common.forms import NameField
from lms.partners.models import Membership, Persona


class MembershipForm(forms.Form):
    """Persona and role; fields that are not here cannot be set."""

    persona = forms.ModelChoiceField(
        queryset=Persona.objects.order_by("position", "name"),
        empty_label=None,
        widget=forms.RadioSelect,
        help_text="Decides which courses and answers are shown first.",
    )
    role = forms.ChoiceField(
        choices=Membership.Role.choices,
        initial=Membership.Role.MEMBER,
        widget=forms.RadioSelect,
        help_text="A partner manager sees everybody's progress and can invite people.",
    )


class InvitationForm(MembershipForm):
    email = forms.EmailField(label="E-mail address", max_length=254)
    name = NameField(label="Full name", max_length=150, required=False)
    field_order = ["email", "name", "persona", "role"]


class SuspensionForm(forms.Form):
    """Why a partner's people may not come in for now."""

    reason = NameField(
        max_length=300,
        help_text="For your colleagues and the audit log. The partner's people read only that access is suspended.",
    )


class NewAccountForm(forms.Form):
    """The account of somebody who followed an invitation."""

    name = NameField(label="Full name", max_length=150, help_text="As it should stand on certificates.")
    password = forms.CharField(
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. Three or four unrelated words are easy to remember and hard to guess.",
    )
    again = forms.CharField(
        label="Password again",
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("password") != data.get("again"):
            self.add_error("again", "The two passwords differ.")
        return data
