"""Forms about deals. Six questions, nine inputs, of which three are filled in already."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from lms.accounts.models import User
from lms.common import guards
from lms.common.documents import Problem
from lms.common.forms import DayInput, NameField, TableForm
from lms.common.guards import UnsafeInput
from lms.common.tables import Bounds, read_table
from lms.deals import engagement
from lms.deals.countries import COUNTRIES
from lms.deals.crm import MessageType
from lms.deals.engagement import Rules
from lms.deals.errors import RulesRefused
from lms.deals.lead_moves import DeclineReason
from lms.deals.models import VendorAccount
from lms.deals.moves import Move
from lms.deals.services import Draft, LeadDraft
from lms.deals.services.import_rows import COLUMN, MAY_BE_SAME, SAME, Field
from lms.deals.services.overlapping import FEWEST_DOMAINS, MOST_DOMAINS
from lms.deals.stages import OPEN_STAGES
from lms.partners.models import Partner

MONTHS_OFFERED = 24
MAX_RULES = 200_000
_COUNTRY_CHOICES = [("", "Choose a country"), *sorted(COUNTRIES.items(), key=lambda entry: entry[1])]


def months_from(on: date) -> list[tuple[str, str]]:
    """This month and those after it, as "2026-11", "November 2026"."""
    first = [date(on.year + (on.month - 1 + ahead) // 12, (on.month - 1 + ahead) % 12 + 1, 1) for ahead in range(24)]
    return [(f"{month:%Y-%m}", f"{month:%B %Y}") for month in first[:MONTHS_OFFERED]]


class DealForm(forms.Form):
    """What a rep says of a deal. Values are judged by the service; a refusal comes back to its field."""

    customer_name = NameField(label="Customer", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    customer_domain = forms.CharField(
        label="Website",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url", "autocapitalize": "none"}),
    )
    customer_country = forms.ChoiceField(label="Country", choices=_COUNTRY_CHOICES)
    product = forms.ChoiceField(label="Product")
    value = forms.CharField(
        label="Value", max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    currency = forms.ChoiceField(label="Currency")
    close_month = forms.ChoiceField(label="Should close in")
    need = forms.CharField(label="What do they need?", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    next_step = forms.CharField(label="Next step", max_length=300)

    def __init__(self, data: Any = None, *, rules: Rules, on: date, country: str = "") -> None:
        initial = {"customer_country": country, "currency": rules.currencies[0]}
        super().__init__(data, initial=initial)
        months = months_from(on)
        self.fields["product"].choices = [(one.id, one.name) for one in rules.products]  # type: ignore[attr-defined]
        self.fields["currency"].choices = [(one, one) for one in rules.currencies]  # type: ignore[attr-defined]
        self.fields["close_month"].choices = months  # type: ignore[attr-defined]
        self.fields["close_month"].initial = months[3][0]

    def draft(self) -> Draft:
        """What the service takes."""
        data = dict(self.cleaned_data)
        data["close_month"] = date.fromisoformat(f"{data['close_month']}-01")
        return Draft(**data)


class MoveForm(forms.Form):
    """The words of one move: a reason from its list, a sentence, and what only people know of a conflict."""

    reason = forms.ChoiceField(widget=forms.RadioSelect)
    text = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    customer_called = forms.BooleanField(label="The customer turned to this partner by himself", required=False)
    independently = forms.BooleanField(label="Both learned of the customer independently", required=False)

    def __init__(self, data: Any = None, *, move: Move, is_conflict: bool) -> None:
        super().__init__(data)
        self.fields["text"].label = move.hint or "Why"
        if move.reasons:
            self.fields["reason"].choices = move.reasons  # type: ignore[attr-defined]
            self.fields["text"].required = False
        else:
            del self.fields["reason"]
            self.fields["text"].required = move.words != "none"
        if not is_conflict:
            del self.fields["customer_called"], self.fields["independently"]


class RulesForm(forms.Form):
    """A new version of the rules of engagement. A file, if there is one, takes the place of the text."""

    file = forms.FileField(
        label="File",
        required=False,
        help_text="YAML (UTF-8), at most 200 KB. It takes the place of the text below.",
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,text/yaml"}),
    )
    text = forms.CharField(
        label="Rules (YAML)",
        max_length=MAX_RULES,
        required=False,
        strip=False,
        help_text="Not needed with a file. Clauses are read from the top; the first that fits decides.",
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "dir": "ltr", "class": "code"}),
    )
    effective_on = forms.DateField(
        label="In force from (UTC)",
        help_text="Today: from the moment you publish. A later day: from its first minute.",
        widget=DayInput(),
    )
    why = forms.CharField(
        label="What changes and why",
        max_length=1000,
        help_text="Partners read it.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, files: Any = None, *, on: date, **options: Any) -> None:
        super().__init__(data, files, **options)
        self.on = on
        self.document: Any = None

    def clean_effective_on(self) -> date:
        day: date = self.cleaned_data["effective_on"]
        if day < self.on:
            raise forms.ValidationError("This day is over. Choose today or a later one.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        upload = cleaned.get("file")
        try:
            if upload is not None:
                cleaned["text"] = _text_of(upload)
            if "text" in cleaned:
                cleaned["text"] = guards.check_text(cleaned["text"].replace("\r\n", "\n"))
                self.document = engagement.read(cleaned["text"])
        except RulesRefused as error:
            for problem in error.problems:
                self.add_error("text", str(problem))
        except guards.UnsafeInput as error:
            self.add_error("text", error.message)
        return cleaned


def _text_of(upload: Any) -> str:
    """Raises RulesRefused for a file that is too large, or no text."""
    if upload.size > MAX_RULES:
        raise RulesRefused([Problem((), f"The file is larger than {MAX_RULES // 1000} KB. Upload a smaller one")])
    try:
        return str(upload.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        words = "The file is no text in UTF-8. Save it as UTF-8 and upload it again"
        raise RulesRefused([Problem((), words)]) from error


class CommentForm(forms.Form):
    text = forms.CharField(label="Write to the other side", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class TaskForm(forms.Form):
    title = NameField(label="What is to be done", max_length=200)
    due_on = forms.DateField(label="By", widget=DayInput())


class SellerField(forms.ModelChoiceField[User]):
    """People of the vendor."""

    def __init__(self, **options: Any) -> None:
        people = User.objects.filter(is_active=True, groups__isnull=False).distinct().order_by("name")
        super().__init__(queryset=people, required=False, empty_label="Nobody", **options)


class SellerForm(forms.Form):
    seller = SellerField(label="Who of us has quota in this deal")


class AccountForm(forms.Form):
    """A customer the vendor works with himself."""

    name = NameField(label="Customer", max_length=150)
    domain = forms.CharField(label="Website", max_length=200, required=False)
    country = forms.ChoiceField(choices=_COUNTRY_CHOICES)
    relation = forms.ChoiceField(label="He is", choices=VendorAccount.Relation.choices, widget=forms.RadioSelect)
    since_on = forms.DateField(label="Since", widget=DayInput())
    lost_on = forms.DateField(label="Lost on", required=False, widget=DayInput())
    seller = SellerField(label="Who of us has quota in it")


class CrmForm(forms.Form):
    """A CRM to tell, and to hear."""

    name = NameField(label="Name", max_length=100, help_text="Such as Salesforce")
    address = forms.CharField(
        label="Address of its webhook",
        max_length=500,
        required=False,
        help_text="Begins with https://. Leave it empty for a system that only tells us things.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "autocapitalize": "none"}),
    )
    partner = forms.ModelChoiceField(
        Partner.objects.order_by("name"), label="Whose it is", required=False, empty_label="Ours: all deals"
    )
    events = forms.MultipleChoiceField(
        label="It wants to hear",
        choices=MessageType.choices,
        initial=MessageType.values,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class ImportForm(forms.Form):
    """A file of deals. Of `partners` None is chosen: it is the person's own."""

    file = forms.FileField(
        label="File",
        help_text="CSV (UTF-8) or XLSX, the first sheet; at most 2 MB and 5,000 rows. The first row names the columns.",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )
    partner = forms.ModelChoiceField(
        Partner.objects.none(), label="Whose deals", required=False, empty_label="Each row names its partner"
    )

    def __init__(self, data: Any = None, files: Any = None, *, partners: QuerySet[Partner] | None) -> None:
        super().__init__(data, files)
        if partners is None:
            del self.fields["partner"]
        else:
            self.fields["partner"].queryset = partners  # type: ignore[attr-defined]


