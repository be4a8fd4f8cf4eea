"""Applications that read a person's badges because he lets them: OAuth 2 for the Open Badges 3.0 API (1EdTech, 7).

The protocol is django-allauth's. Here stands what the specification asks beyond it: which applications may register,
what they may ask for, and what the person can take back.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.idp.oidc import app_settings
from allauth.idp.oidc.adapter import DefaultOIDCAdapter, get_adapter
from allauth.idp.oidc.models import Client, Token, TokenQuerySet
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common.errors import DomainError
from lms.common.guards import UnsafeInput, clean_name, load_json

_SCOPE = "https://purl.imsglobal.org/spec/ob/v3p0/scope/"
READ_CREDENTIALS = f"{_SCOPE}credential.readonly"
READ_PROFILE = f"{_SCOPE}profile.readonly"
SCOPES = {
    READ_CREDENTIALS: "Read your badges",
    READ_PROFILE: "Read your name",
}
# What applications ask for beside them when they want to come back without the person (all examples of 7.1 and 7.2).
OFFLINE = "offline_access"
# What an application tells of itself (7.1.1): all of it is needed, and all of it is told back.
WORDS = ("client_name", "software_id", "software_version")
PAGES = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_LISTS = ("redirect_uris", "grant_types", "response_types")
_CHOICES = ("token_endpoint_auth_method", "scope")
(AUTH_METHOD,) = app_settings.AUTH_METHODS
_GRANTS = {"authorization_code", "refresh_token"}
MOST_BYTES = 20_000
_HOST = re.compile(r"[A-Za-z0-9.-]+")
_MOST_CHARACTERS, _MOST_ADDRESSES = 500, 10
UNUSED_FOR = timedelta(days=30)
_GIVEN = (Token.Type.ACCESS_TOKEN, Token.Type.REFRESH_TOKEN, Token.Type.AUTHORIZATION_CODE)


class BadRegistration(DomainError):
    """What an application tells of itself is not what the specification asks. `code` is RFC 7591's."""

    code = "invalid_client_metadata"
    status = 400


class BadRedirectAddress(BadRegistration):
    code = "invalid_redirect_uri"


class ConnectAdapter(DefaultOIDCAdapter):
    """Where django-allauth asks what it leaves open."""

    scope_display = SCOPES

    def generate_client_secret(self) -> str:
        """256 bits in letters that are the same in HTTP Basic whether an application encodes them (RFC 6749, 2.3.1)
        or, as many, does not."""
        return secrets.token_urlsafe(32)

    def validate_client_registration(self, *, client: Client, client_metadata: dict[str, Any], **more: object) -> None:
        """Leaves of the scopes those that are offered; the rest was read by `read_registration`."""
        asked = client_metadata.get("scope", "").split() or SCOPES
        client.set_scopes([scope for scope in (*SCOPES, OFFLINE) if scope in asked])


def read_registration(data: bytes) -> dict[str, Any]:
    """What an application tells of itself, without words that mean nothing here: exactly this is kept.

    Raises BadRegistration, with a sentence for its makers.
    """
    try:
        told = load_json(data, max_bytes=MOST_BYTES)
    except UnsafeInput as error:
        raise BadRegistration(error.message) from error
    if not isinstance(told, dict):
        raise BadRegistration("A registration is a JSON object.")
    kept = {name: told[name] for name in (*WORDS, *PAGES, *_LISTS, *_CHOICES) if told.get(name) is not None}
    _check_kinds(kept)
    kept |= {name: _clean(kept[name]) for name in WORDS if name in kept}
    _check_addresses(kept)
    _check_offers(kept)
    return kept


def _check_kinds(told: Mapping[str, Any]) -> None:
    for name in _LISTS:
        values = told.get(name, [])
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise BadRegistration(f"{name} is a list of texts.")
    if not all(isinstance(told[name], str) for name in (*WORDS, *PAGES, *_CHOICES) if name in told):
        raise BadRegistration(f"Texts are: {', '.join((*WORDS, *PAGES, *_CHOICES))}.")


def _clean(text: str) -> str:
    """One line without what cannot be seen: a name that a person reads must be the name that is kept."""
    return clean_name("".join(character for character in text if unicodedata.category(character) != "Cf"))


