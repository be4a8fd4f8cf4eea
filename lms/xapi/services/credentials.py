"""Keys and secrets by which other systems speak to the store."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.xapi.agents import actor_key
from lms.xapi.errors import InvalidCredential
from lms.xapi.models import Authority, Credential

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
    by: User | None = None,
) -> tuple[Credential, str]:
    """Makes a credential. Returns it with its secret, which is shown once and kept nowhere.

    It speaks for the authority of that name (else of the credential's own), which is made when there is none; trusted
    for completions only if `is_trusted`, and one that exists keeps the trust it has. With `actor` (an xAPI agent) it
    may speak for that one only. Raises InvalidCredential for scopes that do not exist, and for the platform's
    authority, which no other system may use. Writes an audit entry.
    """
    unknown = set(scopes) - set(Credential.Scope.values)
    if unknown or not scopes:
        raise InvalidCredential(f"Scopes are {', '.join(Credential.Scope.values)}; at least one is needed.")
    name = guards.clean_name(name)
    owner = _authority(guards.clean_name(authority) or name, is_trusted=is_trusted)
    secret = secrets.token_urlsafe(32)
    credential = Credential.objects.create(
        authority=owner,
        name=name,
        key=secrets.token_hex(16),
        secret_hash=Credential.hash_secret(secret),
        scopes=sorted(set(scopes)),
        actor_key=actor_key(actor) if actor is not None else None,
        created_at=at,
        expires_at=expires_at,
    )
    detail = {"name": name, "authority": owner.name, "scopes": credential.scopes, "is_trusted": owner.is_trusted}
    record_audit(action="xapi.create_credential", actor=by, at=at, target=credential, detail=detail)
    return credential, secret


def _authority(name: str, *, is_trusted: bool) -> Authority:
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
    if Credential.objects.filter(pk=credential.pk, revoked_at=None).update(revoked_at=at):
        record_audit(action="xapi.revoke_credential", actor=by, at=at, target=credential)
    credential.refresh_from_db(fields=["revoked_at"])
    return credential


def authenticate(*, key: str, secret: str, at: datetime) -> Credential | None:
    """The active credential that the key and secret open, else None; takes as long for a key that does not exist.

    Notes the use at most once a minute.
    """
    credential = Credential.objects.active(at).select_related("authority").filter(key=key).first()
    if not (credential or _NO_SECRET).is_secret(secret) or credential is None:
        return None
    stale = at - Credential.USE_RESOLUTION
    if credential.last_used_at is None or credential.last_used_at <= stale:
        unused = Credential.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=credential.pk)
        unused.update(last_used_at=at)
    return credential
