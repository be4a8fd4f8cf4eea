"""Forms of this app."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from wagtail.admin.forms import WagtailAdminModelForm

from badges import services
from badges.carriers import MAX_BYTES
from badges.images.design import MAX_LINE, Design, InvalidDesign, default_design
from badges.images.icons import ICONS
from badges.images.shapes import SHAPES
from badges.models import Achievement, BadgeImage, IssuerProfile, Pathway
from lms.common import guards
from lms.common.forms import NameField

_DESIGN = ("shape", "fill", "rim", "ink", "icon", "line_1", "line_2")


class _Colour(forms.TextInput):
    input_type = "color"


class VerifyForm(forms.Form):
    """A badge in any form: a file, or something pasted."""

    file = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        help_text="A certificate as PDF, a badge as PNG, SVG, JSON or token (JWT). At most 10 MB.",
    )
    text = forms.CharField(
        label="Or paste it",
        required=False,
        strip=True,
        max_length=400_000,
        help_text="The badge itself, its address (https://…) or its number.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text")
        if not self.errors and bool(file) == bool(text):
            raise ValidationError("Choose a file or paste a badge: one of the two.")
        if file and file.size > MAX_BYTES:
            raise ValidationError("The file has more than 10 MB.")
        return cleaned

    def handed_in(self) -> bytes:
        """What is to be checked."""
        file = self.cleaned_data["file"]
        return bytes(file.read()) if file else self.cleaned_data["text"].encode()


class AchievementForm(WagtailAdminModelForm):
    """What a badge says and how it looks. Saved by `services.save_achievement`; the picture comes from `picture()`."""

    name = NameField(max_length=150)
    words = forms.CharField(label="Tags", required=False, max_length=400, help_text="Words, separated by commas")
    frameworks = forms.CharField(
        label="Alignment",
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line: name | https address | framework | code. The last two may be left out.",
    )
    shape = forms.ChoiceField(choices=[(name, name.capitalize()) for name in SHAPES])
    fill = forms.CharField(label="Ground", widget=_Colour)
    rim = forms.CharField(label="Rim", widget=_Colour)
    ink = forms.CharField(label="Icon and text", widget=_Colour)
    icon = forms.ChoiceField(required=False, choices=[("", "None"), *((name, name.capitalize()) for name in ICONS)])
    line_1 = forms.CharField(label="First line", required=False, max_length=MAX_LINE)
    line_2 = forms.CharField(label="Second line", required=False, max_length=MAX_LINE)
    upload = forms.FileField(
        label="Or your own picture",
        required=False,
        help_text="PNG, JPEG or WebP, at most 5 MB. Drawn anew as a square PNG, in place of the design above.",
    )

    class Meta:
        model = Achievement
        fields: ClassVar = ["name", "description", "criteria", "type", "related"]
        widgets: ClassVar = {"related": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        self.fields["related"].queryset = Achievement.objects.exclude(pk=row.pk).order_by("name")
        kept = row.image.design if row.pk and row.image else None
        design = Design(**kept) if kept else default_design(row.name or "New badge")
        for name, value in {
            **design.as_json(),
            "words": ", ".join(row.tags),
            "frameworks": "\n".join(" | ".join(_columns(one)) for one in row.alignments),
        }.items():
            self.initial.setdefault(name, value)

    def clean_words(self) -> list[str]:
        return [word for word in (guards.clean_name(one) for one in self.cleaned_data["words"].split(",")) if word][:20]

    def clean_frameworks(self) -> list[dict[str, str]]:
        lines = [line for line in self.cleaned_data["frameworks"].splitlines() if line.strip()]
        return [_alignment(line) for line in lines[:20]]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not self.errors:
            try:
                cleaned["design"] = Design(**{name: guards.clean_name(cleaned[name]) for name in _DESIGN})
            except InvalidDesign as error:
                raise ValidationError(str(error)) from error
        return cleaned

    def picture(self) -> BadgeImage | None:
        """The picture to take: the upload, or the design when it is new; None to keep the present one.

        Raises PictureUnreadable.
        """
        if upload := self.cleaned_data["upload"]:
            return services.uploaded(upload.read(services.MAX_UPLOAD_BYTES + 1))
        if self.instance.image is None or set(_DESIGN) & set(self.changed_data):
            return services.drawn(self.cleaned_data["design"])
        return None

    def row(self) -> Achievement:
        """The achievement as filled in, not stored."""
        row: Achievement = self.save(commit=False)
        row.tags, row.alignments = self.cleaned_data["words"], self.cleaned_data["frameworks"]
        return row


def _columns(said: dict[str, str]) -> list[str]:
    return [said["name"], said["url"], *(said[name] for name in ("framework", "code") if said.get(name))]


def _alignment(line: str) -> dict[str, str]:
    """One line as typed. Raises ValidationError."""
    parts = [guards.clean_name(part) for part in line.split("|")]
    if not 2 <= len(parts) <= 4 or not parts[0]:
        raise ValidationError(f"Write name | https address | framework | code: {line[:60]}")
    URLValidator(schemes=["https"], message=f"This is not an https address: {parts[1][:60]}")(parts[1])
    return dict(zip(("name", "url", "framework", "code"), parts, strict=False))


class PathwayForm(WagtailAdminModelForm):
    """Which badges earn which. Saved by `services.save_pathway`."""

    class Meta:
        model = Pathway
        fields: ClassVar = ["achievement", "members", "needed"]
        widgets: ClassVar = {"members": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Achievement.objects.filter(certification=None).order_by("name")
        self.fields["achievement"].queryset = own
        self.fields["achievement"].help_text = "The badge they earn: one that no certification brings"
        self.fields["members"].queryset = Achievement.objects.order_by("name")


class IssuerForm(forms.ModelForm[IssuerProfile]):
    """Who issues. Saved by `services.save_issuer`."""

    name = NameField(max_length=150)
    url = forms.URLField(label="Web site", required=False, assume_scheme="https", help_text="Empty: this site")

    class Meta:
        model = IssuerProfile
        fields: ClassVar = ["name", "description", "url", "email"]
