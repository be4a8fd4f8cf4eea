"""What a migration map has to know: which rules it leads from, and what partners held under those. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from lms.partners.models import Partner
from lms.tiers import engine
from lms.tiers.engine.migration import Migration
from lms.tiers.models import Decision, Programme, ProgrammeVersion, TierAct
from lms.tiers.services.programmes import origin_of, rules_of


@dataclass(frozen=True, kw_only=True)
class Move:
    """A migration: the versions (primary keys) that belong to it, and when the first of them took effect."""

    map: Migration
    began: datetime
    versions: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The tier that a partner held by the rules before; with `until` one that was only kept then, and until when."""

    tier: str | None = None
    until: datetime | None = None


def move_of(version: ProgrammeVersion) -> Move | None:
    """The migration that a version belongs to; None without a map. One query."""
    move = rules_of(version).migration
    if move is None:
        return None
    same = ProgrammeVersion.objects.filter(programme=version.programme_id, number__lte=version.number)
    found = dict(same.filter(number__gt=move.from_version or 0).values_list("pk", "effective_at"))
    return Move(map=move, began=min(found.values()), versions=frozenset(found))


def move_of_draft(rules: engine.Programme, programme: Programme | None, at: datetime) -> Move | None:
    """As `move_of`, of rules that would be the programme's next version at `at`. Two queries."""
    move = rules.migration
    if move is None:
        return None
    number = move.from_version
    if number is None:
        number = origin_of(move.until, programme)
    versions = ProgrammeVersion.objects.none() if programme is None else programme.versions.all()
    found = dict(versions.filter(number__gt=number or 0).values_list("pk", "effective_at"))
    return Move(map=move, began=min([*found.values(), at]), versions=frozenset(found))


def earlier_tiers(*, partners: Sequence[Partner], move: Move, at: datetime) -> dict[int, Earlier]:
    """By primary key, what each held by the last decision before the migration. Two queries.

    What a person granted then is no tier that the rules gave: it counts by itself, as long as it was granted for. Nor
    is a tier kept whose end a person has decided since.
    """
    before = Decision.objects.exclude(version__in=move.versions)
    later = before.filter(partner=OuterRef("partner"), number__gt=OuterRef("number"))
    last = before.filter(~Exists(later), partner__in=partners).values_list("partner_id", "result")
    found = {partner: _held(result, at) for partner, result in last}
    acts = TierAct.objects.filter(kind=TierAct.Kind.ENDING, decided_at__gte=move.began, decided_at__lte=at)
    ended = set(acts.filter(partner__in=partners).values_list("partner_id", "tier__slug"))
    return {
        partner: Earlier() if (partner, move.map.retained(earlier.tier)) in ended else earlier
        for partner, earlier in found.items()
    }


def _held(result: dict[str, Any], at: datetime) -> Earlier:
    ruling = engine.Ruling.from_json(result["ruling"])
    if ruling.kept_since is None:
        return Earlier(tier=ruling.tier)
    if not ruling.is_granted and (ruling.kept_until is None or at < ruling.kept_until):
        return Earlier(tier=ruling.tier, until=ruling.kept_until)
    return Earlier(tier=result["evaluation"]["tier"])
