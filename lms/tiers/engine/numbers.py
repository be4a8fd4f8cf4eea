"""Exact numbers: thresholds and points are fractions, never binary floats."""

from decimal import Decimal
from fractions import Fraction
from typing import Any


def exact(value: Any) -> Fraction | None:
    """A number from YAML or JSON as the fraction its digits say, or None when it is no number.

    A float stands for the shortest decimal that reads back as it (0.8 is 4/5); "37/44" and "0.84" are read as well.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    try:
        return Fraction(repr(value) if isinstance(value, float) else value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


def as_text(value: Fraction | None) -> str | None:
    """The stored form: "3", "37/44"; None stays None."""
    return None if value is None else str(value)


def as_words(value: Fraction, unit: str = "", places: int | None = None) -> str:
    """For people: "3", "2.5", "84%" for a share. Never rounded up: 399 of 400 is "99%", not "100%".

    `places` after the point are shown at most: 0 for a share, else 2, unless given.
    """
    suffix = "%" if unit == "share" else ""
    scaled = value * 100 if unit == "share" else value
    if scaled.denominator == 1:
        return f"{scaled.numerator:,}{suffix}"
    places = places if places is not None else 0 if unit == "share" else 2
    floored = Decimal(scaled.numerator * 10**places // scaled.denominator).scaleb(-places)
    shown = f"{floored:,f}"
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + suffix
