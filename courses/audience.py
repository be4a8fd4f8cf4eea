"""Whom content is for: personas, partner types, regions and a lowest tier. An empty list means everybody.

Content may also ask for a benefit of the partner's tier: who lacks it sees that there is something, and how to get it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from lms.partners.benefits import lacking
from lms.partners.models import Benefit, Membership, PartnerType, Persona, Region, TierName
from lms.partners.rules import todays_memberships

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Audience:
    """An audience as plain values, to hand from a page to the course it publishes."""

    personas: tuple[Persona, ...] = ()
    partner_types: tuple[PartnerType, ...] = ()
    regions: tuple[Region, ...] = ()
    minimum_tier: TierName | None = None


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What of a membership decides about an audience. `tier_rank` 0 is the entry tier, or none."""

    persona_id: int
    partner_type_id: int
    region_id: int
    tier_rank: int
    partner_id: int = field(repr=False)  # not of the audience: partners of one kind are one audience


def readers_of(user: "User | AnonymousUser") -> list[Reader]:
    """The person's memberships of today, at partners that are not suspended, as readers."""
    return [reader(m) for m in todays_memberships(user) if m.partner.suspended_at is None]


def reader(membership: Membership) -> Reader:
    """A membership (with partner and its tier loaded) as a reader."""
    partner = membership.partner
    return Reader(
        persona_id=membership.persona_id,
        partner_type_id=partner.partner_type_id,
        region_id=partner.region_id,
        tier_rank=partner.current_tier.rank if partner.current_tier else 0,
        partner_id=partner.pk,
    )


def _list_admits(field: str, chosen: int) -> Q:
    """The list is empty or holds `chosen`. Of the rows a join gives, exactly one can match: none comes out twice."""
    return Q(**{field: None}) | Q(**{field: chosen})


def for_persona(persona: Persona) -> Q:
    """Rows that name the persona, or nobody. For a `filter()` of its own."""
    return _list_admits("personas", persona.pk)


def admits(model: type[models.Model], readers: Iterable[Reader]) -> Q:
    """Rows of `model` (with the four audience fields) that are for at least one of the readers.

    One subquery per reader: joins for several readers at once would give a row several times.
    """
    condition = Q(pk__in=[])
    for one in readers:
        condition |= Q(pk__in=_admitted(model, one).values("pk"))
    return condition


def opened(model: type[models.Model], readers: Iterable[Reader], at: datetime) -> Q:
    """Rows of `model` (with `required_benefit` beside those fields) that are for one of the readers whose partner has
    the benefit that the row asks for. The readers are of partners that are not suspended."""
    condition = Q(pk__in=[])
    for one in readers:
        held = Benefit.objects.held(at).filter(partner=one.partner_id).values("name")
        free = Q(required_benefit="") | Q(required_benefit__in=held)
        condition |= Q(pk__in=_admitted(model, one).filter(free).values("pk"))
    return condition


def _admitted(model: type[models.Model], one: Reader) -> models.QuerySet[models.Model]:
    return model._base_manager.filter(
        _list_admits("personas", one.persona_id),
        _list_admits("partner_types", one.partner_type_id),
        _list_admits("regions", one.region_id),
        Q(minimum_tier=None) | Q(minimum_tier__rank__lte=one.tier_rank),
    )


def way_in(row: models.Model, *, benefit: str, user: "User", at: datetime) -> str:
    """How the person's partner gets the benefit that the row asks for; "" where nothing is in the way: it asks for
    none, a partner of his that the row is for has it, or he is of the vendor. No query where it asks for none.

    Agrees with `opened`, for one row and in words.
    """
    if not benefit or user.has_perm("courses.view_all_courses"):
        return ""
    mine = (one for one in todays_memberships(user) if one.partner.suspended_at is None)
    partners = [one.partner for one in mine if _admitted(type(row), reader(one)).filter(pk=row.pk).exists()]
    ways = [lacking(partner=partner, name=benefit, at=at) for partner in partners]
    return "" if "" in ways else next(iter(ways), "It comes with a tier of the partner programme.")
