"""Whose deals a request sums up: the same for pages, files and API."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from lms.deals.models import Deal
from lms.partners.middleware import membership_of
from lms.partners.models import Partner


def deals_of(request: HttpRequest) -> tuple[QuerySet[Deal], Partner | None]:
    """What the person may sum up: his partner's deals; for channel roles all, or those of `?partner=` (its slug).

    Raises PermissionDenied for anybody else, Http404 for a partner the person does not see.
    """
    membership = membership_of(request)
    if membership is not None:
        return Deal.objects.visible_to(request.user).filter(partner=membership.partner), membership.partner
    if not request.user.has_perm("deals.view_queue"):
        raise PermissionDenied
    asked = request.GET.get("partner", "")
    if not asked:
        return Deal.objects.visible_to(request.user), None
    partner = get_object_or_404(Partner.objects.visible_to(request.user), slug=asked[:50])
    return Deal.objects.visible_to(request.user).filter(partner=partner), partner
