"""Forms of co-branding: the brand, a copy, zones."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from lms.assets.branding.brand import MAX_LINES, MAX_NAME, MAX_WEBSITE
from lms.assets.branding.template import Align, Kind, Plate, Template
from lms.assets.models.branding import BrandProfile
from lms.common.forms import NameField

_COLOUR = {"placeholder": "#1d4f91", "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class BrandForm(forms.Form):
    """What a partner prints. Values are judged by the service."""

    name = NameField(label="Name as printed", max_length=MAX_NAME)
    contact = forms.CharField(
        label="Contact lines",
        required=False,
        max_length=800,
        help_text=f"Address, telephone, e-mail: a line each, {MAX_LINES} at most.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    website = forms.CharField(label="Website", required=False, max_length=MAX_WEBSITE)
    primary = forms.CharField(
        label="Your colour", max_length=7, help_text="As #rrggbb.", widget=forms.TextInput(attrs=_COLOUR)
    )
    on_primary = forms.CharField(
        label="Colour of words on it",
        required=False,
        max_length=7,
        help_text="Left empty, we take the one that is read better.",
        widget=forms.TextInput(attrs=_COLOUR),
    )
    logo = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG or JPEG, 5 MB at most, best with a transparent background and 1,000 pixels wide or more.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )
    drops_logo = forms.BooleanField(label="Print no logo any more", required=False)

    def __init__(self, data: Any = None, files: Any = None, *, profile: BrandProfile | None, name: str) -> None:
        initial: dict[str, Any] = {"name": name}
        if profile is not None:
            initial = {
                "name": profile.name,
                "contact": "\n".join(profile.contact),
                "website": profile.website.removeprefix("https://"),
                "primary": profile.primary,
                "on_primary": profile.on_primary,
            }
        super().__init__(data, files, initial=initial)
        if profile is None or not profile.logo_digest:
            del self.fields["drops_logo"]

    def words(self) -> dict[str, Any]:
        """What the service takes."""
        data = dict(self.cleaned_data)
        upload: UploadedFile[bytes] | None = data.pop("logo")
        # A byte more than is allowed is enough to tell that it is too much.
        data["logo"] = upload.read(5_000_001) if upload else None
        data["contact"] = data["contact"].splitlines()
        return data


class CopyForm(forms.Form):
    """The partner's own words, and for which use."""

    for_print = forms.BooleanField(
        label="For a printer: with bleed", required=False, help_text="Without it the file is for screens and offices."
    )

    def __init__(self, data: Any = None, *, template: Template, can_be_printed: bool) -> None:
        super().__init__(data)
        for zone in template.questions:
            self.fields[f"zone_{zone.id}"] = forms.CharField(
                label=zone.name.capitalize(),
                required=not zone.optional,
                max_length=zone.max_length,
                initial=zone.default,
            )
        self.order_fields([*[f"zone_{zone.id}" for zone in template.questions], "for_print"])
        if not can_be_printed:
            del self.fields["for_print"]

    @property
    def values(self) -> dict[str, str]:
        return {
            name.removeprefix("zone_"): value for name, value in self.cleaned_data.items() if name.startswith("zone_")
        }

    @property
    def for_printer(self) -> bool:
        return bool(self.cleaned_data.get("for_print"))


