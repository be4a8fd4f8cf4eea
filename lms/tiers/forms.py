"""Publishing a programme from its YAML text, and what people decide about tiers."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from lms.accounts.models import User
from lms.common import documents
from lms.common.forms import DayInput, TableForm
from lms.partners.models import TierName, today, vendor_staff
from lms.tiers import engine, services
from lms.tiers.models import Programme


class PublishForm(forms.Form):
    """The rules as YAML and when they begin. Valid only when they may be published; each problem names its line."""

    programme = forms.ModelChoiceField(
        Programme.objects.order_by("name"), required=False, empty_label="The one that the document names"
    )
    text = forms.CharField(
        label="Rules (YAML)",
        max_length=documents.MAX_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}),
    )
    effective_at = forms.DateTimeField(
        label="In force from (UTC)", help_text="Year-month-day hour:minute. Not before the newest decision."
    )

    purpose = forms.CharField(
        label="What changes and why",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For those who have to approve these rules, if the programme names any.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            source = engine.read_yaml(cleaned.get("text", ""))
            if not isinstance(source.document, dict):
                raise engine.DocumentError([engine.Problem((), "needs a mapping of names to values")])
            cleaned["rules"] = services.check_document(source.document, lines=source.lines)
            cleaned["source"] = source
        except (engine.DocumentError, services.ProgrammeRefused) as error:
            for problem in error.problems:
                self.add_error("text", str(problem))
        return cleaned


class _ActForm(forms.Form):
    """For one tier of the rules in force, with a reason that the partner reads."""

    tier = forms.ModelChoiceField(TierName.objects.none(), to_field_name="slug", empty_label=None)
    until = forms.DateField(label="Until (the last day)", widget=DayInput())
    reason = forms.CharField(label="Why (the partner reads it)", max_length=1000, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, tiers: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["tier"]
        assert isinstance(choices, forms.ModelChoiceField)  # noqa: S101  narrows the type for the checker
        choices.queryset = TierName.objects.filter(slug__in=tiers).order_by("-rank")


class InvitationForm(_ActForm):
    prefix = "invite"
    until = forms.DateField(label="Until (the last day)", required=False, widget=DayInput())


class CurePlanForm(_ActForm):
    """Steps are lines of a day and what is to be done by then."""

    prefix = "plan"
    steps = forms.CharField(
        max_length=5000,
        widget=forms.Textarea({"rows": 4}),
        help_text="One per line: the day as year-month-day, a blank, and what is done by then.",
    )

    def clean_steps(self) -> list[tuple[str, date]]:
        steps = []
        for number, line in enumerate(self.cleaned_data["steps"].splitlines(), 1):
            day, _, what = line.strip().partition(" ")
            if not line.strip():
                continue
            try:
                steps.append((what.strip()[:300], date.fromisoformat(day)))
            except ValueError as error:
                raise forms.ValidationError(f"Line {number} does not begin with a day such as 2027-03-31.") from error
            if not what.strip():
                raise forms.ValidationError(f"Line {number} does not say what is to be done.")
        return steps


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Why (the partner reads it)", max_length=1000, widget=forms.Textarea({"rows": 2}))


class AppealForm(forms.Form):
    """What the partner asks for instead, why, and a file that shows it."""

    tier = forms.ModelChoiceField(
        TierName.objects.none(), to_field_name="slug", empty_label=None, label="The tier that is right"
    )
    text = forms.CharField(label="Why", max_length=5000, widget=forms.Textarea({"rows": 6}))
    evidence = forms.FileField(required=False, label="Evidence", help_text="PDF, PNG or JPEG, 10 MB at most.")

    def __init__(self, *args: Any, tiers: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["tier"]
        assert isinstance(choices, forms.ModelChoiceField)  # noqa: S101  narrows the type for the checker
        choices.queryset = TierName.objects.filter(slug__in=tiers).order_by("-rank")


class EvidenceForm(forms.Form):
    """A document of a kind that the programme asks for."""

    kind = forms.ChoiceField(label="What it is")
    title = forms.CharField(max_length=150, help_text="For example “Case study: Aldous Energy”.")
    valid_until = forms.DateField(label="Its last day", required=False, widget=DayInput(), help_text="If it has one.")
    file = forms.FileField(help_text="PDF, PNG or JPEG, 10 MB at most.")

    def __init__(self, *args: Any, kinds: tuple[tuple[str, str], ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["kind"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101  narrows the type for the checker
        choices.choices = list(kinds)


class JudgementForm(forms.Form):
    is_accepted = forms.TypedChoiceField(
        label="Does it count?",
        choices=[("yes", "Accept: it counts from today"), ("no", "Refuse")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    until = forms.DateField(
        label="Until (the last day)",
        required=False,
        widget=DayInput(),
        help_text="Empty: as long as the document itself holds.",
    )
    reason = forms.CharField(label="Why (the partner reads it)", max_length=1000, widget=forms.Textarea({"rows": 3}))


class EditForm(forms.Form):
    """What can be changed in a document without its text, as one field each. What is left as it is holds, whatever it
    is: the document was accepted with it."""

    def __init__(self, *args: Any, edits: tuple[services.Edit, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for edit in edits:
            self.fields[edit.key] = _field_of(edit)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in [name for name in self.errors if name in self.fields and name not in self.changed_data]:
            del self.errors[name]
            cleaned[name] = self.fields[name].initial
        return cleaned


def _field_of(edit: services.Edit) -> forms.Field:
    if isinstance(edit.value, Decimal):
        return forms.DecimalField(
            label=edit.label, initial=edit.value, max_digits=30, decimal_places=12, widget=forms.NumberInput
        )
    if isinstance(edit.value, date):
        widget = DayInput()
        return forms.DateField(label=edit.label, initial=edit.value, widget=widget)
    return forms.CharField(label=edit.label, initial=edit.value, max_length=100)


class MetricsForm(TableForm):
    """Figures of other systems."""

    bounds, columns = services.METRIC_BOUNDS, services.METRIC_COLUMNS


class OpinionForm(forms.Form):
    """What a function says to exactly the content that the page shows."""

    function = forms.ChoiceField(label="For")
    is_approval = forms.TypedChoiceField(
        label="What do you say?",
        choices=[("yes", "Approve"), ("no", "Object: these rules can't be published while you do")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Why (everybody who sees the draft reads it)", max_length=2000, widget=forms.Textarea({"rows": 3})
    )
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, functions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["function"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101  narrows the type for the checker
        choices.choices = functions


class AppointmentForm(forms.Form):
    """Who speaks for a function. A function that no programme names yet may be written too."""

    function = forms.CharField(
        max_length=50,
        widget=forms.TextInput(attrs={"list": "functions", "autocomplete": "off"}),
        help_text="As the programme names it under “approvals”, for example legal.",
    )
    person = forms.ModelChoiceField(User.objects.none(), to_field_name="public_id")
    reason = forms.CharField(label="Why this person", max_length=1000, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["person"]
        assert isinstance(choices, forms.ModelChoiceField)  # noqa: S101  narrows the type for the checker
        choices.queryset = vendor_staff(today()).exclude(pk=by.pk).order_by("name", "pk")


class RulingForm(forms.Form):
    is_upheld = forms.TypedChoiceField(
        label="Ruling",
        choices=[("yes", "Uphold: the partner holds the tier until the day below"), ("no", "Reject")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    until = forms.DateField(label="Until (the last day)", required=False, widget=DayInput())
    ruling = forms.CharField(label="Why (the partner reads it)", max_length=5000, widget=forms.Textarea({"rows": 4}))
