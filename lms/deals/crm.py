"""What passes between us and a CRM: types of messages, who owns which field, and the body that goes out. Pure.

docs/crm.md describes both directions and maps them to Salesforce and HubSpot.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import TextChoices
from msgspec import Meta, Struct

from lms.deals.models import CrmLink, Deal, DealChange, DealMove

MAX_BODY = 64 * 1024
MAX_EXTERNAL_ID = 100


class MessageType(TextChoices):
    """What a system can ask to hear."""

    REGISTERED = "deal.registered", "A deal was registered"
    MOVED = "deal.moved", "A deal moved: approved, won, expired …"
    CHANGED = "deal.changed", "A value, month or next step changed"


class Owner(StrEnum):
    """Whose word counts for a field. `platform`: ours alone, since protection, conflicts or the rules hang on it.
    `vendor`: a message of the vendor's CRM changes it. `shared`: also one of the partner's own CRM.
    """

    PLATFORM = "platform"
    VENDOR = "vendor"
    SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class FieldRule:
    owner: Owner
    why: str


_HELD = "The protection of the customer hangs on it, so it stays as it was registered."
_JUDGED = "The deal was judged by it, so it stays as it was registered."
# Approved deals count for tiers by their value: a partner's own system does not raise it.
FIELDS: dict[str, FieldRule] = {
    "stage": FieldRule(owner=Owner.VENDOR, why="The vendor's CRM says won and lost; all else is decided here."),
    "value": FieldRule(owner=Owner.VENDOR, why="What counts for tiers and commission is changed by the vendor's CRM."),
    "currency": FieldRule(owner=Owner.VENDOR, why="It is changed with the value, by the vendor's CRM."),
    "close_month": FieldRule(owner=Owner.SHARED, why="The last one to change it is right."),
    "next_step": FieldRule(owner=Owner.SHARED, why="The last one to change it is right."),
    "lost_reason": FieldRule(owner=Owner.VENDOR, why="It goes with the stage."),
    "customer_name": FieldRule(owner=Owner.PLATFORM, why=_HELD),
    "customer_domain": FieldRule(owner=Owner.PLATFORM, why=_HELD),
    "customer_country": FieldRule(owner=Owner.PLATFORM, why=_HELD),
    "product": FieldRule(owner=Owner.PLATFORM, why=_JUDGED),
    "need": FieldRule(owner=Owner.PLATFORM, why=_JUDGED),
    "state": FieldRule(owner=Owner.PLATFORM, why="Moves are made here. Send “stage” for won and lost."),
    "protected_until": FieldRule(owner=Owner.PLATFORM, why="It follows from the rules of engagement."),
}
# What CRMs call the two stages that are taken (Salesforce: StageName; HubSpot: ids of the default pipeline).
STAGES = {
    **dict.fromkeys(("won", "closed won", "closedwon"), "win"),
    **dict.fromkeys(("lost", "closed lost", "closedlost"), "lose"),
}


def may_write(name: str, *, is_vendors: bool) -> bool:
    """Whether a system of the vendor's, or of a partner's, may change the field."""
    rule = FIELDS.get(name)
    return rule is not None and (rule.owner == Owner.SHARED or (is_vendors and rule.owner == Owner.VENDOR))


# --- In ---


class Data(Struct, frozen=True, kw_only=True):
    """Which deal, and what is known of it there. `changed_at` is the CRM's clock; the message's timestamp without."""

    fields: dict[Annotated[str, Meta(max_length=50)], Annotated[str, Meta(max_length=1000)]] = {}
    id: UUID | None = None
    external_id: Annotated[str, Meta(min_length=1, max_length=MAX_EXTERNAL_ID)] | None = None
    changed_at: Annotated[datetime, Meta(tz=True)] | None = None


class Incoming(Struct, frozen=True, kw_only=True):
    """A message of a CRM. Members that are not named here are read over."""

    type: Literal["deal.updated"]
    timestamp: Annotated[datetime, Meta(tz=True)]
    data: Data

    @property
    def changed_at(self) -> datetime:
        return self.data.changed_at or self.timestamp


# --- Out ---


def body_of_move(move: DealMove, link: CrmLink | None) -> bytes:
    """A registration or a move, with the deal as it is now."""
    told = {
        "number": move.number,
        "name": move.move,
        "from": move.from_state,
        "to": move.to_state,
        "reason": move.reason,
        "text": move.text,
        "clause": move.clause,
    }
    return _body(type_of_move(move), move.at, move.deal, link, {"move": told})


def body_of_change(change: DealChange, link: CrmLink | None) -> bytes:
    """A field that another system changed, with the deal as it is now."""
    told = {"field": change.field, "before": change.before, "after": change.after, "by": change.system_name}
    return _body(MessageType.CHANGED, change.at, change.deal, link, {"change": told})


def type_of_move(move: DealMove) -> MessageType:
    return MessageType.REGISTERED if move.number == 1 else MessageType.MOVED


def _body(type_: str, at: datetime, deal: Deal, link: CrmLink | None, more: Mapping[str, Any]) -> bytes:
    data = {
        "id": deal.public_id,
        "external_id": None if link is None else link.external_id,
        "partner": {"id": deal.partner.public_id, "name": deal.partner.name},
        "customer": {"name": deal.customer_name, "domain": deal.customer_domain, "country": deal.customer_country},
        "product": deal.product,
        "value": f"{deal.value:f}",
        "currency": deal.currency,
        "close_month": f"{deal.close_month:%Y-%m}",
        "need": deal.need,
        "next_step": deal.next_step,
        "state": str(deal.state),
        "state_since": deal.state_since,
        "protected_until": deal.protected_until,
        "is_eligible": deal.is_eligible,
        **more,
    }
    return msgspec.json.encode({"type": str(type_), "timestamp": at, "data": data})


# --- Keys ---


class Direction(StrEnum):
    """As seen from here."""

    OUT = "out"
    IN = "in"


def direction_key(master: bytes, direction: Direction) -> bytes:
    """The key of one direction: a message of ours that is sent back to us is not signed for us."""
    return hmac.new(master, f"lms.deals.crm:{direction}".encode(), hashlib.sha256).digest()
