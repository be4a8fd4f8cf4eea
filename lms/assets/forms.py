"""Forms of the asset library."""

from datetime import timedelta
from typing import Any

from django import forms
from wagtail.admin.forms import WagtailAdminModelForm

from courses.models import Need
from lms.accounts.models import User
from lms.assets.contents import TAKEN
from lms.assets.library import LANGUAGES, Filters
from lms.assets.models import Asset, Kind, MissedSearch, ProductVersion, Verdict
from lms.assets.services import Aim, fingerprint
from lms.common.forms import DayInput, NameField
from lms.partners.benefits import BenefitField
from lms.partners.models import Persona, today

REVIEW_EVERY = timedelta(days=180)


class LibraryForm(forms.Form):
    """Reads the query string; what it does not know it ignores."""

    q = forms.CharField(required=False, empty_value="")
    need = forms.ChoiceField(choices=Need, required=False)
    kind = forms.ChoiceField(choices=Kind, required=False)
    language = forms.ChoiceField(choices=list(LANGUAGES.items()), required=False)
    persona = forms.SlugField(required=False)
    product = forms.SlugField(required=False)

    def filters(self) -> Filters:
        self.is_valid()
        data = self.cleaned_data
        persona, product = data.get("persona"), data.get("product")
        return Filters(
            q=data.get("q", ""),
            need=data.get("need", ""),
            kind=data.get("kind", ""),
            language=data.get("language", ""),
            persona=Persona.objects.filter(slug=persona).first() if persona else None,
            product=ProductVersion.objects.filter(slug=product).first() if product else None,
        )


class AssetForm(WagtailAdminModelForm):
    """What channel marketing writes about an asset, and its next file. The service judges the file."""

    title = NameField(max_length=150)
    language = forms.ChoiceField(choices=list(LANGUAGES.items()))
    file = forms.FileField(required=False, help_text=f"{TAKEN} Left empty, the file stays.")
    note = forms.CharField(max_length=300, required=False, label="What is new in this file")
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    field_order = ["title", "summary", "kind", "file", "note"]

    class Meta:
        model = Asset
        fields = [
            *("title", "summary", "kind", "language", "need", "products", "personas", "partner_types", "regions"),
            *("minimum_tier", "required_benefit", "owner", "review_on", "expires_on", "coming_note"),
        ]
        widgets = {
            "products": forms.CheckboxSelectMultiple,
            "personas": forms.CheckboxSelectMultiple,
            "partner_types": forms.CheckboxSelectMultiple,
            "regions": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, groups__isnull=False).distinct().order_by("name")
        self.fields["owner"].queryset = people
        self.fields["required_benefit"] = BenefitField(
            kept=self.instance.required_benefit, help_text=self.fields["required_benefit"].help_text
        )
        self.fields["review_on"].initial = today() + REVIEW_EVERY
        if self.instance.pk:
            self.fields["seen"].initial = fingerprint(self.instance)

    data: Any  # of the request

    def look_again(self) -> str:
        """What was typed stays, and saving it once more will overwrite what stands now. Says where the two differ."""
        self.data = self.data.copy()
        self.data["seen"] = fingerprint(self.instance)
        differing = [str(self[name].label) for name in self.changed_data if name in self.Meta.fields]
        if not differing:
            return "What you typed is what stands now."
        return f"What you typed stands below. It differs from what stands now in: {', '.join(differing)}."

    def aim(self) -> Aim:
        data = self.cleaned_data
        return Aim(
            personas=list(data["personas"]),
            partner_types=list(data["partner_types"]),
            regions=list(data["regions"]),
            products=list(data["products"]),
        )


class WithdrawForm(forms.Form):
    coming_note = forms.CharField(
        label="What is coming", max_length=300, help_text="Partners read it in the asset's place"
    )


class ReviewForm(forms.Form):
    review_on = forms.DateField(label="Review again by", widget=DayInput())


class VerdictForm(forms.Form):
    choice = forms.ChoiceField(label="Verdict", choices=Verdict.Choice.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label="Why", max_length=300)

    def __init__(self, *args: Any, is_draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_draft:
            self.fields["choice"].choices = [(Verdict.Choice.RETIRE.value, Verdict.Choice.RETIRE.label)]  # type: ignore[attr-defined]


class SearchForm(forms.Form):
    """Which search that found nothing."""

    search = forms.ModelChoiceField(queryset=MissedSearch.objects.all())


class AnswerForm(SearchForm):
    """Which asset answers it."""

    asset = forms.ModelChoiceField(queryset=Asset.objects.filter(retired_at=None).order_by("title", "pk"))
