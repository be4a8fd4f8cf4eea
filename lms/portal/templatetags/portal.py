"""Amounts and cells in words, for templates."""

from collections.abc import Sequence
from datetime import date

from django import template
from django.utils import formats

from lms.portal.reports.model import Cell, in_words
from lms.portal.words import minutes_words

register = template.Library()


@register.filter
def minutes(value: int) -> str:
    """ "40 min", "3 h 10 min"."""
    return minutes_words(value)


@register.filter
def report_cell(value: Cell) -> str:
    """A cell of a report: dates as people write them, nothing as a dash."""
    return formats.date_format(value, "j M Y") if isinstance(value, date) else in_words(value)


@register.filter
def at(values: Sequence[str], index: int) -> str:
    """The value at a place."""
    return values[index]
