"""DRF authentication by API token."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <prefix>.<secret>`; a token in a query string is never read."""

    def authenticate(self, request: Request) -> None:
        return None
