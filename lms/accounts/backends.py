"""The limit on sign-in tries, at the one place every door passes: Django's authenticate()."""

from django.contrib.auth.backends import BaseBackend


class ThrottleBackend(BaseBackend):
    """Knows nobody; stops the others when an account or a network has failed too often."""
