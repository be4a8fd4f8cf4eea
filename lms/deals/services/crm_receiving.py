"""What CRM systems tell us: verified, once per message, and only what each may say."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.core.cache import cache
from django.db import IntegrityError, transaction

from lms.accounts.services import record_audit
from lms.common import guards, webhooks
from lms.deals.crm import FIELDS, MAX_BODY, STAGES, Direction, Incoming, may_write
from lms.deals.errors import (
    BadDeal,
    BadMessage,
    IllegalMove,
    LinkTaken,
    MessageReused,
    MessageTooLarge,
    TooManyMessages,
    UnknownDeal,
)
from lms.deals.models import CrmLink, CrmReceipt, CrmSystem, Deal, DealChange, FieldMark
from lms.deals.money import parse_amount, shown
from lms.deals.moves import MOVES, LostReason, Move, State
from lms.deals.services import steps
from lms.deals.services.crm_queueing import queue_change
from lms.deals.services.crm_systems import keys_of
from lms.deals.services.registering import MOST_MONTHS_AHEAD

MESSAGES_PER_MINUTE = 300
_NO_DEAL_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL keeps times that Python cannot read back
_AHEAD = timedelta(seconds=webhooks.TOLERANCE_SECONDS)
_UNKNOWN = "The system or its signature is not known."
Answer = dict[str, Any]


def receive_message(*, system_id: UUID, sent: Mapping[str, str], body: bytes, at: datetime) -> Answer:
    """Takes a message of a system: which fields were applied, and which were kept as they are and why.

    The same message again (same id and body) changes nothing and gets the same answer. What is refused changes
    nothing, and is judged anew when it is sent again. Raises BadSignature (also for a system that is none),
    MessageTooLarge, TooManyMessages, MessageReused, BadMessage, UnsafeInput, UnknownDeal, LinkTaken, BadDeal. Locks
    the deal and the others of its customer. Queues what other systems are to be told. Emits DealMoved for won and lost.
    """
    if len(body) > MAX_BODY:
        raise MessageTooLarge(f"A message has at most {MAX_BODY} bytes.")
    system = CrmSystem.objects.select_related("partner").filter(public_id=system_id).first()
    if system is None:
        raise webhooks.BadSignature(_UNKNOWN)
    signed = webhooks.verify(keys_of(system, Direction.IN, at), sent=sent, body=body, at=at)
    _charge(system, at)
    return _once(system, signed.id, body, at)


def _charge(system: CrmSystem, at: datetime) -> None:
    """Counted in the cache, and only what is signed: who knows no secret takes nothing from who does. A cache that is
    down lets through."""
    seconds = int(at.timestamp())
    key = f"deals.crm.{system.pk}.{seconds // 60}"
    try:
        cache.add(key, 0, 120)
        count = cache.incr(key)
    except Exception:
        return
    if count > MESSAGES_PER_MINUTE:
        raise TooManyMessages(
            f"At most {MESSAGES_PER_MINUTE} messages in a minute are taken.", retry_after=60 - seconds % 60
        )


@transaction.atomic
def _once(system: CrmSystem, message_id: str, body: bytes, at: datetime) -> Answer:
    """Who sends the same at once waits for the first one's row, and gets its answer."""
    digest = hashlib.sha256(body).hexdigest()
    try:
        with transaction.atomic():
            receipt = CrmReceipt.objects.create(system=system, message_id=message_id, digest=digest, received_at=at)
    except IntegrityError as error:
        earlier = CrmReceipt.objects.get(system=system, message_id=message_id)
        if earlier.digest != digest:
            raise MessageReused("A message with this webhook-id had another body. Send a new id.") from error
        found: Answer = earlier.answer
        return found
    answer = _take(system, _read(body, at), at)
    receipt.answer = answer
    receipt.save(update_fields=["answer"])
    return answer


