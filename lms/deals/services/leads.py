"""Leads of the vendor: given to a partner, accepted or declined before they expire, given to another.

Locks: a lead, then its partner, then the customer; so nobody waits in a circle with who registers or moves a deal.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.deals.errors import BadDeal, CustomerTaken, IllegalMove, NotYourMove, WordsMissing
from lms.deals.events import LeadMoved
from lms.deals.lead_moves import DeclineReason, LeadState
from lms.deals.models import Deal, EngagementRules, Lead, LeadMove, Origin, VendorAccount
from lms.deals.services.each import each
from lms.deals.services.engaging import rules_in_force
from lms.deals.services.registering import Draft, read_draft, register_deal
from lms.events.services import emit
from lms.partners.models import Membership, Partner

MOST_DAYS = 60
MAX_CONTACT = 300
MAX_TEXT = 1000


@dataclass(frozen=True, kw_only=True)
class LeadDraft:
    """What the vendor knows of a customer, as it was typed. `value` may be empty."""

    customer_name: str
    customer_domain: str
    customer_country: str
    product: str
    need: str
    contact: str
    value: str = ""
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """Who is concerned with the customer of a lead already: for the vendor's people."""

    deals: tuple[Deal, ...]
    leads: tuple[Lead, ...]
    accounts: tuple[VendorAccount, ...]

    def __bool__(self) -> bool:
        return bool(self.deals or self.leads or self.accounts)

    @property
    def is_taken(self) -> bool:
        """Whether it cannot be given: a registration holds the customer, or he is offered to somebody already."""
        return bool(self.deals or self.leads)


def concerned_with(draft: LeadDraft, *, at: datetime) -> Concerned:
    """Registrations that hold this customer, leads of him that are offered, and accounts of our own. Three queries
    beside the rules. Raises BadDeal, NoRulesInForce.
    """
    return _concerned(_fields(draft, rules_in_force(at=at), at), None)


def _concerned(fields: dict[str, object], lead: Lead | None) -> Concerned:
    keys = {"name_key": fields["name_key"], "country": fields["customer_country"], "domain_key": fields["domain_key"]}
    deals = Deal.objects.holding().of_customer(**keys).filter(product=fields["product"])  # type: ignore[arg-type]
    leads = Lead.objects.offered().filter(
        name_key=fields["name_key"], customer_country=fields["customer_country"], product=fields["product"]
    )
    if lead is not None:
        leads = leads.exclude(pk=lead.pk)
    accounts = VendorAccount.objects.of_customer(**keys).exclude(relation="lost")  # type: ignore[arg-type]
    return Concerned(
        deals=tuple(deals.select_related("partner", "rules").order_by("pk")),
        leads=tuple(leads.select_related("partner").order_by("pk")),
        accounts=tuple(accounts.order_by("pk")),
    )


def _fields(draft: LeadDraft, version: EngagementRules, at: datetime) -> dict[str, object]:
    """The fields of the row, judged like those of a deal. Raises BadDeal naming the field."""
    rules = version.rules
    contact = " ".join(draft.contact.split())
    if not contact or len(contact) > MAX_CONTACT:
        raise BadDeal("contact", f"Say whom to talk to, in at most {MAX_CONTACT} characters.")
    like_deal = Draft(
        customer_name=draft.customer_name,
        customer_domain=draft.customer_domain,
        customer_country=draft.customer_country,
        product=draft.product,
        value=draft.value.strip() or "1",
        currency=draft.currency or rules.currencies[0],
        close_month=at.date(),
        need=draft.need,
        next_step=contact,
    )
    fields = read_draft(like_deal, rules=rules, on=at.date())
    fields["contact"] = fields.pop("next_step")
    del fields["close_month"]
    if not draft.value.strip():
        fields |= {"value": None, "currency": ""}
    return fields


@transaction.atomic
def give_lead(*, draft: LeadDraft, partner: Partner, days: int, by: User, at: datetime) -> Lead:
    """Offers a customer to a partner, who answers within so many days.

    Raises NotYourMove, BadDeal, NoRulesInForce, and CustomerTaken where a registration holds the customer or he is
    offered already. Emits LeadMoved.
    """
    expires_at = _allowed(partner, days, by, at)
    fields = _fields(draft, rules_in_force(at=at), at)
    _require_free(_concerned(fields, None))
    lead = Lead(**fields, partner=partner, given_by=by, given_at=at, expires_at=expires_at, state=LeadState.OFFERED)
    try:
        with transaction.atomic():
            lead.save(force_insert=True)
    except IntegrityError as error:  # offered since the look
        raise CustomerTaken("Somebody has just offered this customer to a partner.") from error
    _log(lead, "give", "", by=by, at=at)
    return lead


def _allowed(partner: Partner, days: int, by: User, at: datetime) -> datetime:
    if not by.has_perm("deals.give_lead"):
        raise NotYourMove("Our channel managers give leads. Nothing was changed.")
    if Membership.objects.active(at.date()).filter(partner=partner, person=by).exists():
        raise NotYourMove(f"You work for {partner.name}: somebody else has to give it leads. Nothing was changed.")
    if partner.suspended_at is not None:
        raise BadDeal("partner", f"{partner.name} is suspended.")
    if not 1 <= days <= MOST_DAYS:
        raise BadDeal("days", f"Choose 1 to {MOST_DAYS} days.")
    return at + timedelta(days=days)


def _require_free(found: Concerned) -> None:
    if found.deals:
        raise CustomerTaken(f"{found.deals[0].partner.name} has registered this customer and product.")
    if found.leads:
        raise CustomerTaken(f"This customer is offered to {found.leads[0].partner.name} already.")