class OverlapForm(TableForm):
    """A partner's customers by domain, what for, and until when. A pasted list needs no heading."""

    bounds = Bounds(max_bytes=500_000, max_rows=5_000, max_columns=30, max_cell=300)
    columns = ("domain",)

    purpose = NameField(label="What for", max_length=300)
    ends_on = forms.DateField(label="Until", help_text="At most 180 days. Then it is deleted.", widget=DayInput())
    consent = forms.BooleanField(label="We agree that both of us see the domains that both have, until that day.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = self.fields["text"]
        text.label, text.help_text = (
            "or your customers' domains, one a line",
            f"{FEWEST_DOMAINS} to {MOST_DOMAINS:,} companies.",
        )
        self.fields["file"].help_text = "With a column named domain; the others are left out."

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not self.errors:
            text: str = cleaned["text"]
            first = re.split(r"[,;\t]", text.lstrip().partition("\n")[0].lower())
            if "." in first[0] and "domain" not in [cell.strip(' "\r') for cell in first]:
                text = f"domain\n{text}"
            try:
                rows = read_table(text.encode(), self.bounds).named("domain")
            except UnsafeInput as error:
                self.add_error("text", error.message)
            else:
                cleaned["domains"] = [cells["domain"] for _, cells in rows]
        return cleaned


Choices = list[tuple[str, Any]]


class ColumnsForm(forms.Form):
    """Where each field of a deal comes from: a column, told with what its first row says, or the same for all rows."""

    def __init__(
        self,
        data: Any = None,
        *,
        fields: Sequence[Field],
        headings: Sequence[str],
        example: Sequence[str],
        same: dict[str, Choices],
        initial: dict[str, str],
    ) -> None:
        super().__init__(data, initial=initial)
        columns: Choices = [
            (f"{COLUMN}{place}", f"{heading} ({cell[:30]})" if cell else heading)
            for place, (heading, cell) in enumerate(zip(headings, example, strict=True))
        ]
        for field in fields:
            choices: Choices = [("", "Not in the file"), ("Column of the file", columns)]
            if field.name in MAY_BE_SAME:
                values = [(f"{SAME}{value}", label) for value, label in same.get(field.name, [])]
                choices.append(("The same for all rows", values))
            self.fields[field.name] = forms.ChoiceField(label=field.label, choices=choices, required=field.is_needed)


class GiveForm(forms.Form):
    """To whom a lead is given, and for how long."""

    partner = forms.ModelChoiceField(Partner.objects.none(), label="Give it to", empty_label="Choose a partner")
    days = forms.IntegerField(label="Days to answer", min_value=1, max_value=60, initial=7)

    def __init__(self, data: Any = None, *, partners: QuerySet[Partner], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]


class LeadForm(GiveForm):
    """What the vendor knows of a customer, and who gets it."""

    field_order = (
        "customer_name",
        "customer_domain",
        "customer_country",
        "product",
        "need",
        "contact",
        "value",
        "currency",
        "partner",
        "days",
    )
    customer_name = NameField(label="Customer", max_length=150)
    customer_domain = forms.CharField(label="Website", max_length=200, required=False)
    customer_country = forms.ChoiceField(label="Country", choices=_COUNTRY_CHOICES)
    product = forms.ChoiceField(label="Product")
    need = forms.CharField(label="What do they need?", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    contact = forms.CharField(
        label="Whom to talk to", max_length=300, help_text="Name, and how he wants to be reached. The partner reads it."
    )
    value = forms.CharField(
        label="Value, roughly", max_length=24, required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    currency = forms.ChoiceField(label="Currency")

    def __init__(self, data: Any = None, *, partners: QuerySet[Partner], rules: Rules) -> None:
        super().__init__(data, partners=partners)
        self.fields["product"].choices = [(one.id, one.name) for one in rules.products]  # type: ignore[attr-defined]
        self.fields["currency"].choices = [(one, one) for one in rules.currencies]  # type: ignore[attr-defined]

    def draft(self) -> LeadDraft:
        """What the service takes."""
        return LeadDraft(**{name: self.cleaned_data[name] for name in self.field_order[:8]})


class AcceptForm(forms.Form):
    """What a rep adds to a lead, so that it is a deal."""

    value = forms.CharField(label="Value", max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    currency = forms.ChoiceField(label="Currency")
    close_month = forms.ChoiceField(label="Should close in")
    next_step = forms.CharField(label="Next step", max_length=300)

    def __init__(self, data: Any = None, *, rules: Rules, on: date, initial: dict[str, str]) -> None:
        super().__init__(data, initial=initial)
        months = months_from(on)
        self.fields["currency"].choices = [(one, one) for one in rules.currencies]  # type: ignore[attr-defined]
        self.fields["close_month"].choices = months  # type: ignore[attr-defined]
        self.fields["close_month"].initial = months[3][0]

    def words(self) -> dict[str, Any]:
        """What the service takes."""
        return {**self.cleaned_data, "close_month": date.fromisoformat(f"{self.cleaned_data['close_month']}-01")}


class DeclineForm(forms.Form):
    prefix = "decline"
    reason = forms.ChoiceField(label="Why", choices=DeclineReason.choices, widget=forms.RadioSelect)
    text = forms.CharField(label="More", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class WeightsForm(forms.Form):
    """Percent per open stage, and where they come from."""

    def __init__(self, data: Any = None, *, initial: dict[str, int]) -> None:
        super().__init__(data, initial=initial)
        for kind in OPEN_STAGES:
            self.fields[kind.key] = forms.IntegerField(label=f"{kind.label}, percent", min_value=0, max_value=100)
        self.fields["reason"] = NameField(label="Where these weights come from", max_length=300)

    def words(self) -> dict[str, Any]:
        """What the service takes."""
        data = dict(self.cleaned_data)
        return {"reason": data.pop("reason"), "weights": data}
