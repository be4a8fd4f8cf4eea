"""What pages of other apps show of the content."""

from typing import Any

from django import template
from django.utils import timezone

from cms.catalogue import Filters, Row, catalogue

register = template.Library()


@register.simple_tag(takes_context=True)
def content_for_need(context: dict[str, Any], need: str) -> list[Row]:
    """Rows of the catalogue for a need and the persona of the person's current membership."""
    request = context["request"]
    persona = request.membership.persona if request.membership else None
    return catalogue(request.user, Filters(need=need, persona=persona), timezone.localdate()).rows
