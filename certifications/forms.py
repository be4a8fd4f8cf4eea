"""Forms of this app."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from wagtail.admin.forms import WagtailAdminModelForm

from certifications.models import CertificateDesign, Certification
from courses.models import Course
from lms.assessments.models import Assessment
from lms.common import guards


class LookUpForm(forms.Form):
    """A certificate's number, or the address printed on it."""

    number = forms.CharField(
        label="Certificate number",
        max_length=300,
        help_text="It stands at the foot of the certificate. The whole address works too.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_number(self) -> str:
        """The last part of an address, or the number itself."""
        parts = guards.clean_name(self.cleaned_data["number"]).rstrip("/").rsplit("/", 1)
        number = parts[-1].strip()
        if not number or len(number) > 64 or not number.isascii():
            raise ValidationError("This is not a certificate number. It has 22 letters, digits, - and _.")
        return number


class RevocationForm(forms.Form):
    """Why a credential is taken back."""

    reason = forms.CharField(
        label="Reason", max_length=300, help_text="The holder sees it. It stays on record.", widget=forms.Textarea
    )


class CorrectionForm(forms.Form):
    """The name as it should stand, and why."""

    holder_name = forms.CharField(label="Name", max_length=150)
    reason = forms.CharField(label="Reason", max_length=300)


class BulkIssueForm(forms.Form):
    """Rows of e-mail, certification and reason: pasted, or from a file."""

    file = forms.FileField(label="CSV file", required=False, widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))
    text = forms.CharField(
        label="or its text",
        required=False,
        max_length=500_000,
        strip=False,
        help_text="The first line names the columns: email, certification, reason",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise ValidationError("Choose a file or write rows.")
        return cleaned

    @property
    def content(self) -> bytes:
        file = self.cleaned_data.get("file")
        return bytes(file.read()) if file else str(self.cleaned_data["text"]).encode()


class BulkRevokeForm(forms.Form):
    """Numbers, one a line, and one reason for all."""

    numbers = forms.CharField(
        label="Certificate numbers, one a line", max_length=300_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    reason = forms.CharField(label="Reason", max_length=300)


class DesignForm(WagtailAdminModelForm):
    """A page design. Saved by `services.save_design`."""

    logo_file = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG, JPEG or WebP. Empty: the one it has.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )

    class Meta:
        model = CertificateDesign
        fields: ClassVar = ["name", "layout", "paper", "accent", "ornament", "signatories"]
        widgets: ClassVar = {
            "accent": forms.TextInput(attrs={"type": "color"}),
            "ornament": forms.TextInput(attrs={"type": "color"}),
            "signatories": forms.Textarea(attrs={"rows": 3}),
        }


class CertificationForm(WagtailAdminModelForm):
    """A certification with what it asks for: courses, then exams. Saved by `services.save_certification`."""

    courses = forms.ModelMultipleChoiceField(
        Course.objects.filter(retired_at=None).order_by("title"), required=False, widget=forms.CheckboxSelectMultiple
    )
    assessments = forms.ModelMultipleChoiceField(
        Assessment.objects.order_by("title"), label="Exams", required=False, widget=forms.CheckboxSelectMultiple
    )

    needed = forms.ModelMultipleChoiceField(
        Certification.objects.order_by("position", "pk"),
        label="Other certifications",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    renewal_courses = forms.ModelMultipleChoiceField(
        Course.objects.filter(retired_at=None).order_by("title"),
        label="Short way to renew it: courses",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    renewal_assessments = forms.ModelMultipleChoiceField(
        Assessment.objects.order_by("title"),
        label="Short way to renew it: exams",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Certification
        fields: ClassVar = [
            *("title", "slug", "description", "criteria", "personas", "valid_months", "position"),
            *("needs_any", "equivalents", "grace_days", "shows_scores", "design", "counts_until"),
        ]
        widgets: ClassVar = {
            "personas": forms.CheckboxSelectMultiple,
            "equivalents": forms.CheckboxSelectMultiple,
            "counts_until": forms.DateInput(attrs={"type": "date"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for prefix, is_for_renewal in (("", False), ("renewal_", True)):
                asked = list(self.instance.requirements.filter(is_for_renewal=is_for_renewal))
                self.initial[f"{prefix}courses"] = [one.course_id for one in asked if one.course_id]
                self.initial[f"{prefix}assessments"] = [one.assessment_id for one in asked if one.assessment_id]
                self.initial.setdefault("needed", [one.needed_id for one in asked if one.needed_id])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not any(cleaned.get(name) for name in ("courses", "assessments", "needed")):
            raise ValidationError("Choose at least one course or exam: nobody earns a certification that asks nothing.")
        if self.instance in (cleaned.get("needed") or ()):
            raise ValidationError("A certification cannot ask for itself.")
        return cleaned