@transaction.atomic
def give_again(*, lead: Lead, partner: Partner, days: int, by: User, at: datetime) -> Lead:
    """Offers a lead that was declined, not answered or taken back to another partner, or to the same once more.

    Raises NotYourMove, BadDeal, CustomerTaken, IllegalMove. Locks the lead. Emits LeadMoved.
    """
    expires_at = _allowed(partner, days, by, at)
    lead = _locked(lead)
    names = ("name_key", "domain_key", "customer_country", "product")
    _require_free(_concerned({name: getattr(lead, name) for name in names}, lead))
    before = lead.state
    changes = {"partner": partner, "given_by": by, "given_at": at, "expires_at": expires_at}
    try:
        with transaction.atomic():
            Lead.objects.advance(lead, "give_again", **changes)
    except IntegrityError as error:
        raise CustomerTaken("Somebody has just offered this customer to a partner.") from error
    _log(lead, "give_again", before, by=by, at=at)
    return lead


@transaction.atomic
def accept_lead(
    *, lead: Lead, value: str, currency: str, close_month: date, next_step: str, by: User, at: datetime
) -> Deal:
    """Makes the lead a deal of the person's, approved and protected at once: its customer comes from us. Where another
    registration took the customer meanwhile, the deal is in conflict review like any other.

    A repeat by the same person returns the deal. Raises NotYourMove, IllegalMove also after its time, and all that
    `register_deal` raises; then it is still offered. Locks the lead. Emits LeadMoved and DealMoved.
    """
    lead = _locked(lead)
    _require_member(lead, by)
    if lead.deal is not None and lead.deal.registered_by_id == by.pk:
        return lead.deal
    _require_in_time(lead, at)
    deal = register_deal(
        partner=lead.partner,
        by=by,
        draft=Draft(
            customer_name=lead.customer_name,
            customer_domain=lead.customer_domain,
            customer_country=lead.customer_country,
            product=lead.product,
            value=value,
            currency=currency,
            close_month=close_month,
            need=lead.need,
            next_step=next_step,
        ),
        request_key=uuid5(NAMESPACE_URL, f"laurel:lead:{lead.public_id}:{lead.given_at.isoformat()}"),
        at=at,
        origin=Origin.LEAD,
    )
    Lead.objects.advance(lead, "accept", deal=deal)
    _log(lead, "accept", LeadState.OFFERED, by=by, at=at)
    return deal


def _require_member(lead: Lead, by: User) -> None:
    if not by.has_perm("deals.register_deal", lead.partner):
        raise NotYourMove(f"People of {lead.partner.name} answer this lead. Nothing was changed.")


def _require_in_time(lead: Lead, at: datetime) -> None:
    if lead.is_offered and lead.expires_at <= at:
        raise IllegalMove("The time to answer this lead is over. Nothing was changed.")
    if not lead.is_offered:
        raise IllegalMove("This lead is answered already. Nothing was changed.")


@transaction.atomic
def decline_lead(*, lead: Lead, reason: str, text: str = "", by: User, at: datetime) -> Lead:
    """Gives the lead back, for a reason of the list. Raises NotYourMove, WordsMissing, IllegalMove. Emits LeadMoved."""
    lead = _locked(lead)
    _require_member(lead, by)
    if reason not in DeclineReason.values or len(text) > MAX_TEXT:
        raise WordsMissing("Choose one of the reasons. Nothing was changed.")
    _require_in_time(lead, at)
    Lead.objects.advance(lead, "decline")
    _log(lead, "decline", LeadState.OFFERED, by=by, at=at, reason=reason, text=text)
    return lead


@transaction.atomic
def recall_lead(*, lead: Lead, by: User, at: datetime) -> Lead:
    """Takes an offered lead back. Raises NotYourMove, IllegalMove. Emits LeadMoved."""
    if not by.has_perm("deals.give_lead"):
        raise NotYourMove("Our channel managers take leads back. Nothing was changed.")
    lead = _locked(lead)
    Lead.objects.advance(lead, "recall")
    _log(lead, "recall", LeadState.OFFERED, by=by, at=at)
    return lead


def expire_leads(*, at: datetime) -> int:
    """Ends offers whose time is over. Returns how many; twice changes nothing. Emits LeadMoved."""
    return each(Lead.objects.overdue(at).order_by("expires_at", "pk"), partial(_expire, at=at))


@transaction.atomic
def _expire(lead: Lead, *, at: datetime) -> bool:
    lead = _locked(lead)
    if not lead.is_offered or lead.expires_at > at:
        return False
    Lead.objects.advance(lead, "expire")
    _log(lead, "expire", LeadState.OFFERED, by=None, at=at)
    return True


def _locked(lead: Lead) -> Lead:
    wanted = Lead.objects.select_related("partner", "deal").select_for_update(of=("self",))
    return wanted.get(pk=lead.pk)


def _log(
    lead: Lead, move: str, before: str, *, by: User | None, at: datetime, reason: str = "", text: str = ""
) -> None:
    number = lead.moves.count() + 1
    LeadMove.objects.create(
        lead=lead,
        number=number,
        move=move,
        from_state=before,
        to_state=lead.state,
        partner=lead.partner,
        at=at,
        by=by,
        reason=reason,
        text=text.strip(),
    )
    record_audit(
        action="deals.move_lead",
        actor=by,
        at=at,
        target=lead,
        partner_id=lead.partner.public_id,
        detail={"move": move, "from": before, "to": lead.state},
    )
    emit(LeadMoved(at=at, lead_id=lead.public_id, number=number))
