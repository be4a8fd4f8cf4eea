"""Timestamps of statements: text in, instants out, and back."""

import re
from datetime import UTC, datetime, timedelta

_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
# The form of nearly all, which Python reads itself.
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.(?:\d{3}|\d{6}))?Z", re.ASCII)


def parse_timestamp(text: str) -> datetime:
    """The instant of an ISO 8601 timestamp with date and time, as xAPI uses them. Digits beyond microseconds are cut.

    Without an offset it is UTC (1.0.3 leaves that to the store). A leap second is the last microsecond of its minute.
    Raises ValueError; an offset of -00:00, which RFC 3339 keeps for "unknown", is refused by the specification.
    """
    if _PLAIN.fullmatch(text):
        return datetime.fromisoformat(text)
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 timestamp such as 2027-03-12T09:30:00Z")
    day, minute, second, fraction, offset = match.groups()
    if offset and re.fullmatch(r"-00:?(00)?", offset):
        raise ValueError("an offset of -00:00 is not allowed")
    if second == "60":
        second, fraction = "59", "999999"
    micros = (fraction or "")[:6].ljust(6, "0")
    zone = "+00:00" if offset in {None, "Z", "z"} else offset
    return datetime.fromisoformat(f"{day}T{minute}:{second or '00'}.{micros}{zone}").astimezone(UTC)


def format_timestamp(at: datetime) -> str:
    """The instant in UTC with microseconds, as the store writes it."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def after(at: datetime, count: int) -> datetime:
    """`count` microseconds later: gives the statements of a batch an order of their own."""
    return at + timedelta(microseconds=count)
