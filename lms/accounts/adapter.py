"""What Laurel changes in allauth: nobody signs up without an invitation, and it sends no mail of its own."""

import io
from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from lms.accounts.models import User
from lms.accounts.network import network_of
from lms.common.sealing import seal, unseal

_SECRET = "accounts.second_factor"  # noqa: S105  the purpose of the seal


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return network_of(request)

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses of this site, as a path: what a link may lead to after signing in."""
        return bool(url) and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Whether this is the person's password. Who has a second factor confirms by that, never by password alone."""
        if is_mfa_enabled(user):
            return False
        confirmed: User | None = self.authenticate(context.request, email=user.email, password=password)
        return confirmed is not None and confirmed.pk == user.pk

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        by_factor = [method for method in methods if method["id"] != "reauthenticate"]
        return by_factor or methods

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Letters leave through the outbox (lms.accounts.handlers), never in a request."""
        raise NotImplementedError(f"{template_prefix}: no letter is sent in a request")


class MFAAdapter(DefaultMFAAdapter):
    """Second-factor secrets are sealed in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text, purpose=_SECRET)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, purpose=_SECRET)

    def build_totp_svg(self, url: str) -> str:
        """Dark on white in either theme, with the quiet zone that readers need."""
        picture = io.BytesIO()
        segno.make(url, error="m").save(picture, kind="svg", scale=5, border=4, dark="black", light="white")
        return picture.getvalue().decode()

    def get_totp_issuer(self) -> str:
        return str(settings.SITE_NAME)

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return str(user.get_username())
