"""The limit on sign-in tries, at the one place every door passes: Django's authenticate()."""

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from lms.accounts.passwords import MAXIMUM_POSTED
from lms.accounts.throttle import refuse_when_limited


class PasswordTooLong(SuspiciousOperation):
    """Somebody sent a password whose hashing would be work for us. Django answers 400."""


class ThrottleBackend:
    """Knows nobody; stops the backends after it when an account or a network has failed too often.

    It has `authenticate` alone: Django takes a backend with `get_user` for one that can load people.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: object) -> None:
        """Raises TooManyTries (429), and PasswordTooLong (400) before anything is hashed."""
        password = credentials.get("password")
        if not isinstance(password, str):
            return
        if len(password) > MAXIMUM_POSTED:
            raise PasswordTooLong("password of more than 4 kB")
        refuse_when_limited(request, login_of(credentials))


def login_of(credentials: dict[str, object]) -> str:
    """The address in what was handed to authenticate(), under either of its names; may be empty."""
    return str(credentials.get("email") or credentials.get("username") or "")
