"""What the vendor gave a partner, and what the partner brought: the same rows that explain the figures make them.

A lead counts for the period in which it was offered, a deal for the one in which it was registered, and each with what
had become of it, and its amount, before the period's end. A deal that came of a lead is the vendor's giving, not the
partner's bringing. Reads only.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from lms.deals.lead_moves import LeadState
from lms.deals.models import Deal, DealChange, DealMove, LeadMove, Origin
from lms.deals.money import read_shown, shown
from lms.deals.moves import State
from lms.partners.models import Partner

_OFFERS = ("give", "give_again")
_STILL_APPROVED = (State.APPROVED, State.EXTENDED, State.WON, State.LOST, State.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class Period:
    """[since, until), UTC."""

    label: str
    since: datetime
    until: datetime


def periods(at: datetime) -> dict[str, Period]:
    """Those that can be asked for; the ones that run end now."""
    moment = at.astimezone(UTC)
    quarter = datetime(moment.year, (moment.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)
    before = quarter - timedelta(days=1)
    earlier = datetime(before.year, (before.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)
    return {
        "months": Period(label="12 months", since=moment - timedelta(days=365), until=moment),
        "quarter": Period(label="This quarter", since=quarter, until=moment),
        "before": Period(label="The quarter before", since=earlier, until=quarter),
        "year": Period(label="This year", since=datetime(moment.year, 1, 1, tzinfo=UTC), until=moment),
    }


@dataclass(frozen=True, kw_only=True)
class Given:
    """One offer of a lead. `outcome` is the state it came to; `is_seen` says that its partner still sees the lead."""

    lead_id: UUID
    customer: str
    at: datetime
    is_seen: bool
    outcome: LeadState = LeadState.OFFERED
    is_won: bool = False
    value: Decimal | None = None
    currency: str = ""

    @property
    def amount(self) -> str:
        return "" if self.value is None else shown(self.value, self.currency)


@dataclass(frozen=True, kw_only=True)
class Brought:
    """One deal that the partner found itself."""

    deal_id: UUID
    customer: str
    at: datetime
    state: State
    is_approved: bool
    value: Decimal
    currency: str

    @property
    def is_won(self) -> bool:
        return self.state == State.WON

    @property
    def amount(self) -> str:
        return shown(self.value, self.currency)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Both sides of one partner, or of all together. Amounts stand per currency and are never added across."""

    partner: Partner | None
    given: list[Given] = field(default_factory=list)
    brought: list[Brought] = field(default_factory=list)

    def _given(self, outcome: LeadState) -> int:
        return sum(one.outcome == outcome for one in self.given)

    @property
    def accepted(self) -> int:
        return self._given(LeadState.ACCEPTED)

    @property
    def declined(self) -> int:
        return self._given(LeadState.DECLINED)

    @property
    def lapsed(self) -> int:
        return self._given(LeadState.EXPIRED)

    @property
    def given_won(self) -> int:
        return sum(one.is_won for one in self.given)

    @property
    def given_amounts(self) -> list[str]:
        """What won leads came to."""
        return _sums((one.currency, one.value) for one in self.given if one.is_won)

    @property
    def approved(self) -> int:
        return sum(one.is_approved for one in self.brought)

    @property
    def brought_won(self) -> int:
        return sum(one.is_won for one in self.brought)

    @property
    def approved_amounts(self) -> list[str]:
        return _sums((one.currency, one.value) for one in self.brought if one.is_approved)

    @property
    def brought_amounts(self) -> list[str]:
        """What won deals came to."""
        return _sums((one.currency, one.value) for one in self.brought if one.is_won)


def _sums(amounts: Iterable[tuple[str, Decimal | None]]) -> list[str]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, value in amounts:
        if value is not None:
            found[currency] += value
    return [shown(value, currency) for currency, value in sorted(found.items())]


