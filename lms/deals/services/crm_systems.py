"""CRM systems: naming them, their secrets, pausing them and sending again what they did not take."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.common.outgoing import check_url
from lms.common.sealing import seal, unseal
from lms.common.webhooks import shown_secret
from lms.deals.crm import Direction, MessageType, direction_key
from lms.deals.errors import BadSystem, SecretsJustChanged
from lms.deals.models import CrmSystem
from lms.partners.models import Partner

_SEAL = "deals.crm"
_MASTER_BYTES = 32
# How long both secrets are valid after a change.
ROTATION = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """To be shown once: what the CRM checks our messages with, and what it signs its own with."""

    outgoing: str
    incoming: str


def keys_of(system: CrmSystem, direction: Direction, at: datetime) -> list[bytes]:
    """The keys that are valid in a direction, the newest first. Raises BrokenSeal."""
    sealed = [system.sealed_secret]
    if system.has_old_secrets(at):
        sealed.append(system.sealed_old_secret)
    return [direction_key(base64.b64decode(unseal(one, purpose=_SEAL)), direction) for one in sealed]


def secrets_of(system: CrmSystem) -> Secrets:
    """What is shown once after a system was connected or its secrets were changed. Raises BrokenSeal."""
    return _shown(base64.b64decode(unseal(system.sealed_secret, purpose=_SEAL)))


def _shown(master: bytes) -> Secrets:
    outgoing, incoming = (shown_secret(direction_key(master, one)) for one in (Direction.OUT, Direction.IN))
    return Secrets(outgoing=outgoing, incoming=incoming)


def _new_master() -> tuple[str, Secrets]:
    """A new master, sealed, and what is shown of it."""
    master = secrets.token_bytes(_MASTER_BYTES)
    return seal(base64.b64encode(master).decode(), purpose=_SEAL), _shown(master)


@transaction.atomic
def add_crm(
    *, name: str, address: str, partner: Partner | None, events: Sequence[str], by: User, at: datetime
) -> tuple[CrmSystem, Secrets]:
    """Names a CRM, of a partner or of the vendor, that hears from now on what it asks for. Without an address it only
    tells us things. The secrets are never shown again.

    Raises BadSystem (no name, a name that is taken, an unknown type of message), ForbiddenAddress for the form of the
    address (where it leads is checked at every connection), UnsafeInput. Writes an audit entry.
    """
    name, address = guards.clean_name(name), guards.check_text(address).strip()
    if not name or len(name) > 100:
        raise BadSystem("The system needs a name of at most 100 characters.")
    if address:
        check_url(address)
    if len(address) > 500:
        raise BadSystem("The address has more than 500 characters.")
    strange = sorted(set(events) - set(MessageType.values))
    if strange:
        raise BadSystem(f"There are no messages of the type {strange[0]}.")
    sealed, shown = _new_master()
    system = CrmSystem(
        name=name,
        address=address,
        partner=partner,
        events=[one for one in MessageType.values if one in events],
        sealed_secret=sealed,
        created_at=at,
        next_try_at=at,
    )
    try:
        with transaction.atomic():
            system.save(force_insert=True)
    except IntegrityError as error:
        raise BadSystem(f"There is a system named {name} already.") from error
    _audit("deals.add_crm", system, by, at)
    return system, shown


def _audit(action: str, system: CrmSystem, by: User, at: datetime, **detail: object) -> None:
    """Who did what to it; where to, and never a secret."""
    told = {"name": system.name, "host": urlsplit(system.address).hostname or "", **detail}
    partner_id = "" if system.partner is None else system.partner.public_id
    record_audit(action=action, actor=by, at=at, target=system, partner_id=partner_id, detail=told)


def _locked(system: CrmSystem) -> CrmSystem:
    return CrmSystem.objects.select_related("partner").select_for_update(of=("self",)).get(pk=system.pk)


@transaction.atomic
def rotate_secret(*, system: CrmSystem, by: User, at: datetime) -> Secrets:
    """New secrets. The old ones stay valid for a day: our messages carry both signatures, and either is taken.

    Within that day a second change is refused, so that a page that is sent twice does not end at once the secrets the
    CRM still works with; `end_old_secrets` is the way for who must. Raises SecretsJustChanged. Locks the system.
    """
    system = _locked(system)
    if system.has_old_secrets(at):
        until = f"{system.old_secret_until:%-d %B, %H:%M} UTC"
        raise SecretsJustChanged(
            f"The secrets were changed already, and those from before are valid until {until}. "
            "End the old ones first. Nothing was changed."
        )
    sealed, shown = _new_master()
    system.sealed_old_secret, system.old_secret_until = system.sealed_secret, at + ROTATION
    system.sealed_secret = sealed
    system.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
    _audit("deals.rotate_secret", system, by, at)
    return shown


@transaction.atomic
def end_old_secrets(*, system: CrmSystem, by: User, at: datetime) -> None:
    """The secrets from before the last change are valid no more, from now on: they leaked, or the CRM has the new ones.
    Twice changes nothing.
    """
    old = CrmSystem.objects.filter(pk=system.pk, old_secret_until__gt=at)
    if old.update(sealed_old_secret="", old_secret_until=None):
        _audit("deals.end_old_secrets", system, by, at)


@transaction.atomic
def pause_crm(*, system: CrmSystem, by: User, at: datetime) -> None:
    """Nothing is sent until it is resumed; what happens meanwhile waits for it. Twice changes nothing."""
    if CrmSystem.objects.filter(pk=system.pk, paused_at=None).update(paused_at=at):
        _audit("deals.pause_crm", system, by, at)


@transaction.atomic
def resume_crm(*, system: CrmSystem, by: User, at: datetime) -> None:
    """It goes on where it stood, at once, whatever its back-off was."""
    paused = CrmSystem.objects.filter(pk=system.pk, paused_at__isnull=False)
    if paused.update(paused_at=None, paused_because="", next_try_at=at, failures=0, last_error=""):
        _audit("deals.resume_crm", system, by, at)


@transaction.atomic
def replay_messages(*, system: CrmSystem, by: User, at: datetime, message_id: UUID | None = None) -> int:
    """Sends again what was given up: all of it, or one message, which may be one that was delivered. It goes out under
    its old id, so a system that has it changes nothing. Returns how many.
    """
    chosen = system.messages.buried() if message_id is None else system.messages.filter(public_id=message_id)
    count = chosen.update(buried_at=None, delivered_at=None, tries=0, reason="")
    if count:
        CrmSystem.objects.filter(pk=system.pk).update(next_try_at=at)
        _audit("deals.replay_messages", system, by, at, count=count)
    return count


@transaction.atomic
def remove_crm(*, system: CrmSystem, by: User, at: datetime) -> None:
    """Forgets a system with its secrets, messages and ids. What it changed in deals stays, under its name."""
    _audit("deals.remove_crm", system, by, at)
    system.delete()
