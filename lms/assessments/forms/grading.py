"""Forms of regrading and of comparing candidates."""

from typing import Any

from django import forms

from lms.assessments import services
from lms.assessments.models import Assessment, Item, ItemVersion, Regrade
from lms.common.forms import DayInput, TableForm
from lms.partners.models import Partner


class RegradeForm(forms.Form):
    """What is to be done with an item. The reason is asked for with the order."""

    action = forms.ChoiceField(choices=Regrade.Action.choices, label="What is to be done")
    key_version = forms.ModelChoiceField(
        ItemVersion.objects.none(),
        required=False,
        label="Whose key counts",
        help_text="Approved versions of the item. Only for scoring by another key.",
    )
    reason = forms.CharField(
        max_length=300, required=False, label="Reason", help_text="Candidates read it in the letter that tells them."
    )

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        approved = item.versions.filter(approved_at__isnull=False).select_related("item").order_by("-number")
        self.fields["key_version"].queryset = approved  # type: ignore[attr-defined]

    def clean_action(self) -> Regrade.Action:
        return Regrade.Action(self.cleaned_data["action"])


class SimilarityForm(forms.Form):
    """Whose candidates are compared."""

    partner = forms.ModelChoiceField(Partner.objects.none(), label="Partner")

    def __init__(self, *args: Any, exam: Assessment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sat = Partner.objects.filter(memberships__attempts__assessment=exam).distinct().order_by("name")
        self.fields["partner"].queryset = sat  # type: ignore[attr-defined]


class BuildForm(forms.Form):
    """How many forms are put together."""

    count = forms.IntegerField(min_value=1, max_value=12, initial=2, label="How many forms")
    max_shared = forms.IntegerField(
        min_value=0, max_value=500, initial=0, label="Items that two forms may share", help_text="0: none"
    )


class StandardForm(TableForm):
    """What a panel rated: `item` is its code, `percent` of a hundred just competent candidates."""

    bounds, columns = services.RATING_BOUNDS, services.RATING_COLUMNS

    held_on = forms.DateField(widget=DayInput(), label="Held on")
    definition = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=5000,
        label="A just competent candidate",
        help_text="What the panel agreed such a person can do.",
    )

    field_order = ("held_on", "definition")


class AdoptForm(forms.Form):
    """The decision on a cut score."""

    cut_score = forms.DecimalField(
        required=False, max_digits=5, decimal_places=2, label="Another cut than the panel's", help_text="Empty: theirs"
    )
    reason = forms.CharField(required=False, max_length=300, label="Why another")
