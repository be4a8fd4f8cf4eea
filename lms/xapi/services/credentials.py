"""Keys and secrets by which other systems speak to the store."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.xapi.agents import actor_key
from lms.xapi.errors import InvalidCredential
from lms.xapi.models import Authority, Credential

Scope = Credential.Scope
SESSION_SCOPES = (Scope.WRITE, Scope.READ_MINE, Scope.STATE, Scope.PROFILE)
REMEMBERED = timedelta(seconds=5)
_MOST_REMEMBERED = 1000
_known: dict[str, tuple[Credential, datetime]] = {}
_NO_SECRET = Credential(secret_hash=Credential.hash_secret(secrets.token_urlsafe(32)))


@transaction.atomic
def create_credential(
    *,
    name: str,
    scopes: Sequence[str],
    at: datetime,
    authority: str = "",
    is_trusted: bool = False,
    actor: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    rate_limit: int | None = None,
    by: User | None = None,
) -> tuple[Credential, str]:
    """Makes a credential. Returns it with its secret, which is shown once and kept nowhere.

    It speaks for the authority of that name (else of the credential's own), which is made when there is none; trusted
    for completions only if `is_trusted`, and one that exists keeps the trust it has. With `actor` (an xAPI agent) it
    may speak for that one only; with `rate_limit`, send so many requests, or statements in them, a minute. Raises
    InvalidCredential for scopes that do not exist, and for the platform's authority, which no other system may use.
    Writes an audit entry.
    """
    unknown = set(scopes) - set(Credential.Scope.values)
    if unknown or not scopes:
        raise InvalidCredential(f"Scopes are {', '.join(Credential.Scope.values)}; at least one is needed.")
    if rate_limit is not None and rate_limit < 1:
        raise InvalidCredential("A limit is at least one request a minute.")
    name = guards.clean_name(name)
    owner = authority_named(guards.clean_name(authority) or name, is_trusted=is_trusted)
    secret = secrets.token_urlsafe(32)
    credential = Credential.objects.create(
        authority=owner,
        name=name,
        key=secrets.token_hex(16),
        secret_hash=Credential.hash_secret(secret),
        scopes=sorted(set(scopes)),
        actor_key=actor_key(actor) if actor is not None else None,
        rate_limit=rate_limit,
        created_at=at,
        expires_at=expires_at,
    )
    detail = {"name": name, "authority": owner.name, "scopes": credential.scopes, "is_trusted": owner.is_trusted}
    record_audit(action="xapi.create_credential", actor=by, at=at, target=credential, detail=detail)
    return credential, secret


def authority_named(name: str, *, is_trusted: bool) -> Authority:
    """The authority of that name, made when there is none; one that exists keeps the trust it has.

    Raises InvalidCredential for the platform's own, which no other system may use.
    """
    agent = {
        "objectType": "Agent",
        "name": name,
        "account": {
            "homePage": f"{settings.XAPI_BASE_IRI}/xapi/authorities",
            "name": blake2b(name.encode(), digest_size=8).hexdigest(),
        },
    }
    authority, _ = Authority.objects.get_or_create(name=name, defaults={"agent": agent, "is_trusted": is_trusted})
    if authority.is_platform:
        raise InvalidCredential(f"{name} is the platform's own authority; choose another name.")
    return authority


@transaction.atomic
def revoke_credential(*, credential: Credential, at: datetime, by: User | None = None) -> Credential:
    """Makes a credential worthless; its statements stay. Twice changes nothing."""
    _known.pop(credential.key, None)
    if Credential.objects.filter(pk=credential.pk, revoked_at=None).update(revoked_at=at):
        record_audit(action="xapi.revoke_credential", actor=by, at=at, target=credential)
    credential.refresh_from_db(fields=["revoked_at"])
    return credential


def open_session(
    *,
    name: str,
    actor: Mapping[str, Any],
    registration: UUID,
    activity_id: str,
    authority: Authority,
    expires_at: datetime,
    at: datetime,
    scopes: Sequence[str] = SESSION_SCOPES,
) -> tuple[Credential, str]:
    """Makes the credential of one launch and returns it with its secret, which is kept nowhere.

    It speaks for `actor` alone, in `registration`, tells milestones of `activity_id` (and its parts) alone, voids
    nothing, is limited to XAPI_SESSION_RATE a minute, and ends at `expires_at` or with `end_sessions`. What it may not
    say is in `lms.xapi.bounds`. The caller chooses the authority: trusted only if the content is. Raises
    InvalidCredential for an end that has passed.
    """
    if expires_at <= at:
        raise InvalidCredential("A session that is over cannot be opened.")
    secret = secrets.token_urlsafe(32)
    credential = Credential.objects.create(
        authority=authority,
        name=guards.clean_name(name)[:100],
        key=secrets.token_hex(16),
        secret_hash=Credential.hash_secret(secret),
        scopes=sorted(set(scopes)),
        actor_key=actor_key(actor),
        registration=registration,
        activity_id=activity_id,
        rate_limit=settings.XAPI_SESSION_RATE,
        created_at=at,
        expires_at=expires_at,
    )
    return credential, secret


def end_sessions(*, registration: UUID, at: datetime) -> int:
    """Ends all launches of a registration, after `terminated` or `abandoned`. Returns how many were open."""
    return Credential.objects.active(at).filter(registration=registration).update(revoked_at=at)


def forget_sessions(*, before: datetime) -> int:
    """Deletes credentials of launches that ended before `before`: they open nothing, and no statement needs them."""
    ended = Q(expires_at__lt=before) | Q(revoked_at__lt=before)
    return Credential.objects.filter(ended, registration__isnull=False).delete()[0]


def authenticate(*, key: str, secret: str, at: datetime) -> Credential | None:
    """The active credential that the key and secret open, else None; takes as long for a key that does not exist.

    A system's credential is remembered for a few seconds in this process, so that not each of its requests asks the
    database: the row, never the secret, which is compared each time. `revoke_credential` forgets it here at once; other
    processes do within REMEMBERED. Credentials of actors and launches are looked up each time. Notes the use at most
    once a minute.
    """
    credential = _remembered(key, at)
    if credential is None:
        credential = Credential.objects.active(at).select_related("authority").filter(key=key).first()
    if not (credential or _NO_SECRET).is_secret(secret) or credential is None:
        return None
    if not credential.is_bound and credential.key not in _known:
        _remember(credential, at)
    _note_use(credential, at)
    return credential


def _remembered(key: str, at: datetime) -> Credential | None:
    credential, until = _known.get(key, (None, at))
    if credential is None or not at < until or not credential.is_active(at):
        _known.pop(key, None)
        return None
    return credential


def _remember(credential: Credential, at: datetime) -> None:
    if len(_known) >= _MOST_REMEMBERED:
        _known.clear()
    _known[credential.key] = (credential, at + REMEMBERED)


def _note_use(credential: Credential, at: datetime) -> None:
    stale = at - Credential.USE_RESOLUTION
    if credential.last_used_at is None or credential.last_used_at <= stale:
        unused = Credential.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=credential.pk)
        unused.update(last_used_at=at)
        credential.last_used_at = at
