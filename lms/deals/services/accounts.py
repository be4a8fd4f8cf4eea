"""The vendor's own customers, which the rules of engagement weigh against registrations."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.deals import matching
from lms.deals.countries import COUNTRIES
from lms.deals.errors import BadDeal, OwnInterest
from lms.deals.models import Deal, VendorAccount
from lms.deals.services import steps
from lms.deals.services.interest import quota_holders

_QUOTA = "You have quota here, so somebody else changes who has. Nothing was changed."


@transaction.atomic
def save_account(
    *,
    account: VendorAccount | None,
    name: str,
    domain: str,
    country: str,
    relation: str,
    since_on: date,
    lost_on: date | None,
    seller: User | None,
    by: User,
    at: datetime,
) -> VendorAccount:
    """Adds or changes a customer of the vendor's. Raises BadDeal for a value that cannot be, and for a second row of
    the same customer. Raises OwnInterest for who has quota in the customer and takes it off himself. Deals that were
    judged before stay as they are.
    """
    name = guards.clean_name(name)
    row = VendorAccount()
    if account is not None:
        row = VendorAccount.objects.select_related("seller").select_for_update(of=("self",)).get(pk=account.pk)
    before, decided_by = row.seller, _what_quota_follows(row)
    row.name, row.domain, row.country = name, domain.strip(), country
    row.name_key, row.domain_key = matching.name_key(name), matching.domain_key(domain)
    row.relation, row.since_on, row.seller = relation, since_on, seller
    row.lost_on = lost_on if relation == VendorAccount.Relation.LOST else None
    if not row.name_key:
        raise BadDeal("name", "Enter the company's name.")
    if country not in COUNTRIES:
        raise BadDeal("country", "Choose a country.")
    if relation == VendorAccount.Relation.LOST and (lost_on is None or lost_on < since_on):
        raise BadDeal("lost_on", "Say since when the customer is lost, not before he was yours.")
    if before == by and _what_quota_follows(row) != decided_by:
        raise OwnInterest(_QUOTA)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise BadDeal("name", "This customer stands in the list already.") from error
    record_audit(
        action="deals.save_account",
        actor=by,
        at=at,
        target=row,
        detail={"relation": relation, **_sellers(before, seller)},
    )
    return row


def _what_quota_follows(row: VendorAccount) -> tuple[object, ...]:
    """By what the seller of an account is found for a deal."""
    return row.seller_id, row.name_key, row.country, row.domain_key


def _sellers(before: User | None, after: User | None) -> dict[str, object]:
    """Who had quota and who has it, for the audit."""
    people = {"seller_before": before, "seller": after}
    return {name: None if person is None else str(person.public_id) for name, person in people.items()}


@transaction.atomic
def name_seller(*, deal: Deal, seller: User | None, by: User, at: datetime) -> Deal:
    """Writes down who of the vendor has quota in a deal, so that he does not decide it. Raises OwnInterest for who has
    quota in it himself, and BadDeal for who approved it.
    """
    deal = steps.locked(deal)
    if by.pk in quota_holders(deal):
        raise OwnInterest(_QUOTA)
    if seller is not None and seller.pk == deal.approved_by_id:
        raise BadDeal("seller", f"{seller.name} approved this deal, so it cannot be his own.")
    before = deal.seller
    if before != seller:
        deal.seller = seller
        deal.save(update_fields=["seller"])
        record_audit(
            action="deals.name_seller",
            actor=by,
            at=at,
            target=deal,
            partner_id=deal.partner.public_id,
            detail=_sellers(before, seller),
        )
    return deal