def _read(body: bytes, at: datetime) -> Incoming:
    try:
        message = msgspec.convert(guards.load_json(body, max_bytes=MAX_BODY), Incoming)
    except msgspec.ValidationError as error:
        raise BadMessage(f"The message cannot be read: {error}. Nothing was changed.") from error
    if message.changed_at > at + _AHEAD:
        raise BadMessage("It says it was changed in the future. Set the clock; nothing was changed.")
    if message.changed_at < _NO_DEAL_BEFORE:
        raise BadMessage("It says it was changed before the year 2000. Set the clock; nothing was changed.")
    return message


def _take(system: CrmSystem, message: Incoming, at: datetime) -> Answer:
    deal = _find(system, message)
    steps.lock_customer(deal)
    deal = steps.locked(deal)
    _link(system, deal, message, at)
    taking = _Taking(system, deal, message, at)
    taking.take()
    return {"deal": str(deal.public_id), "state": str(deal.state), "applied": taking.applied, "kept": taking.kept}


def _find(system: CrmSystem, message: Incoming) -> Deal:
    """By our id, else by the system's own; of the deals it may know of."""
    data, deals = message.data, system.deals()
    if data.id is not None:
        found = deals.filter(public_id=data.id)
    elif data.external_id is not None:
        found = deals.filter(crm_links__system=system, crm_links__external_id=guards.check_text(data.external_id))
    else:
        raise BadMessage("Say which deal is meant: by its id here, or by the external_id it was linked with.")
    deal = found.first()
    if deal is None:
        raise UnknownDeal("There is no such deal, or this system may not know of it. Nothing was changed.")
    return deal


def _link(system: CrmSystem, deal: Deal, message: Incoming, at: datetime) -> None:
    """Remembers the system's own id of the deal; the deal is locked."""
    external_id = message.data.external_id
    if external_id is None:
        return
    link = CrmLink.objects.filter(system=system, deal=deal).first()
    if link is not None:
        if link.external_id != external_id:
            raise LinkTaken(f"This deal is {link.external_id} there. Nothing was changed.")
        return
    try:
        with transaction.atomic():
            CrmLink.objects.create(system=system, deal=deal, external_id=external_id, linked_at=at)
    except IntegrityError as error:
        raise LinkTaken(f"{external_id} is another deal there. Nothing was changed.") from error


