"""What this site demands of codes and tokens beyond django-allauth and oauthlib, at the places where oauthlib asks.

`server()` is oauthlib's server with these rules. Sources: RFC 6749, RFC 7636 (PKCE), RFC 9700 (best practice).
"""

import re
from typing import Any

from allauth.core.internal.httpkit import extract_basic_auth
from allauth.idp.oidc import app_settings
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.server import generate_access_token, generate_refresh_token
from allauth.idp.oidc.internal.oauthlib.utils import get_validator_context
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.utils import timezone
from oauthlib.common import Request
from oauthlib.openid import Server

from badges import connecting

GRANTS = ("authorization_code", "refresh_token")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_CODE = re.compile(r"[A-Za-z0-9]{1,100}")


class Validator(OAuthLibRequestValidator):
    """The answers to oauthlib's questions where they are stricter than django-allauth's. One for each request."""

    consent: Token | None = None  # what the code stands for that is exchanged

    def validate_client_id(self, client_id: object, request: Request) -> bool:
        is_one = isinstance(client_id, str) and _CLIENT_ID.fullmatch(client_id) is not None
        return is_one and bool(super().validate_client_id(client_id, request))

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *more: Any, **named: Any
    ) -> bool:
        """Character by character (RFC 9700, 4.1.3): what is nearly the registered address is another one."""
        return redirect_uri in request.client.get_redirect_uris()

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        return True

    def authenticate_client(self, request: Request, *more: Any, **named: Any) -> bool:
        """By HTTP Basic; what the body says of itself must be the same application."""
        client_id, _ = extract_basic_auth(request.headers)
        if client_id is None or not _CLIENT_ID.fullmatch(client_id) or request.client_id not in {None, client_id}:
            return False
        if not super().authenticate_client(request):
            return False
        request.client_id = client_id  # codes are looked up by it
        return True

    def save_authorization_code(self, client_id: str, code: dict[str, Any], request: Request, *more: Any) -> None:
        """Here, and nowhere else, an application is let in: the record is written with the code.

        What is added to `code` goes back with it: what was allowed (Open Badges 3.0, 7.2.2), and by whom, for
        applications that ask many servers (RFC 9207).
        """
        connecting.note_consent(
            client=request.client,
            person=request.user,
            code=code["code"],
            scopes=request.scopes,
            bound_to={"redirect_uri": request.redirect_uri, "code_challenge": request.code_challenge},
            at=timezone.now(),
        )
        code |= {"scope": " ".join(request.scopes), "iss": settings.SITE_URL}

    def get_authorization_code_scopes(self, *asked: Any, **named: Any) -> list[str]:
        """Asked before the application has shown who it is, and only to find out whether it wants OpenID: never."""
        return []

    def validate_code(self, client_id: str, code: str, client: Client, request: Request, *more: Any) -> bool:
        """Holds the consent until the exchange is over. A code that comes twice ends what it gave (RFC 6749, 4.1.2)."""
        if not _CODE.fullmatch(code):
            return False
        self.consent = connecting.hold(client=client, kind=Token.Type.AUTHORIZATION_CODE, value=code)
        if self.consent is None or not self.consent.user.is_active:
            return False
        request.user, request.scopes = self.consent.user, self.consent.get_scopes()
        return True

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        return self._bound_to("code_challenge")

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        return "S256"  # no other is offered

    def confirm_redirect_uri(self, client_id: str, code: str, redirect_uri: str, *more: Any, **named: Any) -> bool:
        return redirect_uri == self._bound_to("redirect_uri")

    def _bound_to(self, name: str) -> str | None:
        return ((self.consent and self.consent.data) or {}).get(name)

    def invalidate_authorization_code(self, client_id: str, code: str, request: Request, *more: Any) -> None:
        connecting.use_up(client=request.client, value=code, at=timezone.now())

    def validate_refresh_token(self, refresh_token: str, client: Client, request: Request, *more: Any) -> bool:
        """One that comes twice was copied by somebody: the connection ends for both (RFC 9700, 4.14.2)."""
        held = connecting.hold(client=client, kind=Token.Type.REFRESH_TOKEN, value=refresh_token)
        return held is not None and bool(super().validate_refresh_token(refresh_token, client, request))

    def save_bearer_token(self, token: dict[str, Any], request: Request, *more: Any) -> None:
        """Marks what is given with the consent it rests on. A used refresh token stays, to be known when it returns."""
        asked = get_validator_context()
        old, asked.refresh_token = asked.refresh_token, None
        super().save_bearer_token(token, request)
        connecting.note_tokens(
            values=(token["access_token"], token["refresh_token"]),
            rests_on=request.code if old is None else old,
            at=timezone.now(),
        )

    def revoke_token(self, token: str, token_type_hint: str | None, request: Request, *more: Any) -> None:
        """An application gives back what is its own; with a refresh token all that came with it."""
        connecting.give_back(client=request.client, value=token, at=timezone.now())


def server() -> Server:
    """oauthlib's server with our rules; one for each request, as django-allauth makes it."""
    return Server(
        Validator(),
        token_expires_in=app_settings.ACCESS_TOKEN_EXPIRES_IN,
        token_generator=generate_access_token,
        refresh_token_generator=generate_refresh_token,
    )
