"""Forms of this app."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from wagtail.admin.forms import WagtailAdminModelForm

from certifications import services
from certifications.filing import KINDS, MAX_BYTES, HandedFile
from certifications.models import CertificateDesign, Certification, Credential, PointsRule, PracticeTask, Requirement
from certifications.services import MAX_POINTS, MAX_WORDS
from courses.models import Course
from lms.accounts.models import User
from lms.assessments.models import Assessment
from lms.common import guards
from lms.common.forms import DayInput, NameField, TableForm


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


class BulkIssueForm(TableForm):
    """Rows of e-mail, certification and reason: pasted, or from a file."""

    bounds, columns = services.BULK_BOUNDS, services.BULK_COLUMNS

    total = forms.IntegerField(required=False, min_value=0, max_value=10_000, widget=forms.HiddenInput)


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

    practice = forms.ModelMultipleChoiceField(
        PracticeTask.objects.filter(retired_at=None).order_by("title"),
        label="Practice tasks",
        required=False,
        widget=forms.CheckboxSelectMultiple,
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
    renewal_practice = forms.ModelMultipleChoiceField(
        PracticeTask.objects.filter(retired_at=None).order_by("title"),
        label="Short way to renew it: practice",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Certification
        fields: ClassVar = [
            *("title", "slug", "description", "criteria", "personas", "valid_months", "position"),
            *("needs_any", "equivalents", "grace_days", "shows_scores", "design", "counts_until"),
            *("practice_months", "renewal_points"),
        ]
        widgets: ClassVar = {
            "personas": forms.CheckboxSelectMultiple,
            "equivalents": forms.CheckboxSelectMultiple,
            "counts_until": DayInput(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self._keep_retired_tasks()
            for prefix, is_for_renewal in (("", False), ("renewal_", True)):
                asked = list(self.instance.requirements.filter(is_for_renewal=is_for_renewal))
                self.initial[f"{prefix}courses"] = [one.course_id for one in asked if one.course_id]
                self.initial[f"{prefix}assessments"] = [one.assessment_id for one in asked if one.assessment_id]
                self.initial[f"{prefix}practice"] = [one.practice_id for one in asked if one.practice_id]
                self.initial.setdefault("needed", [one.needed_id for one in asked if one.needed_id])

    def _keep_retired_tasks(self) -> None:
        """A task it asks for stays among the choices once it is retired: to save something else does not drop it."""
        asked = Requirement.objects.filter(certification=self.instance).exclude(practice=None).values("practice")
        tasks = PracticeTask.objects.filter(Q(retired_at=None) | Q(pk__in=asked)).order_by("title")
        for name in ("practice", "renewal_practice"):
            field: Any = self.fields[name]
            field.queryset = tasks

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not any(cleaned.get(name) for name in ("courses", "assessments", "practice", "needed")):
            raise ValidationError(
                "Choose at least one course, exam or task: nobody earns a certification that asks nothing."
            )
        if self.instance in (cleaned.get("needed") or ()):
            raise ValidationError("A certification cannot ask for itself.")
        return cleaned


class HandInForm(forms.Form):
    """What a learner shows: words, a link, a file; at least one of them."""

    words = forms.CharField(
        label="In your words",
        required=False,
        max_length=MAX_WORDS,
        help_text="When, for whom, what you did, how it went. No names of customers' people.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    link = forms.URLField(label="Link", required=False, max_length=500, assume_scheme="https")
    file = forms.FileField(
        label="File",
        required=False,
        help_text=f"Up to {MAX_BYTES // 1_000_000} MB: {', '.join(KINDS)}. Only you and reviewers can open it.",
        widget=forms.FileInput(attrs={"accept": ",".join(f".{kind}" for kind in KINDS)}),
    )

    @property
    def handed_in(self) -> dict[str, Any]:
        """What the services take. A file that is too large is not read."""
        file = self.cleaned_data["file"]
        read = HandedFile(name=file.name, content=file.read(MAX_BYTES + 1)) if file else None
        return {"words": self.cleaned_data["words"], "link": self.cleaned_data["link"], "file": read}


class ClaimForm(HandInForm):
    """Continuing points for something done."""

    title = NameField(label="What you did", max_length=150, help_text="As on its invitation or certificate")
    happened_on = forms.DateField(label="On", widget=DayInput())
    points = forms.IntegerField(label="Points", min_value=1, max_value=MAX_POINTS)
    field_order = ("title", "happened_on", "points", "words", "link", "file")

    @property
    def claimed(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("title", "happened_on", "points")} | self.handed_in


class JudgementForm(forms.Form):
    """What a reviewer says."""

    verdict = forms.ChoiceField(
        label="Your word", choices=[("accept", "Accept it"), ("return", "Return it")], widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=1000,
        help_text="The learner reads it. To return it, say what is missing.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class PracticeTaskForm(WagtailAdminModelForm):
    """A practice task. Saved by `services.save_practice_task`."""

    is_retired = forms.BooleanField(
        label="Retired",
        required=False,
        help_text="Nothing more can be handed in for it. What was handed in stays, and counts as before.",
    )

    class Meta:
        model = PracticeTask
        fields: ClassVar = ["title", "slug", "brief", "criteria", "minutes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["is_retired"] = self.instance.retired_at is not None


class PointsRuleForm(WagtailAdminModelForm):
    """What gives continuing points. Saved by `services.save_points_rule`."""

    class Meta:
        model = PointsRule
        fields: ClassVar = ["certification", "course", "assessment", "points"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if bool(cleaned.get("course")) == bool(cleaned.get("assessment")):
            raise ValidationError("Choose a course or an exam, one of them.")
        return cleaned


class RecordPointsForm(forms.Form):
    """Points for many who took part in something."""

    certification = forms.ModelChoiceField(
        Certification.objects.filter(renewal_points__gt=0).order_by("position", "pk")
    )
    title = NameField(label="What they took part in", max_length=150)
    happened_on = forms.DateField(label="On", widget=DayInput())
    points = forms.IntegerField(min_value=1, max_value=MAX_POINTS)
    people = forms.CharField(
        label="E-mail addresses, one a line", max_length=100_000, widget=forms.Textarea(attrs={"rows": 8})
    )

    def clean_people(self) -> list[User]:
        """The accounts; an unknown address refuses the whole, so that nobody is left out unseen."""
        wanted = list(dict.fromkeys(self.cleaned_data["people"].lower().split()))
        found = {one.email: one for one in User.objects.filter(email__in=wanted, is_active=True)}
        unknown = [address for address in wanted if address not in found]
        if unknown:
            raise ValidationError(f"Nobody with this address has an account: {', '.join(unknown[:10])}.")
        return [found[address] for address in wanted]


class ProfileForm(forms.Form):
    """A person's public page. Nothing is public before he says so."""

    is_public = forms.BooleanField(label="Show my page to anybody who has its address", required=False)
    address = forms.CharField(
        label="Address",
        max_length=60,
        required=False,
        help_text="Empty: one that nobody can guess. Or choose one: 5 to 60 letters a to z, digits and hyphens.",
    )
    headline = forms.CharField(label="A line about you", max_length=150, required=False)
    credentials = forms.ModelMultipleChoiceField(
        Credential.objects.none(), label="Certificates to show", required=False, widget=forms.CheckboxSelectMultiple
    )
    is_indexed = forms.BooleanField(label="Search engines may list it", required=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["credentials"]
        field.queryset = Credential.objects.filter(person=person, revoked_at=None).order_by("-issued_at", "-pk")
        field.label_from_instance = lambda one: f"{one.as_issued.title}, issued {one.as_issued.issued:%d %B %Y}"
