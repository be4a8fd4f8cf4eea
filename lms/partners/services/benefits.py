"""Benefits of a partner: set by the tier decision in force, asked for by whatever they open."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from lms.accounts.services import record_audit
from lms.partners.models import Benefit, Partner


def has_benefit(*, partner: Partner, name: str, at: datetime) -> bool:
    """Whether the partner has the benefit at that moment; a suspended partner has none. One query."""
    return partner.suspended_at is None and Benefit.objects.held(at).filter(partner=partner, name=name).exists()


def set_benefits(*, partner: Partner, benefits: Mapping[str, str], at: datetime) -> None:
    """Gives the partner exactly these (name to words) from `at` on, and ends the others; the same changes nothing.

    To be called under the partner's lock. One query when nothing changes.
    """
    held = {one.name: one for one in Benefit.objects.filter(partner=partner, ended_at=None)}
    over = [one.pk for name, one in held.items() if benefits.get(name) != one.words]
    new = [name for name, words in benefits.items() if name not in held or held[name].words != words]
    if over or new:
        _change(partner, benefits, over, new, at)


@transaction.atomic
def _change(partner: Partner, benefits: Mapping[str, str], over: list[int], new: list[str], at: datetime) -> None:
    Benefit.objects.filter(pk__in=over).update(ended_at=at)
    Benefit.objects.bulk_create(
        Benefit(partner=partner, name=name, words=benefits[name], granted_at=at) for name in new
    )
    record_audit(
        action="partners.set_benefits",
        actor=None,
        at=at,
        target=partner,
        partner_id=partner.public_id,
        detail={"benefits": sorted(benefits)},
    )