def _check_addresses(told: Mapping[str, Any]) -> None:
    if not all(0 < len(told.get(name, "").strip()) <= _MOST_CHARACTERS for name in WORDS + PAGES):
        raise BadRegistration(f"Needed, with at most {_MOST_CHARACTERS} characters: {', '.join(WORDS + PAGES)}.")
    back = told.get("redirect_uris", [])
    if not 0 < len(back) <= _MOST_ADDRESSES or max(map(len, back)) > _MOST_CHARACTERS:
        raise BadRedirectAddress(
            f"Send 1 to {_MOST_ADDRESSES} redirect_uris, each of at most {_MOST_CHARACTERS} characters."
        )
    hosts = {_host(one) for one in [*(told[name] for name in PAGES), *back]}
    if len(hosts) != 1 or "" in hosts:
        raise BadRegistration("Every address must begin with https:// and have the same host name.")


def _check_offers(told: Mapping[str, Any]) -> None:
    if not set(told.get("grant_types", [])) <= _GRANTS:
        raise BadRegistration("Only the grants authorization_code and refresh_token are offered.")
    if (told.get("response_types") or ["code"]) != ["code"]:
        raise BadRegistration("Only the response type code is offered.")
    if (told.get("token_endpoint_auth_method") or AUTH_METHOD) != AUTH_METHOD:
        raise BadRegistration(f"Only {AUTH_METHOD} is offered.")
    asked = set(told.get("scope", "").split())
    if asked and not asked & SCOPES.keys():
        raise BadRegistration(f"None of the scopes is offered. These are: {' '.join(SCOPES)}.")


def _host(address: str) -> str:
    """Of an https address that a browser may be sent to; empty for any other.

    Printable ASCII alone: urlsplit passes over line breaks, and the addresses are kept as lines. A host of what hosts
    are made of: it is written into the policy of the page that asks, where ";" begins another rule.
    """
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return ""
    try:
        parts = urlsplit(address)
        is_fit = parts.scheme == "https" and not parts.fragment and _HOST.fullmatch(parts.netloc)
        return (parts.hostname or "") if is_fit else ""
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


def _of(person: User) -> TokenQuerySet:
    """What holds now of all that the person gave: also a code that its application did not yet exchange."""
    return Token.objects.valid().filter(user=person, type__in=_GIVEN)


def connections(person: User) -> list[Connection]:
    """What the person lets read his badges now, by name. Two queries."""
    found: dict[str, list[Token]] = {}
    for token in _of(person).select_related("client"):
        found.setdefault(token.client_id, []).append(token)
    return sorted(map(_connection, found.values()), key=lambda one: (one.client.name, one.client.pk))


def _connection(tokens: list[Token]) -> Connection:
    scopes = {scope for token in tokens for scope in token.get_scopes()}
    return Connection(
        client=tokens[0].client,
        scopes=tuple(words for scope, words in SCOPES.items() if scope in scopes),
        since=min(token.created_at for token in tokens),
        until=max(token.expires_at for token in tokens),
    )


@transaction.atomic
def disconnect(*, person: User, client_id: str, at: datetime) -> bool:
    """Takes back all that the person gave one application; False when there was nothing. Writes the audit log.

    Waits for an exchange or a refresh that is under way, and ends what it gave.
    """
    _lock(person.pk)
    held = _of(person).filter(client=client_id)
    one = held.select_related("client").first()
    if one is None:
        return False
    _end(held, at)
    detail = {"application": one.client.name}
    record_audit(action="badges.disconnect", actor=person, at=at, target=person, detail=detail)
    return True


# --- What the protocol notes ---


def _lock(person_id: int) -> None:
    """Whatever is given, renewed or taken back for one person comes one after the other, until the commit.

    A lock on the tokens is not enough: who waited for one does not see those that were made meanwhile.
    """
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=person_id)


def _hash(value: str) -> str:
    return str(get_adapter().hash_token(value))


def _end(tokens: TokenQuerySet, at: datetime) -> None:
    """Ends, and keeps for UNUSED_FOR: so what returns is known, and so is when an application was last let in."""
    tokens.update(expires_at=at)


