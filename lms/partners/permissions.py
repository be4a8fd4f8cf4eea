"""What every API view asks before its own rules."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from lms.partners.middleware import choose_membership, is_shut_out

if TYPE_CHECKING:
    from rest_framework.views import APIView


class PartnerInGoodStanding(BasePermission):
    """Gives requests by token their `membership`, and refuses the people of a suspended partner."""

    message = "The partner you belong to is suspended."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        http_request = request._request
        if request.user.is_authenticated and getattr(http_request, "membership", None) is None:
            http_request.membership = choose_membership(http_request)  # type: ignore[attr-defined]
        return not is_shut_out(http_request)
