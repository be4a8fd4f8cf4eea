"""Applications that read a person's badges because he lets them: OAuth 2 for the Open Badges 3.0 API (1EdTech, 7).

The protocol is django-allauth's. Here stands what the specification asks beyond it: which applications may register,
what they may ask for, and what the person can take back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client, Token
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef

from lms.accounts.models import User
from lms.accounts.services import record_audit

_SCOPE = "https://purl.imsglobal.org/spec/ob/v3p0/scope/"
READ_CREDENTIALS = f"{_SCOPE}credential.readonly"
READ_PROFILE = f"{_SCOPE}profile.readonly"
SCOPES = {
    READ_CREDENTIALS: "Read your badges",
    READ_PROFILE: "Read your name",
}
# What an application tells of itself (7.1.1): all of it is needed, and all of it is told back.
WORDS = ("client_name", "software_id", "software_version")
PAGES = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_GRANTS = {"authorization_code", "refresh_token"}
_MOST_CHARACTERS, _MOST_ADDRESSES = 500, 10
UNUSED_FOR = timedelta(days=30)


class ConnectAdapter(DefaultOIDCAdapter):
    """Where django-allauth asks what it leaves open."""

    scope_display = SCOPES

    def validate_client_registration(self, *, client: Client, client_metadata: dict[str, Any], **more: object) -> None:
        """Refuses what the specification forbids, with the reason; leaves of the scopes those that are offered."""
        problem = registration_problem(client_metadata)
        if problem:
            raise ValidationError(problem)
        asked = str(client_metadata.get("scope") or " ".join(SCOPES)).split()
        client.set_scopes([scope for scope in SCOPES if scope in asked])


def registration_problem(told: Mapping[str, Any]) -> str:
    """Why an application may not register, in a sentence; empty when it may."""
    texts = [told.get(name) for name in WORDS + PAGES]
    if not all(isinstance(text, str) and 0 < len(text.strip()) <= _MOST_CHARACTERS for text in texts):
        return f"Needed, as texts of at most {_MOST_CHARACTERS} characters: {', '.join(WORDS + PAGES)}."
    addresses = [told[name] for name in PAGES] + list(told.get("redirect_uris") or [])
    if len(addresses) > len(PAGES) + _MOST_ADDRESSES or not all(isinstance(one, str) for one in addresses):
        return f"Send at most {_MOST_ADDRESSES} redirect_uris."
    hosts = {_host(one) for one in addresses}
    if len(hosts) != 1 or "" in hosts:
        return "Every address must begin with https:// and have the same host name."
    if not set(told.get("grant_types") or ["authorization_code"]) <= _GRANTS:
        return "Only the grants authorization_code and refresh_token are offered."
    if (told.get("response_types") or ["code"]) != ["code"]:
        return "Only the response type code is offered."
    if (told.get("token_endpoint_auth_method") or "client_secret_basic") != "client_secret_basic":
        return "Only client_secret_basic is offered."
    if told.get("scope") and not set(str(told["scope"]).split()) & SCOPES.keys():
        return f"None of the scopes is offered. These are: {' '.join(SCOPES)}."
    return ""


def _host(address: str) -> str:
    """Of an https address that a browser may be sent to; empty for any other.

    Printable ASCII alone: urlsplit passes over line breaks, and the addresses are kept as lines.
    """
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return ""
    try:
        parts = urlsplit(address)
        is_fit = parts.scheme == "https" and not parts.username and not parts.fragment and "*" not in parts.netloc
        return (parts.hostname or "") if is_fit and parts.port is None else ""
    except ValueError:
        return ""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One application that may read a person's badges; `until` is when it has to be allowed anew."""

    client: Client
    scopes: tuple[str, ...]
    since: datetime
    until: datetime | None

    @property
    def page(self) -> str:
        """Where the application says what it is."""
        return str(((self.client.data or {}).get("client_metadata") or {}).get("client_uri", ""))


def connections(person: User) -> list[Connection]:
    """What the person lets read his badges now, by name. Two queries."""
    tokens = Token.objects.valid().filter(user=person, type__in=[Token.Type.ACCESS_TOKEN, Token.Type.REFRESH_TOKEN])
    spans = {
        row["client"]: row for row in tokens.values("client").annotate(since=Min("created_at"), until=Max("expires_at"))
    }
    scopes: dict[str, set[str]] = {}
    for token in tokens.select_related("client"):
        scopes.setdefault(token.client_id, set()).update(token.get_scopes())
    clients = Client.objects.filter(pk__in=spans).order_by("name", "pk")
    return [
        Connection(
            client=client,
            scopes=tuple(words for scope, words in SCOPES.items() if scope in scopes[client.pk]),
            since=spans[client.pk]["since"],
            until=spans[client.pk]["until"],
        )
        for client in clients
    ]


@transaction.atomic
def disconnect(*, person: User, client_id: str, at: datetime) -> bool:
    """Takes back all that the person gave one application; False when there was nothing. Writes the audit log."""
    tokens = Token.objects.filter(user=person, client=client_id)
    name = tokens.values_list("client__name", flat=True).first()
    if name is None:
        return False
    tokens.delete()
    record_audit(action="badges.disconnect", actor=person, at=at, target=person, detail={"application": name})
    return True


def note_connection(*, person: User, client_id: str, at: datetime) -> None:
    """Writes into the audit log that the person let an application read his badges."""
    name = Client.objects.values_list("name", flat=True).get(pk=client_id)
    record_audit(action="badges.connect", actor=person, at=at, target=person, detail={"application": name})


def clear_connections(*, at: datetime) -> int:
    """Deletes tokens whose time is over, and applications that registered themselves and were never let in, or not for
    long: 30 days after. Returns how many applications."""
    Token.objects.filter(expires_at__lte=at).delete()
    used = Token.objects.filter(client=OuterRef("pk"))
    unused = Client.objects.filter(~Exists(used), data__dcr=True, created_at__lte=at - UNUSED_FOR)
    deleted: dict[str, int] = unused.delete()[1]
    return deleted.get("allauth_idp_oidc.Client", 0)
