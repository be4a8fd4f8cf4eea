"""Rows of a file as drafts of deals: which column is which field, and what a cell says. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from lms.deals.countries import COUNTRIES
from lms.deals.engagement import Rules
from lms.deals.errors import BadDeal, BadFile
from lms.deals.services.registering import Draft

COLUMN, SAME = "column:", "same:"


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something a row says. `names` are headings that mean it, in lower case without signs."""

    name: str
    label: str
    names: tuple[str, ...]
    is_needed: bool = True


def _field(name: str, label: str, names: str, *, is_needed: bool = True) -> Field:
    return Field(name=name, label=label, names=tuple(one.strip() for one in names.split(",")), is_needed=is_needed)


FIELDS: tuple[Field, ...] = (
    _field("partner", "Partner", "partner, partner name, reseller, partner account, channel partner"),
    _field(
        "registered_by",
        "E-mail of the rep",
        "rep e mail, rep email, owner email, owner e mail, email, e mail",
        is_needed=False,
    ),
    _field(
        "customer_name",
        "Customer",
        "customer, customer name, company, company name, account, account name, end customer",
    ),
    _field(
        "customer_domain",
        "Website",
        "domain, website, customer domain, company domain, account website, url",
        is_needed=False,
    ),
    _field("customer_country", "Country", "country, customer country, billing country, country code"),
    _field("product", "Product", "product, product name, solution"),
    _field("value", "Value", "value, amount, deal value, deal amount"),
    _field("currency", "Currency", "currency, currency code, currency iso code, deal currency code"),
    _field("close_month", "Should close in", "close month, close date, closedate, expected close, expected close date"),
    _field("need", "What do they need?", "need, description, customer need, opportunity description"),
    _field("next_step", "Next step", "next step, nextstep, hs next step"),
)
LABELS = {field.name: field.label for field in FIELDS}
# What may be the same for all rows of a file.
MAY_BE_SAME = frozenset({"partner", "customer_country", "product", "currency"})
_MONTH = re.compile(
    r"(?P<year>20\d\d)-(?P<month>\d{1,2})(-\d{1,2}([T ].*)?)?|(?P<month2>\d{1,2})/(?P<year2>20\d\d)", re.A
)
_CODES = {name.casefold(): code for code, name in COUNTRIES.items()}


def guess(headings: Sequence[str], fields: Sequence[Field] = FIELDS) -> dict[str, str]:
    """The column each field most likely is, by its heading; fields that no heading names are left out."""
    plain = [" ".join(re.findall(r"[^\W_]+", heading.casefold())) for heading in headings]
    found: dict[str, str] = {}
    for field in fields:
        place = next((plain.index(name) for name in field.names if name in plain), None)
        if place is not None:
            found[field.name] = f"{COLUMN}{place}"
    return found


def check_mapping(mapping: Mapping[str, str], *, width: int, fields: Sequence[Field]) -> None:
    """Raises BadFile where a field that is needed comes from nowhere, or one from a column that is not there."""
    for field in fields:
        source = mapping.get(field.name, "")
        if field.is_needed and not source:
            raise BadFile(f"Say where “{field.label}” comes from.")
        if source.startswith(COLUMN) and not _place(source) < width:
            raise BadFile(f"“{field.label}” comes from a column that the file does not have.")
        if source and not source.startswith(COLUMN) and not (source.startswith(SAME) and field.name in MAY_BE_SAME):
            raise BadFile(f"“{field.label}” comes from a column of the file.")


def _place(source: str) -> int:
    digits = source.removeprefix(COLUMN)
    return int(digits) if re.fullmatch(r"\d{1,3}", digits, re.A) else 1_000_000


def values_of(cells: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """What a row says, field by field, as it was written."""
    return {
        name: cells[_place(source)] if source.startswith(COLUMN) else source.removeprefix(SAME)
        for name, source in mapping.items()
        if source
    }


def draft_of(values: Mapping[str, str], rules: Rules) -> Draft:
    """The draft of a row; products and countries by their names or codes. Raises BadDeal for a month nobody can read;
    all else is judged where drafts are."""
    product = values.get("product", "")
    named = {one.name.casefold(): one.id for one in rules.products}
    return Draft(
        customer_name=values.get("customer_name", ""),
        customer_domain=values.get("customer_domain", ""),
        customer_country=_country(values.get("customer_country", "")),
        product=named.get(product.casefold(), product.casefold()),
        value=values.get("value", ""),
        currency=values.get("currency", "").upper(),
        close_month=_month(values.get("close_month", "")),
        need=values.get("need", ""),
        next_step=values.get("next_step", ""),
    )


def _country(text: str) -> str:
    return _CODES.get(text.casefold(), text.upper())


def _month(text: str) -> date:
    found = _MONTH.fullmatch(text)
    if found is not None:
        year, month = int(found["year"] or found["year2"]), int(found["month"] or found["month2"])
        if 1 <= month <= 12:
            return date(year, month, 1)
    raise BadDeal("close_month", "Write the month like 2027-02, or a day like 2027-02-28.")


def told(error: BadDeal) -> str:
    """The refusal with the name of its field, for a list of rows."""
    return f"{LABELS.get(error.field, error.field)}: {error.message}"