def balances(*, partners: Collection[Partner], period: Period) -> tuple[Balance, list[Balance]]:
    """All together, and each partner with something on either side, in the order given. Two queries."""
    by_partner = {partner.pk: Balance(partner=partner) for partner in partners}
    for pk, offer in _offers(by_partner, period):
        by_partner[pk].given.append(offer)
    for pk, deal in _deals(by_partner, period):
        by_partner[pk].brought.append(deal)
    rows = [one for one in by_partner.values() if one.given or one.brought]
    total = Balance(
        partner=None,
        given=[offer for one in rows for offer in one.given],
        brought=[deal for one in rows for deal in one.brought],
    )
    return total, rows


def balance_of(partner: Partner, period: Period) -> Balance:
    """Of one partner, the newest rows first. Two queries."""
    total, _ = balances(partners=[partner], period=period)
    given = sorted(total.given, key=lambda one: one.at, reverse=True)
    brought = sorted(total.brought, key=lambda one: one.at, reverse=True)
    return Balance(partner=partner, given=given, brought=brought)


def _offers(partners: Collection[int], period: Period) -> list[tuple[int, Given]]:
    """(partner, offer) of the period. A lead that was given again is an offer to each, and to the same partner one:
    the latest. What was taken back was not given.
    """
    moves = LeadMove.objects.filter(partner__in=partners, at__gte=period.since, at__lt=period.until)
    became = DealMove.objects.state_of(OuterRef("lead__deal"), period.until)
    known = moves.annotate(became=became, amount_then=_amount_before("lead__deal", period.until))
    found: dict[tuple[int, int], Given] = {}
    for move in known.select_related("lead__deal").order_by("lead", "number"):
        lead, key = move.lead, (move.lead_id, move.partner_id)
        if move.move in _OFFERS:
            is_seen = lead.partner_id == move.partner_id and lead.state in (LeadState.OFFERED, LeadState.ACCEPTED)
            found[key] = Given(lead_id=lead.public_id, customer=lead.customer_name, at=move.at, is_seen=is_seen)
        elif key in found:  # else it was offered before the period
            offer = replace(found[key], outcome=LeadState(move.to_state))
            if move.move == "accept" and lead.deal is not None:
                value, currency = _amount(move.amount_then, lead.deal.value, lead.deal.currency)
                offer = replace(offer, is_won=move.became == State.WON, value=value, currency=currency)
            found[key] = offer
    return [(partner, one) for (_, partner), one in found.items() if one.outcome != LeadState.RECALLED]


def _amount_before(deal: str, until: datetime) -> Subquery:
    """What the first change of the amount after the period took away; NULL where it is still the same."""
    later = DealChange.objects.filter(deal=OuterRef(deal), field="value", at__gte=until).order_by("at", "pk")
    return Subquery(later.values("before")[:1])


def _amount(then: str | None, value: Decimal, currency: str) -> tuple[Decimal, str]:
    return (value, currency) if then is None else read_shown(then)


def _deals(partners: Collection[int], period: Period) -> list[tuple[int, Brought]]:
    """(partner, deal) registered in the period, and not from a lead of ours."""
    deals = Deal.objects.filter(partner__in=partners, registered_at__gte=period.since, registered_at__lt=period.until)
    approval = DealMove.objects.filter(deal=OuterRef("pk"), to_state=State.APPROVED, at__lt=period.until)
    known = deals.exclude(origin=Origin.LEAD).as_of(period.until)
    known = known.annotate(was_approved=Exists(approval), amount_then=_amount_before("pk", period.until))
    names = (
        "partner",
        "public_id",
        "customer_name",
        "registered_at",
        "state_then",
        "was_approved",
        "value",
        "currency",
        "amount_then",
    )
    rows = known.order_by("registered_at", "pk").values_list(*names)
    return [
        (
            partner,
            Brought(
                deal_id=public_id,
                customer=customer,
                at=at,
                state=State(state),
                is_approved=was_approved and state in _STILL_APPROVED,
                value=amount[0],
                currency=amount[1],
            ),
        )
        for partner, public_id, customer, at, state, was_approved, value, currency, then in rows
        for amount in [_amount(then, value, currency)]
    ]
