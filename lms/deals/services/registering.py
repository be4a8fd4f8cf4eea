"""Registering a deal: once per form, judged by the rules at once, first come first held."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.common import guards
from lms.common.errors import RequestReused
from lms.deals import matching
from lms.deals.countries import COUNTRIES
from lms.deals.engagement import Clause, Outcome, Rules, last_protected_day
from lms.deals.errors import AlreadyRegistered, BadDeal, IllegalMove, NotAMember, TooManyOpen
from lms.deals.models import Deal, EngagementRules, Origin
from lms.deals.money import parse_amount
from lms.deals.moves import State
from lms.deals.services import steps
from lms.deals.services.capability import require_open
from lms.deals.services.conflicts import judge
from lms.deals.services.engaging import rules_for
from lms.partners.models import Membership, Partner
from lms.partners.services.memberships import lock_partner

MOST_MONTHS_AHEAD = 36


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a rep says of a deal, as it was typed. `value` is text: it is read exactly, never as a float."""

    customer_name: str
    customer_domain: str
    customer_country: str
    product: str
    value: str
    currency: str
    close_month: date
    need: str
    next_step: str

    def digest(self) -> str:
        """SHA-256 over the content, by which a second request with the same key is told from a repeated one."""
        content = json.dumps({**asdict(self), "close_month": self.close_month.isoformat()}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


@transaction.atomic
def register_deal(
    *,
    partner: Partner,
    by: User,
    draft: Draft,
    request_key: UUID,
    at: datetime,
    owner: User | None = None,
    origin: Origin = Origin.PARTNER,
) -> Deal:
    """Registers a deal for a partner the person belongs to, and applies the rules of engagement to it.

    `owner` is who of the partner it belongs to, where somebody else registers it for him: whether he may is the
    caller's to know. The same owner's second request with the same key returns the first's deal. Two partners with the
    same customer and product: a constraint lets one hold it, the other is in conflict review. Emits DealMoved for each
    step.

    Raises RequestReused, NotAMember, NoRulesInForce, RulesNotAccepted, NotEntitled, NotCertified, BadDeal,
    AlreadyRegistered, TooManyOpen, and IllegalMove where others take the customer again and again meanwhile. Locks the
    partner, so that its own limit and its own duplicates are exact.
    """
    partner, owner = lock_partner(partner), owner or by
    mine = Deal.objects.filter(registered_by=owner, request_key=request_key)
    earlier = mine.select_related("partner", "rules").first()
    if earlier is not None:
        if earlier.request_digest != draft.digest() or earlier.partner_id != partner.pk:
            raise RequestReused("This form was sent before with another content. Open a new one.")
        return earlier
    version, fields = check_draft(partner=partner, owner=owner, draft=draft, at=at)
    deal = _create(
        **fields,
        partner=partner,
        rules=version,
        registered_by=owner,
        registered_at=at,
        request_key=request_key,
        request_digest=draft.digest(),
        origin=origin,
    )
    _apply(deal, by, at)
    return deal


def check_draft(
    *,
    partner: Partner,
    owner: User,
    draft: Draft,
    at: datetime,
    besides: int = 0,
    version: EngagementRules | None = None,
) -> tuple[EngagementRules, dict[str, Any]]:
    """The rules a registration would be judged by, and the fields of its row. `besides` is how many others are about
    to be registered for the partner, `version` the rules where the caller asked for them before. Writes nothing, and
    says nothing of other partners' deals.

    Raises NotAMember, NoRulesInForce, RulesNotAccepted, NotEntitled, NotCertified, BadDeal, AlreadyRegistered,
    TooManyOpen.
    """
    if partner.suspended_at is not None or (
        not Membership.objects.active(at.date()).filter(person=owner, partner=partner).exists()
    ):
        raise NotAMember(f"You do not belong to {partner.name}. Nothing was registered.")
    version = version or rules_for(partner=partner, at=at)
    require_open(partner=partner, rules=version.rules, at=at)
    fields = read_draft(draft, rules=version.rules, on=at.date())
    _require_room(partner, version.rules, fields, besides)
    return version, fields


def read_draft(draft: Draft, *, rules: Rules, on: date) -> dict[str, Any]:
    """The fields of the row. Raises BadDeal naming the field that cannot be."""
    name = _line("customer_name", draft.customer_name, 150)
    name_key, domain = matching.name_key(name), draft.customer_domain.strip()
    domain_key = matching.domain_key(domain)
    if not name_key:
        raise BadDeal("customer_name", "Enter the company's name.")
    if domain and not domain_key and "." not in domain:
        raise BadDeal("customer_domain", "Enter a domain like example.com, or leave it empty.")
    if draft.customer_country not in COUNTRIES:
        raise BadDeal("customer_country", "Choose a country.")
    if draft.product not in {product.id for product in rules.products}:
        raise BadDeal("product", "Choose one of the products.")
    if draft.currency not in rules.currencies:
        raise BadDeal("currency", f"Deals are registered in {', '.join(rules.currencies)}.")
    month = draft.close_month.replace(day=1)
    ahead = (month.year - on.year) * 12 + month.month - on.month
    if not 0 <= ahead <= MOST_MONTHS_AHEAD:
        raise BadDeal("close_month", "Choose a month from this one on, within three years.")
    return {
        "customer_name": name,
        "customer_domain": _line("customer_domain", domain, 200, is_needed=False),
        "customer_country": draft.customer_country,
        "name_key": name_key,
        "domain_key": domain_key,
        "product": draft.product,
        "value": parse_amount(draft.value, draft.currency),
        "currency": draft.currency,
        "close_month": month,
        "need": _text("need", draft.need, 1000),
        "next_step": _line("next_step", draft.next_step, 300),
    }


def _line(field: str, text: str, length: int, *, is_needed: bool = True) -> str:
    try:
        text = guards.clean_name(text)
    except guards.UnsafeInput as error:
        raise BadDeal(field, error.message) from error
    return _bounded(field, text, length, is_needed)


def _text(field: str, text: str, length: int) -> str:
    try:
        text = guards.check_text(text).strip()
    except guards.UnsafeInput as error:
        raise BadDeal(field, error.message) from error
    return _bounded(field, text, length, True)


def _bounded(field: str, text: str, length: int, is_needed: bool) -> str:
    if is_needed and not text:
        raise BadDeal(field, "This is needed.")
    if len(text) > length:
        raise BadDeal(field, f"At most {length} characters.")
    return text


def _require_room(partner: Partner, rules: Rules, fields: dict[str, Any], besides: int) -> None:
    own = Deal.objects.open().filter(partner=partner)
    same = own.filter(product=fields["product"]).of_customer(
        name_key=str(fields["name_key"]), country=str(fields["customer_country"]), domain_key=str(fields["domain_key"])
    )
    earlier = same.order_by("pk").values_list("public_id", flat=True).first()
    if earlier is not None:
        words = "Your company has an open registration of this customer and product already."
        raise AlreadyRegistered(words, public_id=earlier)
    if own.count() + besides >= rules.max_open:
        raise TooManyOpen(f"Your company has {rules.max_open} open registrations, as many as the rules allow.")


def _create(*, rules: EngagementRules, registered_at: datetime, **fields: Any) -> Deal:
    """The row that holds its customer, or, where another holds him, the row that waits. The other is locked, so he does
    not let go of the customer without seeing who waits. Raises IllegalMove.
    """
    deal = Deal(rules=rules, registered_at=registered_at, state_since=registered_at, touched_at=registered_at, **fields)
    for _ in range(steps.TRIES):
        steps.lock_customer(deal)
        deal.holds = not steps.rivals_of(deal)
        deal.state = State.SUBMITTED if deal.holds else State.IN_CONFLICT
        with suppress(IntegrityError), transaction.atomic():  # taken since the look: look again
            deal.save(force_insert=True)
            return deal
    raise IllegalMove(steps.TAKEN)


def _apply(deal: Deal, by: User, at: datetime) -> None:
    """Logs how it came in and what the rules make of it."""
    if deal.origin == Origin.LEAD and deal.holds:  # the customer comes from us: nobody stands against it
        steps.log(deal, "submit", "", by=by, at=at)
        steps.advance(deal, "approve", by=None, at=at, text="We gave this lead.", **approval(deal, None, at))
        return
    clause, facts = judge(deal=deal, at=at)
    deal.clause, deal.answer_due_at = clause.id, steps.answer_due(deal, at)
    if not deal.holds:
        deal.level = clause.level
        deal.answer_due_at = steps.level_due(deal, clause.level, at)
    deal.save(update_fields=["clause", "level", "answer_due_at"])
    first = "submit" if deal.holds else "contest"
    steps.log(deal, first, "", by=by, at=at, clause=clause.id, facts=facts)
    if clause.outcome == Outcome.REJECT:
        reason = str(clause.reason)
        steps.advance(deal, "reject", by=None, at=at, reason=reason, text=clause.title, clause=clause.id, level=0)
    elif clause.outcome == Outcome.RELEASE:
        release(deal, clause, at=at)
    elif clause.outcome == Outcome.ROUTE and deal.holds:
        due = steps.level_due(deal, clause.level, at)
        steps.advance(
            deal, "route", by=None, at=at, text=clause.title, clause=clause.id, level=clause.level, answer_due_at=due
        )
    elif clause.outcome == Outcome.CLEAR and deal.holds and _is_small(deal):
        steps.advance(deal, "approve", by=None, at=at, clause=clause.id, **approval(deal, None, at))


def release(deal: Deal, clause: Clause, *, at: datetime) -> None:
    """A holder who did nothing for as long as the clause says: his protection ends, and the next one is looked at."""
    for rival in steps.rivals_of(deal):
        if rival.is_protected and (at - rival.touched_at).days >= (clause.when.idle_days or 0):
            steps.advance(rival, "expire", by=None, at=at, text=clause.title, clause=clause.id)
            steps.pass_on(rival, at=at)
    deal.refresh_from_db()


def _is_small(deal: Deal) -> bool:
    """Whether the rules approve a deal of this size without a person."""
    limit: Decimal | None = deal.rules.rules.approve_up_to.get(deal.currency)
    return limit is not None and deal.value <= limit


def approval(deal: Deal, by: User | None, at: datetime) -> dict[str, Any]:
    """What approving sets: who and when, and the last protected day."""
    return {
        "approved_at": at,
        "approved_by": by,
        "answered_at": deal.answered_at or (at if by else None),
        "answer_due_at": None,
        "protected_until": last_protected_day(at.date(), deal.rules.rules.protection_days),
        "extended_at": None,
    }
