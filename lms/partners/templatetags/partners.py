"""What pages of other apps show about the person's partners."""

from django import template
from django.template.context import RequestContext

from lms.partners.middleware import membership_of
from lms.partners.rules import todays_memberships

register = template.Library()


@register.inclusion_tag("partners/_my_partners.html", takes_context=True)
def my_partners(context: RequestContext) -> dict[str, object]:
    """The partners a person works for today, with a way to switch between them."""
    request = context["request"]
    return {
        "memberships": todays_memberships(request.user),
        "current": membership_of(request),
        "csrf_token": context.get("csrf_token"),
    }
