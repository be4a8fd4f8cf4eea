"""What every API view asks before its own rules."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from lms.partners.middleware import is_shut_out

if TYPE_CHECKING:
    from rest_framework.views import APIView


class PartnerInGoodStanding(BasePermission):
    """Refuses the people of a suspended partner, also those whom a token names."""

    message = "The partner you belong to is suspended."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return not is_shut_out(request.user)
