"""What is known of a customer and others, as facts for the rules of engagement."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lms.deals.engagement import Clause, Facts, First, Other, Relation, Rules, rule, who_was_first
from lms.deals.models import Deal, DealQuerySet, VendorAccount
from lms.deals.moves import State

# How long a won deal makes the customer the partner's account.
INCUMBENCY = timedelta(days=730)


def judge(
    *, deal: Deal, at: datetime, customer_called: bool = False, independently: bool = False
) -> tuple[Clause, list[Facts]]:
    """The clause of the deal's rules that applies to it now, and the facts it was found by. The two facts a person adds
    are what no table knows: the customer turned to the applicant by himself; both learned of him independently. Four
    queries.
    """
    facts = _facts_of(deal, at=at, customer_called=customer_called, independently=independently)
    return rule(deal.rules.rules, facts), facts


def _facts_of(deal: Deal, *, at: datetime, customer_called: bool, independently: bool) -> list[Facts]:
    """One row for each other, one without any."""
    rules = deal.rules.rules
    keys = {"name_key": deal.name_key, "country": deal.customer_country, "domain_key": deal.domain_key}
    own = _won(keys, at).filter(partner=deal.partner_id).exists()
    added: dict[str, Any] = {"customer_called": customer_called, "own_account": own}
    rivals = Deal.objects.holding().of_customer(**keys).filter(product=deal.product).exclude(pk=deal.pk)
    found = [
        Facts(
            other=Other.PARTNER,
            relation=Relation.LEAD,
            **_first(deal, rival.registered_at, rules, independently),
            idle_days=(at - rival.touched_at).days if rival.is_protected else None,
            **added,
        )
        for rival in rivals
    ]
    if _won(keys, at).exclude(partner=deal.partner_id).exists():
        found.append(Facts(other=Other.PARTNER, relation=Relation.ACCOUNT, first=First.OTHER, **added))
    for account in VendorAccount.objects.of_customer(**keys):
        since = datetime.combine(account.since_on, datetime.min.time(), UTC)
        found.append(
            Facts(
                other=Other.VENDOR,
                relation=Relation(account.relation),
                **_first(deal, since, rules, independently),
                lost_days=account.lost_days(at.date()),
                **added,
            )
        )
    return found or [Facts(**added)]


def _won(keys: dict[str, str], at: datetime) -> DealQuerySet:
    return Deal.objects.of_customer(**keys).filter(state=State.WON, state_since__gt=at - INCUMBENCY)


def _first(deal: Deal, other_since: datetime, rules: Rules, independently: bool) -> dict[str, Any]:
    """Who knew of it first: said by a person, or told by the time between them."""
    if independently:
        return {"first": First.SAME}
    seconds = (deal.registered_at - other_since).total_seconds()
    return {"first": who_was_first(seconds, rules), "seconds_after": seconds}
