"""DRF authentication by API token. A module of its own: DRF imports it while it is being imported itself."""

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from lms.accounts.models import ApiToken, User


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer laurel_<prefix>_<secret>`; a token in a query string is never read.

    A token of scope "read" cannot write, whatever the person may do: refused here, so that no view can forget it.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        from lms.accounts.services import find_token

        token = find_token(text=text.strip(), at=timezone.now())
        if token is None:
            raise exceptions.AuthenticationFailed("The token is unknown, revoked or has expired.")
        if token.scope != ApiToken.Scope.WRITE and request.method not in SAFE_METHODS:
            raise exceptions.PermissionDenied("This token may read only.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'
