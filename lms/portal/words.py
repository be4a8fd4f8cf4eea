"""Amounts as people say them."""

from collections.abc import Sequence


def minutes_words(minutes: int) -> str:
    """ "40 min", "3 h", "3 h 10 min"."""
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )


def count_words(count: int, one: str, several: str = "") -> str:
    """ "1 lesson", "3 lessons"."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
