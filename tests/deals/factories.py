"""Rules in force and accepted, partners with people, and deals registered by the real services."""

import copy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from django.contrib.auth.models import Group

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import Deal, EngagementRules, Lead, VendorAccount
from lms.partners.models import Membership, Partner
from tests.factories import MembershipFactory, PartnerFactory, UserFactory

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
_FILE = Path(__file__).resolve().parents[2] / "fixtures" / "demo" / "engagement.yaml"


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_FILE.read_text())
    return found


def document(**changes: Any) -> dict[str, Any]:
    """The demo's rules; without its demand for certificates and its approval of small deals, unless asked for."""
    found = copy.deepcopy(_document())
    found |= {"requires_certified": None, "approve_up_to": {}, "neutral_credit": None} | changes
    return found


def rules(*, effective_at: datetime = LONG_AGO, **changes: Any) -> EngagementRules:
    """The next version, in force since long ago."""
    return services.publish_rules(document=document(**changes), effective_at=effective_at, by=None, at=effective_at)


def house(name: str = "Kestrel", *, accepts: bool = True, at: datetime = LONG_AGO) -> Membership:
    """A rep of a new partner, whose manager has accepted the rules in force."""
    partner = PartnerFactory(name=name)
    manager = MembershipFactory(partner=partner, role=Membership.Role.MANAGER, person__name=f"Manager {name}")
    version = EngagementRules.objects.order_by("-number").first() or rules()
    if accepts:
        services.accept_rules(version=version, partner=partner, by=manager.person, at=at)
    return MembershipFactory(partner=partner, person__name=f"Rep {name}")


def manager_of(partner: Partner) -> User:
    return User.objects.get(name=f"Manager {partner.name}")


def draft(at: datetime, **changes: Any) -> services.Draft:
    fields: dict[str, Any] = {
        "customer_name": "Acme GmbH",
        "customer_domain": "acme.example",
        "customer_country": "DE",
        "product": "halden-sites",
        "value": "48000",
        "currency": "EUR",
        "close_month": at.date().replace(day=1),
        "need": "Forty shops without a picture of their stock.",
        "next_step": "Demo on Thursday",
    }
    return services.Draft(**(fields | changes))


def register(rep: Membership, at: datetime, **changes: Any) -> Deal:
    return services.register_deal(
        partner=rep.partner, by=rep.person, draft=draft(at, **changes), request_key=uuid4(), at=at
    )


def channel_manager(name: str = "Efua", group: str = "Channel managers") -> User:
    user: User = UserFactory(name=name)
    user.groups.add(Group.objects.get(name=group))
    return user


def head_of_channel(name: str = "Ruben") -> User:
    return channel_manager(name, "Portal managers")


def move(deal: Deal, name: str, by: User, at: datetime, **words: Any) -> Deal:
    return services.move_deal(deal=deal, move=name, by=by, at=at, **words)


def approved(rep: Membership, at: datetime, *, by: User | None = None, **changes: Any) -> Deal:
    return move(register(rep, at, **changes), "approve", by or channel_manager("Approver"), at)


def account(at: datetime, relation: str = "lead", **changes: Any) -> VendorAccount:
    fields: dict[str, Any] = {
        "name": "ACME",
        "domain": "",
        "country": "DE",
        "since_on": at.date(),
        "lost_on": None,
        "seller": None,
    }
    by = changes.pop("by", None) or channel_manager("Keeper")
    return services.save_account(account=None, relation=relation, by=by, at=at, **(fields | changes))


def lead_draft(**changes: Any) -> services.LeadDraft:
    fields: dict[str, Any] = {
        "customer_name": "Acme GmbH",
        "customer_domain": "acme.example",
        "customer_country": "DE",
        "product": "halden-sites",
        "need": "Forty shops without a picture of their stock.",
        "contact": "Ada Lind, ada@acme.example",
        "value": "48000",
        "currency": "EUR",
    }
    return services.LeadDraft(**(fields | changes))


def give(partner: Partner, at: datetime, *, by: User | None = None, days: int = 7, **changes: Any) -> Lead:
    by = by or channel_manager("Giver")
    return services.give_lead(draft=lead_draft(**changes), partner=partner, days=days, by=by, at=at)


def accept(lead: Lead, by: User, at: datetime, **changes: Any) -> Deal:
    words = {"value": "50000", "currency": "EUR", "close_month": at.date(), "next_step": "Call"}
    return services.accept_lead(lead=lead, by=by, at=at, **(words | changes))
