"""Amounts in words, for templates."""

from django import template

from lms.portal.words import minutes_words

register = template.Library()


@register.filter
def minutes(value: int) -> str:
    """ "40 min", "3 h 10 min"."""
    return minutes_words(value)
