"""Forms of joint plans: one to begin one, and a small one per act on it. Values are judged by the services."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from lms.accounts.models import User
from lms.common.forms import DayInput, NameField
from lms.deals.models import ActivityKind, Decision
from lms.deals.money import MINOR_UNITS
from lms.deals.plan_templates import TEMPLATES, Measure
from lms.deals.services import MONTHS
from lms.partners.models import Partner


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=DayInput())


class StartForm(forms.Form):
    """With `partners` None the plan is of the person's own partner."""

    partner = forms.ModelChoiceField(Partner.objects.none(), label="With", empty_label="Choose a partner")
    template = forms.ChoiceField(
        label="Begin with",
        choices=[(one.slug, one.name) for one in TEMPLATES.values()],
        widget=forms.RadioSelect,
        help_text="Objectives, actions and review days. You change them afterwards.",
    )
    title = NameField(label="Title", max_length=120)
    starts_on = _day("Begins on")
    months = forms.TypedChoiceField(label="Runs for", coerce=int, choices=[(one, f"{one} months") for one in MONTHS])

    def __init__(self, data: Any = None, *, partners: QuerySet[Partner] | None, on: date, **options: Any) -> None:
        super().__init__(data, initial={"starts_on": on, "months": 6, **options.pop("initial", {})}, **options)
        if partners is None:
            del self.fields["partner"]
        else:
            self.fields["partner"].queryset = partners  # type: ignore[attr-defined]


class ObjectiveForm(forms.Form):
    prefix = "objective"
    title = NameField(label="What we want to reach", max_length=150)
    measure = forms.ChoiceField(label="Measured by", choices=Measure.choices)
    target = forms.CharField(
        label="Target",
        max_length=24,
        required=False,
        help_text="A number; nothing where the reviews tell.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(label="Currency, for a value", required=False)

    def __init__(self, data: Any = None, *, currencies: Sequence[str] = ()) -> None:
        super().__init__(data)
        choices = [(one, one) for one in currencies or sorted(MINOR_UNITS)]
        self.fields["currency"].choices = [("", "None"), *choices]  # type: ignore[attr-defined]


class TargetForm(forms.Form):
    target = forms.CharField(label="Target", max_length=24)


class ActionForm(forms.Form):
    prefix = "action"
    title = NameField(label="What is to be done", max_length=200)
    owner = forms.ModelChoiceField(User.objects.none(), label="By whom", empty_label="Choose a person")
    due_on = _day("By")

    def __init__(self, data: Any = None, *, owners: QuerySet[User]) -> None:
        super().__init__(data)
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]


class ReviewForm(forms.Form):
    prefix = "review"
    due_on = _day("Day of the review")


class MoveReviewForm(forms.Form):
    due_on = _day("Day of the review")


class HoldForm(forms.Form):
    prefix = "hold"
    decision = forms.ChoiceField(label="What we decided", choices=Decision.choices, widget=forms.RadioSelect)
    note = NameField(label="In a sentence or two", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ActivityForm(forms.Form):
    prefix = "activity"
    kind = forms.ChoiceField(label="What it is", choices=ActivityKind.choices)
    title = NameField(label="In a few words", max_length=150)
    held_on = _day("On")
    our_owner = forms.ModelChoiceField(User.objects.none(), label="Who answers for it at the vendor")
    their_owner = forms.ModelChoiceField(User.objects.none(), label="Who answers for it at the partner")
    customers = forms.IntegerField(label="Joint customers invited", min_value=0, initial=0)
    prospects = forms.IntegerField(label="Prospects invited", min_value=0, initial=0)

    def __init__(self, data: Any = None, *, ours: QuerySet[User], theirs: QuerySet[User]) -> None:
        super().__init__(data)
        self.fields["our_owner"].queryset = ours  # type: ignore[attr-defined]
        self.fields["their_owner"].queryset = theirs  # type: ignore[attr-defined]


class MoveActivityForm(forms.Form):
    held_on = _day("Day")


class ResultForm(forms.Form):
    result = NameField(label="What came of it", max_length=500)