class LookUpForm(forms.Form):
    """The number of a copy, as it is printed."""

    number = forms.CharField(
        label="Number of the copy",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_number(self) -> str:
        number = "".join(self.cleaned_data["number"].split())
        if not number.replace("-", "").replace("_", "").isalnum():
            raise forms.ValidationError("A number has letters, digits, - and _ only.")
        return str(number)


_COLOURS = [("ink", "Ink"), ("white", "White"), ("primary", "Partner's"), ("on_primary", "On partner's")]
_NUMBER = {"min": 0, "max": 5000, "step": "0.1"}


class ZoneForm(forms.Form):
    """One zone, in millimetres from the top left corner."""

    id = forms.SlugField(label="Short name", max_length=30, help_text="Small letters, such as logo or claim.")
    kind = forms.ChoiceField(label="Kind", choices=[(kind.value, kind.value.capitalize()) for kind in Kind])
    page = forms.IntegerField(label="Page", min_value=1, max_value=500, initial=1)
    x = forms.FloatField(label="From left", min_value=0, max_value=5000, widget=forms.NumberInput(attrs=_NUMBER))
    y = forms.FloatField(label="From top", min_value=0, max_value=5000, widget=forms.NumberInput(attrs=_NUMBER))
    width = forms.FloatField(label="Width", min_value=0, max_value=5000, widget=forms.NumberInput(attrs=_NUMBER))
    height = forms.FloatField(label="Height", min_value=0, max_value=5000, widget=forms.NumberInput(attrs=_NUMBER))
    align = forms.ChoiceField(
        label="Align", choices=[(one.value, one.value.capitalize()) for one in Align], required=False
    )
    min_size = forms.FloatField(label="Smallest size", min_value=5, max_value=200, initial=7)
    max_size = forms.FloatField(label="Largest size", min_value=5, max_value=200, initial=14)
    lines = forms.IntegerField(label="Lines", min_value=1, max_value=12, initial=2)
    colour = forms.ChoiceField(label="Colour", choices=_COLOURS)
    on = forms.CharField(label="Colour behind", max_length=10, required=False, help_text="#rrggbb, when not white")
    bold = forms.BooleanField(label="Bold", required=False)
    optional = forms.BooleanField(label="May stay empty", required=False)
    plate = forms.ChoiceField(
        label="Plate behind the logo", choices=[(one.value, one.value.capitalize()) for one in Plate], required=False
    )
    label = forms.CharField(label="Question to the partner", max_length=80, required=False)
    default = forms.CharField(label="Words offered", max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        colour = self.initial.get("colour", "ink")
        if colour not in dict(_COLOURS):  # one of a document's own
            self.fields["colour"].choices = [*_COLOURS, (colour, colour)]  # type: ignore[attr-defined]

    def as_zone(self) -> dict[str, Any]:
        """For the template's document; what the form does not ask for stays as it was."""
        said = {key: value for key, value in self.cleaned_data.items() if key not in {"x", "y", "width", "height"}}
        said.pop("DELETE", None)
        data = self.cleaned_data
        kept = {key: value for key, value in said.items() if value not in ("", None)}
        unasked = {key: self.initial[key] for key in ("across", "max_length") if key in self.initial}
        return {**unasked, **kept, "box": [data["x"], data["y"], data["width"], data["height"]]}


def initial_zone(zone: dict[str, Any]) -> dict[str, Any]:
    """A stored zone as the form shows it."""
    x, y, width, height = zone["box"]
    return {**zone, "x": x, "y": y, "width": width, "height": height}


class _ZoneFormSet(forms.BaseFormSet[ZoneForm]):
    def document(self, *, dpi: int, crop_marks: bool) -> dict[str, Any]:
        """The template's document; rows left empty and rows to delete are left out."""
        rows = [form for form in self.forms if form.has_changed() or form.initial]
        zones = [form.as_zone() for form in rows if not form.cleaned_data.get("DELETE")]
        return {"zones": zones, "dpi": dpi, "crop_marks": crop_marks}


ZoneFormSet = forms.formset_factory(
    ZoneForm, formset=_ZoneFormSet, extra=1, can_delete=True, max_num=40, absolute_max=40
)


class SheetForm(forms.Form):
    """What holds for all zones."""

    dpi = forms.IntegerField(label="Dots per inch (pictures)", min_value=50, max_value=600, initial=150)
    crop_marks = forms.BooleanField(label="Crop marks in the file for printers", required=False)
    seen = forms.CharField(max_length=30, widget=forms.HiddenInput)

    @property
    def measures(self) -> dict[str, Any]:
        """What goes into the template's document."""
        return {name: self.cleaned_data[name] for name in ("dpi", "crop_marks")}