def note_consent(
    *, client: Client, person: User, code: str, scopes: list[str], bound_to: Mapping[str, str], at: datetime
) -> None:
    """The person let an application read his badges: a row that holds as long as the code, and the audit log.

    Call it in the transaction in which the code is given. The row's hash names the consent in all tokens it leads to;
    `bound_to` is what the exchange has to show. It stands here and not in a cache, which each process may have its own
    of.
    """
    until = at + timedelta(seconds=app_settings.AUTHORIZATION_CODE_EXPIRES_IN)
    consent = Token(type=Token.Type.AUTHORIZATION_CODE, client=client, user=person, created_at=at, expires_at=until)
    consent.hash, consent.data = _hash(code), dict(bound_to)
    consent.set_scopes(scopes)
    consent.save(force_insert=True)
    record_audit(action="badges.connect", actor=person, at=at, target=person, detail={"application": client.name})


def hold(*, client: Client, kind: str, value: str) -> Token | None:
    """The application's code or refresh token while it holds, alone until the commit; None for any other.

    One that was used before ends the consent it rests on, with all that is left of it. So the clock is read here,
    behind the lock: whoever waited for the first use comes after it.
    """
    given = Token.objects.filter(client=client, type=kind, hash=_hash(value))
    token: Token | None = given.first()
    if token is None:
        return None
    _lock(token.user_id)
    token, at = given.first(), timezone.now()
    if token is None or token.expires_at > at:
        return token
    _end_consent(token, at)
    return None


def _end_consent(token: Token, at: datetime) -> None:
    consent = token.hash if token.type == Token.Type.AUTHORIZATION_CODE else (token.data or {}).get("consent")
    left = Token.objects.valid().filter(client=token.client_id, user=token.user_id, data__consent=consent)
    if not left.exists():
        return
    _end(left, at)
    record_audit(
        action="badges.disconnect",
        actor=None,
        at=at,
        target=token.user,
        detail={"application": token.client.name, "reason": "a code or token that was used before"},
    )


def use_up(*, client: Client, value: str, at: datetime) -> None:
    """A code that was exchanged."""
    _end(Token.objects.valid().filter(client=client, type=Token.Type.AUTHORIZATION_CODE, hash=_hash(value)), at)


def note_tokens(*, values: Iterable[str], rests_on: Token | str, at: datetime) -> None:
    """Marks new tokens with the consent they rest on: the code they are given for, or that of the refresh token, which
    ends. A new refresh token has been allowed since the old one was, and for the same (RFC 6749, 6)."""
    new = Token.objects.filter(hash__in=map(_hash, values))
    if isinstance(rests_on, str):
        new.update(data={"consent": _hash(rests_on)})
        return
    new.update(data=rests_on.data)
    new.filter(type=Token.Type.REFRESH_TOKEN).update(created_at=rests_on.created_at, scopes=rests_on.scopes)
    _end(Token.objects.filter(pk=rests_on.pk), at)


@transaction.atomic
def give_back(*, client: Client, value: str, at: datetime) -> None:
    """Ends a token of the application's own, with a refresh token all of its consent; nothing for any other value."""
    token = Token.objects.valid().filter(client=client, hash=_hash(value), type__in=_GIVEN[:2]).first()
    if token is None:
        return
    _lock(token.user_id)
    given = Token.objects.valid().filter(client=client)
    consent = (token.data or {}).get("consent")  # none in what was given before consents had a row
    is_all = token.type == Token.Type.REFRESH_TOKEN and consent is not None
    _end(given.filter(data__consent=consent) if is_all else given.filter(pk=token.pk), at)


def holder_of(access_token: str) -> Token | None:
    """The access token of an active person, with its person; None for anything else."""
    given = Token.objects.valid().filter(type=Token.Type.ACCESS_TOKEN, hash=_hash(access_token))
    token: Token | None = given.filter(user__is_active=True).select_related("user").first()
    return token


def clear_connections(*, at: datetime) -> int:
    """Deletes tokens 30 days after their end, and applications that registered themselves and that nobody let in for
    so long. Returns how many applications."""
    past = at - UNUSED_FOR
    Token.objects.filter(expires_at__lte=past).delete()
    used = Token.objects.filter(client=OuterRef("pk"))
    unused = Client.objects.filter(~Exists(used), data__dcr=True, created_at__lte=past)
    deleted: dict[str, int] = unused.delete()[1]
    return deleted.get("allauth_idp_oidc.Client", 0)
