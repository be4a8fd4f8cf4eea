"""The exam editor: settings, sections, grants and papers, as a person fills them in."""

from decimal import Decimal
from typing import Any, ClassVar, cast

from django import forms
from django.forms.formsets import BaseFormSet

from lms.accounts.models import User
from lms.assessments.models import Accommodation, Assessment, Item, ItemBank
from lms.assessments.services import SectionDraft
from lms.common.errors import DomainError
from lms.common.guards import check_text

BLANK_SECTIONS = 2
MAX_SECTIONS = 40
# The editor's page, part by part.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What it is", ("title", "slug", "description", "personas", "cut_score")),
    (
        "When and how often",
        (
            "opened_at",
            "closed_at",
            "ends_at_close",
            "attempts_allowed",
            "wait_hours",
            "later_wait_hours",
            "renewable_after_days",
            "max_overlap",
        ),
    ),
    (
        "How it is sat",
        ("time_limit_minutes", "grace_seconds", "is_linear", "asks_confidence", "has_hints", "has_calculator"),
    ),
    ("Who may come in", ("honour_code", "access_code", "networks", "seb_config_keys", "seb_exam_keys")),
    ("What candidates see afterwards", ("is_result_held", "review_shows", "review_when")),
    ("Answers that people mark", ("mark_tolerance",)),
    ("Proctoring and large groups", ("proctor_url", "proctor_secret", "prepared_forms")),
)
_DATES = ("opened_at", "closed_at")
# What the database refuses otherwise, in words for people.
_BOUNDS = {
    "cut_score": (Decimal("0.01"), Decimal(100)),
    "time_limit_minutes": (1, 1440),
    "attempts_allowed": (1, 1000),
    "max_overlap": (0, 100),
}


def _lines(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ExamForm(forms.ModelForm):  # type: ignore[type-arg]
    """All settings of an exam. What does not fit together is said by `services.save_exam`, at its field."""

    access_code = forms.CharField(
        max_length=60,
        required=False,
        help_text="Asked for at the start; empty: none. Upper and lower case are the same",
    )
    proctor_secret = forms.CharField(
        max_length=200,
        min_length=16,
        required=False,
        help_text="What messages to the service are signed with. Empty: as it is",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = Assessment
        fields: ClassVar = [
            name for _, names in GROUPS for name in names if name not in {"access_code", "proctor_secret"}
        ]
        widgets: ClassVar = {
            "personas": forms.CheckboxSelectMultiple,
            "description": _lines(),
            "honour_code": _lines(5),
            "networks": _lines(),
            "seb_config_keys": _lines(),
            "seb_exam_keys": _lines(),
            **{name: forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M") for name in _DATES},
        }
        help_texts: ClassVar = {
            "opened_at": "In your time zone. Empty: it cannot be started",
            "closed_at": "In your time zone. Empty: it stays open",
            "slug": "Its name in addresses",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.access_code_sealed:
            try:
                self.initial["access_code"] = self.instance.access_code
            except DomainError:  # sealed with a key that is gone: it must be set anew
                self.initial["access_code"] = ""

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in GROUPS]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name, (least, most) in _BOUNDS.items():
            if data.get(name) is not None and not least <= data[name] <= most:
                self.add_error(name, f"From {least} to {most}.")
        for name, value in list(data.items()):
            if isinstance(value, str):
                try:
                    check_text(value)
                except DomainError as error:
                    self.add_error(name, error.message)
        return data


class SectionForm(forms.Form):
    """A section: so many questions of a topic from a bank. An empty row is left out."""

    pk = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(max_length=150, required=False)
    bank = forms.ModelChoiceField(ItemBank.objects.order_by("name"), required=False)
    topic = forms.CharField(max_length=100, required=False, help_text="Empty: the whole bank")
    objective = forms.CharField(max_length=300, required=False, help_text="Empty: any")
    level = forms.ChoiceField(choices=[("", "Any"), *Item.Level.choices], required=False)
    draw = forms.IntegerField(min_value=1, max_value=500, required=False, label="Questions")
    pilots = forms.IntegerField(
        min_value=0, max_value=100, required=False, initial=0, label="On trial", help_text="Mixed in, not scored"
    )
    points = forms.DecimalField(
        min_value=Decimal("0.0001"),
        max_value=Decimal(99),
        max_digits=6,
        decimal_places=4,
        required=False,
        initial=1,
        help_text="For each question: the section's weight",
    )
    minimum = forms.DecimalField(
        min_value=Decimal("0.01"),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
        required=False,
        label="Minimum percent",
        help_text="Of this section, needed to pass. Empty: none",
    )
    max_exposure = forms.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        label="Exposure",
        help_text="Percent of the attempts that may show one question; others are drawn first",
    )
    time_limit_minutes = forms.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        label="Minutes",
        help_text="If any section has a limit, sections come in order and none can be opened again",
    )
    is_removed = forms.BooleanField(required=False, label="Remove this section")

    @property
    def is_wanted(self) -> bool:
        data = getattr(self, "cleaned_data", {})
        return bool(data.get("title") or data.get("bank") or data.get("draw")) and not data.get("is_removed")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.is_wanted:
            for name, words in (("title", "Name the section."), ("bank", "Choose a bank."), ("draw", "Say how many.")):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, words)
        return data

    def draft(self) -> SectionDraft:
        data = self.cleaned_data
        return SectionDraft(
            title=" ".join(data["title"].split()),
            bank=data["bank"],
            topic=data["topic"],
            objective=data["objective"],
            level=data["level"],
            draw=data["draw"],
            pilots=data["pilots"] or 0,
            points=data["points"] or Decimal(1),
            minimum=data["minimum"],
            max_exposure=data["max_exposure"],
            time_limit_minutes=data["time_limit_minutes"],
            pk=data["pk"],
        )


class SectionRows(BaseFormSet[SectionForm]):
    def drafts(self) -> list[SectionDraft]:
        return [form.draft() for form in self if form.is_wanted]


def section_rows(assessment: Assessment, data: Any) -> SectionRows:
    """The sections of an exam as rows, with empty ones below."""
    names = [name for name in SectionForm.base_fields if name != "is_removed"]
    initial = list(assessment.sections.order_by("position").values(*names)) if assessment.pk else []
    factory = forms.formset_factory(
        SectionForm, formset=SectionRows, extra=BLANK_SECTIONS, max_num=MAX_SECTIONS, absolute_max=MAX_SECTIONS + 10
    )
    return cast("SectionRows", factory(data, prefix="sections", initial=initial))


class GrantForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person needs; the person is found by the address he signs in with."""

    email = forms.EmailField(label="Person", help_text="The e-mail address the person signs in with")

    class Meta:
        model = Accommodation
        fields: ClassVar = ["assessment", "extra_percent", "break_minutes", "is_large", "reason"]

    field_order = ["email", "assessment"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        person = User.objects.filter(email__iexact=email).first()
        if person is None:
            raise forms.ValidationError("Nobody signs in with this address.")
        self.instance.person = person
        return email


class DocumentForm(forms.Form):
    """A paper that lies on the desk."""

    title = forms.CharField(max_length=150)
    file = forms.FileField(help_text="PDF or picture, at most 10 MB")
