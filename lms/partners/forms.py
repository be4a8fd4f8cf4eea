"""Forms about a partner's people."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from lms.accounts.models import User
from lms.common.forms import NameField
from lms.partners.alignment import SENTENCE_LENGTH, Verdict
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


class _StaffField(forms.ModelChoiceField[User]):
    def label_from_instance(self, obj: User) -> str:
        return f"{obj.name} ({obj.email})"


class _MemberField(forms.ModelChoiceField[Membership]):
    def label_from_instance(self, obj: Membership) -> str:
        return f"{obj.person.name} ({obj.persona.name})"


class StaffForm(forms.Form):
    """Who of the vendor's people."""

    who = _StaffField(
        queryset=User.objects.none(),
        to_field_name="public_id",
        label="Person",
        empty_label="Choose a person",
        help_text="The partner's people will see the name and e-mail address.",
    )

    def __init__(self, data: Any = None, *, people: QuerySet[User]) -> None:
        super().__init__(data)
        self.fields["who"].queryset = people  # type: ignore[attr-defined]

    @property
    def person(self) -> User:
        """The one chosen, of a valid form."""
        person: User = self.cleaned_data["who"]
        return person


class MemberForm(forms.Form):
    """Who of the partner's people."""

    who = _MemberField(
        queryset=Membership.objects.none(),
        to_field_name="public_id",
        label="Person",
        empty_label="Choose a person",
        help_text="Everybody at your company and the people who look after you will see the name and e-mail address.",
    )

    def __init__(self, data: Any = None, *, people: QuerySet[Membership]) -> None:
        super().__init__(data)
        self.fields["who"].queryset = people  # type: ignore[attr-defined]

    @property
    def person(self) -> User:
        """The one chosen, of a valid form."""
        membership: Membership = self.cleaned_data["who"]
        return membership.person


class AlignmentForm(forms.Form):
    """What one side says to one question. `version` is of the words that stood above the form."""

    version = forms.IntegerField(min_value=1, max_value=32767, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(label="Your answer", choices=Verdict.choices, widget=forms.RadioSelect)
    sentence = NameField(label="In a sentence", max_length=SENTENCE_LENGTH, widget=forms.Textarea(attrs={"rows": 2}))
