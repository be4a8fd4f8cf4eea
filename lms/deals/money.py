"""Amounts: exact decimals with an ISO 4217 currency. No floating point anywhere."""

import re
from decimal import ROUND_HALF_EVEN, Decimal

from lms.deals.errors import BadDeal

_WITHOUT_CENTS = "CLP ISK JPY KRW PYG UGX VND XAF XOF"
_WITH_CENTS = """
AED ARS AUD BDT BGN BRL CAD CHF CNY COP CZK DKK EGP EUR GBP GHS HKD HUF IDR ILS INR KES LKR MAD MXN MYR NGN NOK NZD PEN
PHP PKR PLN QAR RON SAR SEK SGD THB TRY TWD UAH USD UYU ZAR
"""
_IN_THOUSANDTHS = "BHD JOD KWD OMR TND"
# Digits after the point that each currency has (ISO 4217).
MINOR_UNITS = {
    **dict.fromkeys(_WITHOUT_CENTS.split(), 0),
    **dict.fromkeys(_WITH_CENTS.split(), 2),
    **dict.fromkeys(_IN_THOUSANDTHS.split(), 3),
}
MAX_DIGITS = 15
_AMOUNT = re.compile(r"^(\d{1,12})(?:\.(\d{1,3}))?$", re.ASCII)
_GROUPED = re.compile(r"^\d{1,3}([ \u00a0\u202f'’]\d{3})+(\.\d+)?$", re.ASCII)


def parse_amount(text: str, currency: str) -> Decimal:
    """The amount that was typed. Blanks and apostrophes between thousands are read; a comma is refused, since it is a
    decimal sign for some and a separator for others. Raises BadDeal for anything that is not a plain positive number
    with at most the digits the currency has.
    """
    text = text.strip()
    if currency not in MINOR_UNITS:
        raise BadDeal("currency", "Choose one of the currencies.")
    if _GROUPED.match(text):
        text = re.sub(r"[ \u00a0\u202f'’]", "", text)
    match = _AMOUNT.match(text)
    if match is None:
        raise BadDeal("value", "Enter the amount with digits and a point, as 48000 or 48000.50.")
    digits = MINOR_UNITS[currency]
    if len(match[2] or "") > digits:
        raise BadDeal("value", f"{currency} has {digits or 'no'} digits after the point.")
    amount = Decimal(text)
    if amount <= 0:
        raise BadDeal("value", "Enter an amount above zero.")
    return amount


def shown(amount: Decimal, currency: str) -> str:
    """ "48,000 EUR", "48,000.50 EUR": cents only where there are some."""
    digits = MINOR_UNITS.get(currency, 2)
    text = f"{amount:,.{digits}f}"
    whole, _, cents = text.partition(".")
    return f"{text if cents.strip('0') else whole} {currency}"


def read_shown(text: str) -> tuple[Decimal, str]:
    """What `shown` wrote, as the log of changes keeps it."""
    amount, _, currency = text.rpartition(" ")
    return Decimal(amount.replace(",", "")), currency


def plain(amount: Decimal, currency: str) -> str:
    """ "48000.00": with the digits the currency has, as `parse_amount` reads it again."""
    return f"{amount:.{MINOR_UNITS.get(currency, 2)}f}"


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the digits the currency has, half to even."""
    return amount.quantize(Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2)), rounding=ROUND_HALF_EVEN)
