"""The person behind a request, with his type."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.request import Request

from lms.accounts.models import User


def person_of(request: HttpRequest | Request) -> User:
    """The signed-in person. Stands behind `login_required`; raises PermissionDenied where that was forgotten."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
