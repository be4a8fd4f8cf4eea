"""Other record stores: naming them, pausing them, and what they refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Min

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.common.outgoing import check_url
from lms.xapi.errors import InvalidPeer
from lms.xapi.exchange_models import DeadLetter, ForwardingTarget, PullSource, RemoteStore
from lms.xapi.horizon import settled_through
from lms.xapi.models import Authority, Statement
from lms.xapi.remote import PeerFailure
from lms.xapi.services.credentials import authority_named
from lms.xapi.validation import check_iri

Peer = TypeVar("Peer", ForwardingTarget, PullSource)


@transaction.atomic
def add_target(
    *,
    name: str,
    address: str,
    key: str,
    secret: str,
    at: datetime,
    version: str = RemoteStore.Version.V1,
    verbs: Sequence[str] = (),
    activities: Sequence[str] = (),
    authorities: Sequence[Authority] = (),
    is_trusted_only: bool = False,
    is_persona_free: bool = False,
    since: datetime | None = None,
    by: User | None = None,
) -> ForwardingTarget:
    """Names a store that gets what is stored from now on, or everything stored from `since` on.

    Raises InvalidPeer (name taken, unknown version), ForbiddenAddress for the form of the address (where it leads is
    checked at every connection), InvalidStatement for a verb or activity that is no IRI. Writes an audit entry.
    """
    for iri in (*verbs, *activities):
        check_iri(iri)
    target = ForwardingTarget(
        **_common(name, address, key, secret, version, at),
        verbs=list(verbs),
        activities=list(activities),
        is_trusted_only=is_trusted_only,
        is_persona_free=is_persona_free,
        sent_through=_row_before(since) if since else _settled(),
    )
    _insert(target)
    target.authorities.set(authorities)
    record_audit(action="xapi.add_target", actor=by, at=at, target=target, detail=_told(target))
    return target


@transaction.atomic
def add_source(
    *,
    name: str,
    address: str,
    key: str,
    secret: str,
    at: datetime,
    version: str = RemoteStore.Version.V1,
    authority: str = "",
    is_trusted: bool = False,
    since: datetime | None = None,
    by: User | None = None,
) -> PullSource:
    """Names a store whose statements are fetched, all or those stored from `since` on.

    They are stored under the authority of that name (else of the source's own), made when there is none and trusted
    for completions only if `is_trusted`; one that exists keeps the trust it has. Raises as `add_target`, and
    InvalidCredential for the platform's own authority. Writes an audit entry.
    """
    owner = authority_named(guards.clean_name(authority) or guards.clean_name(name), is_trusted=is_trusted)
    source = PullSource(
        **_common(name, address, key, secret, version, at),
        authority=owner,
        since=since.isoformat().replace("+00:00", "Z") if since else "",
    )
    _insert(source)
    detail = _told(source) | {"authority": owner.name, "is_trusted": owner.is_trusted}
    record_audit(action="xapi.add_source", actor=by, at=at, target=source, detail=detail)
    return source


def _common(name: str, address: str, key: str, secret: str, version: str, at: datetime) -> dict[str, object]:
    if version not in RemoteStore.Version.values:
        raise InvalidPeer(f"The version is one of {', '.join(RemoteStore.Version.values)}.")
    name = guards.clean_name(name)
    if not name:
        raise InvalidPeer("The store needs a name.")
    return {
        "name": name,
        "address": check_url(guards.check_text(address.strip())),
        "key": guards.check_text(key),
        "sealed_secret": RemoteStore.seal(secret),
        "version": version,
        "created_at": at,
        "next_try_at": at,
    }


def _insert(peer: Peer) -> None:
    try:
        with transaction.atomic():
            peer.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidPeer(f"There is a store named {peer.name} already.") from error


def _told(peer: RemoteStore) -> dict[str, object]:
    """For the audit: where to, and never the key."""
    return {"name": peer.name, "host": urlsplit(peer.address).hostname or "", "version": peer.version}


def _settled() -> int:
    settled = settled_through()
    if settled is None:
        raise InvalidPeer("Somebody is storing statements at length. Try again in a minute; nothing was changed.")
    return settled


def _row_before(since: datetime) -> int:
    """The row before the first that was stored at `since` or later, as soon as no older row can appear."""
    settled = _settled()
    first: int | None = Statement.objects.filter(stored_at__gte=since).aggregate(first=Min("pk"))["first"]
    return min(first - 1, settled) if first is not None else settled


@transaction.atomic
def pause_peer(*, peer: Peer, at: datetime, by: User | None = None) -> None:
    """Nothing is sent to or fetched from it until it is resumed; its place is kept. Twice changes nothing."""
    if type(peer)._default_manager.filter(pk=peer.pk, paused_at=None).update(paused_at=at):
        record_audit(action="xapi.pause_peer", actor=by, at=at, target=peer, detail=_told(peer))
    peer.refresh_from_db()


@transaction.atomic
def resume_peer(*, peer: Peer, at: datetime, by: User | None = None) -> None:
    """It goes on where it stood, at once, whatever its back-off was."""
    changed = type(peer)._default_manager.filter(pk=peer.pk, paused_at__isnull=False)
    if changed.update(paused_at=None, next_try_at=at, failures=0):
        record_audit(action="xapi.resume_peer", actor=by, at=at, target=peer, detail=_told(peer))
    peer.refresh_from_db()


@transaction.atomic
def remove_peer(*, peer: Peer, at: datetime, by: User | None = None) -> None:
    """Forgets a store, its key and its dead letters. What was sent or fetched stays where it is."""
    record_audit(action="xapi.remove_peer", actor=by, at=at, target=peer, detail=_told(peer))
    peer.delete()


@transaction.atomic
def replay_target(*, target: ForwardingTarget, since: datetime, at: datetime, by: User | None = None) -> None:
    """Sends again, from the next run on, what was stored at `since` or later. What arrived before changes nothing
    there: the statement's id is the key."""
    target = ForwardingTarget.objects.select_for_update(of=("self",)).get(pk=target.pk)
    target.sent_through = _row_before(since)
    target.pass_through = target.place_stored_at = target.place_id = target.leased_until = None
    target.next_try_at = at
    target.save(
        update_fields=["sent_through", "pass_through", "place_stored_at", "place_id", "leased_until", "next_try_at"]
    )
    detail = _told(target) | {"since": since.isoformat()}
    record_audit(action="xapi.replay_target", actor=by, at=at, target=target, detail=detail)


def failure_words(error: Exception) -> tuple[str, int]:
    """What is noted of a failed try, and the pause the other side asked for."""
    return str(error), error.retry_after if isinstance(error, PeerFailure) else 0


def bury(
    *,
    statement_id: UUID,
    reason: str,
    at: datetime,
    target: ForwardingTarget | None = None,
    source: PullSource | None = None,
    body: str = "",
) -> None:
    """Keeps a statement that was refused for good, with the reason; the newest reason when it was refused before."""
    DeadLetter.objects.update_or_create(
        target=target,
        source=source,
        statement_id=statement_id,
        defaults={"reason": reason[:1000], "body": body, "refused_at": at},
    )