class _Taking:
    """The fields of one message, for a deal that is locked."""

    def __init__(self, system: CrmSystem, deal: Deal, message: Incoming, at: datetime) -> None:
        self.system, self.deal, self.at = system, deal, at
        self.fields, self.changed_at = message.data.fields, message.changed_at
        self.newest = FieldMark.newest(deal)
        self.applied: list[str] = []
        self.kept: dict[str, str] = {}

    def take(self) -> None:
        """Values first: a stage that ends the deal comes last."""
        for name in self.fields:
            if name not in FIELDS:
                self.kept[name] = "This is no field of a deal."
            elif not may_write(name, is_vendors=self.system.partner_id is None):
                self.kept[name] = FIELDS[name].why
        if "currency" in self.fields and "value" not in self.fields:
            self.kept.setdefault("currency", "It is changed with the value. Send both.")
        for name, apply in (
            ("value", self._value),
            ("close_month", self._close_month),
            ("next_step", self._next_step),
            ("stage", self._stage),
        ):
            if name not in self.fields or name in self.kept:
                continue
            if name in self.newest and self.newest[name] >= self.changed_at:
                self.kept[name] = "Somebody changed it later than that."
            elif name != "stage" and not self.deal.is_open:
                self.kept[name] = "The deal is over, so its figures stay."
            else:
                apply(self.fields[name])
        if "lost_reason" in self.fields and not (self.deal.state == State.LOST and "stage" in self.applied):
            self.kept.setdefault("lost_reason", FIELDS["lost_reason"].why)

    def _value(self, text: str) -> None:
        currency = self.fields.get("currency", self.deal.currency)
        if currency not in self.deal.rules.rules.currencies:
            raise BadDeal("currency", f"Deals are registered in {', '.join(self.deal.rules.rules.currencies)}.")
        value = parse_amount(text, currency)
        if (value, currency) == (self.deal.value, self.deal.currency):
            self._confirm("value")
            return
        before = shown(self.deal.value, self.deal.currency)
        self.deal.value, self.deal.currency = value, currency
        self._save("value", before, shown(value, currency), ["value", "currency"])

    def _close_month(self, text: str) -> None:
        try:
            month = date.fromisoformat(text if len(text) > len("2026-11") else f"{text}-01").replace(day=1)
        except ValueError as error:
            raise BadDeal("close_month", "Send a month as 2026-11, or a day as 2026-11-30.") from error
        ahead = (month.year - self.at.year) * 12 + month.month - self.at.month
        if not -MOST_MONTHS_AHEAD <= ahead <= MOST_MONTHS_AHEAD:
            raise BadDeal("close_month", "Send a month within three years.")
        before = self.deal.close_month
        if month == before:
            self._confirm("close_month")
            return
        self.deal.close_month = month
        self._save("close_month", f"{before:%Y-%m}", f"{month:%Y-%m}", ["close_month"])

    def _next_step(self, text: str) -> None:
        text, before = guards.clean_name(text), self.deal.next_step
        if not text or len(text) > 300:
            raise BadDeal("next_step", "Send a next step of at most 300 characters.")
        if text == before:
            self._confirm("next_step")
            return
        self.deal.next_step = text
        self._save("next_step", before, text, ["next_step"])

    def _stage(self, text: str) -> None:
        move = STAGES.get(text.strip().casefold())
        if move is None:
            self._confirm("stage", why=FIELDS["stage"].why)
            return
        wanted: Move = MOVES[move]
        if self.deal.state == wanted.target:
            self._confirm("stage")
            return
        reason = self._lost_reason() if move == "lose" else ""
        before, held = self.deal.get_state_display(), self.deal.holds
        words = f"Reported by {self.system.name}."
        try:
            made = steps.advance(self.deal, move, by=None, at=self.at, reason=reason, text=words, source=self.system)
        except IllegalMove:
            self.kept["stage"] = f"A deal that is “{before.lower()}” is not ended by a CRM."
            return
        if held:
            steps.pass_on(self.deal, at=self.at)
        self._log("stage", before, self.deal.get_state_display(), move=made.number)

    def _lost_reason(self) -> str:
        """A field that was left empty over there is no reason: it counts as "other", as one that is not sent."""
        reason = self.fields.get("lost_reason", "").strip() or LostReason.OTHER
        if reason not in LostReason.values:
            raise BadDeal("lost_reason", f"Send one of {', '.join(LostReason.values)}.")
        return str(reason)

    def _confirm(self, name: str, *, why: str = "It is that already.") -> None:
        """Nothing changes, and what was said before this comes too late from now on. The deal is locked."""
        self.kept[name] = why
        said = {"changed_at": self.changed_at}
        FieldMark.objects.update_or_create(deal=self.deal, field=name, defaults=said)

    def _save(self, name: str, before: str, after: str, columns: list[str]) -> None:
        """A change of the partner's own system is a sign of life of the partner."""
        if self.system.partner_id is not None and self.deal.touched_at < self.at:
            self.deal.touched_at = self.at
            columns = [*columns, "touched_at"]
        self.deal.save(update_fields=columns)
        queue_change(change=self._log(name, before, after), at=self.at)

    def _log(self, name: str, before: str, after: str, move: int | None = None) -> DealChange:
        self.applied.append(name)
        record_audit(
            action="deals.receive_message",
            actor=None,
            at=self.at,
            target=self.deal,
            partner_id=self.deal.partner.public_id,
            detail={"system": self.system.name, "field": name, "before": before, "after": after},
        )
        return DealChange.objects.create(
            deal=self.deal,
            system=self.system,
            system_name=self.system.name,
            field=name,
            before=before,
            after=after,
            changed_at=self.changed_at,
            at=self.at,
            move=move,
        )
