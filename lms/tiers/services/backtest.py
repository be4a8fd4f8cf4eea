"""Back-test of a rule change: the new rules on the facts of past quarters, before anybody is decided by them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from lms.common import guards
from lms.partners.models import Partner
from lms.tiers import engine
from lms.tiers.services.facts import gather_many

QUARTERS = 8


@dataclass(frozen=True, kw_only=True)
class Move:
    """A partner who would have stood otherwise at the end of a quarter. `requirements` make the difference."""

    partner: Partner
    quarter: str
    before: str
    after: str
    is_rise: bool
    requirements: tuple[str, ...]


class QuarterCount(NamedTuple):
    quarter: str
    partners: int
    rises: int
    falls: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Old and new rules side by side. `groups` counts moves by (what, name, "rises" or "falls") of the last quarter."""

    quarters: tuple[QuarterCount, ...]
    moves: tuple[Move, ...]
    groups: tuple[tuple[str, str, int, int], ...]
    tiers: tuple[tuple[str, int, int], ...]

    @property
    def newest(self) -> tuple[Move, ...]:
        """Of the last quarter: what publishing would do now, falls first."""
        last = self.quarters[-1].quarter if self.quarters else ""
        moves = [move for move in self.moves if move.quarter == last]
        return tuple(sorted(moves, key=lambda move: (move.is_rise, move.partner.name)))


def compare_rules(
    *, old: engine.Programme, new: engine.Programme, at: datetime, quarters: int = QUARTERS
) -> Comparison:
    """Both rules on the facts of all partners at the ends of the last `quarters` quarters, the last being `at` itself.

    Compares the tiers that the requirements reach, lifecycle aside, so that a kept tier hides no change. Facts are what
    was true at each moment as known today: revoked and voided since then counts as the platform counts it. Reads only.
    """
    counts, moves = [], list[Move]()
    reached: Counter[tuple[str, str]] = Counter()
    for label, moment in quarter_ends(at, quarters):
        partners = list(
            Partner.objects.filter(joined_on__lte=moment.date()).select_related("region", "partner_type").order_by("pk")
        )
        facts = gather_many(partners=partners, at=moment)
        found = [_compared(partner, facts[partner.pk], old, new, label, moment) for partner in partners]
        own = [move for move, _, _ in found if move is not None]
        moves.extend(own)
        rises = sum(move.is_rise for move in own)
        counts.append(QuarterCount(label, len(partners), rises, len(own) - rises))
        reached = Counter([("before", before) for _, before, _ in found] + [("after", after) for _, _, after in found])
    names = dict.fromkeys([*(tier.name for tier in old.tiers), *(tier.name for tier in new.tiers)])
    tiers = tuple((name, reached["before", name], reached["after", name]) for name in names)
    last = counts[-1].quarter if counts else ""
    groups = _groups([move for move in moves if move.quarter == last])
    return Comparison(quarters=tuple(counts), moves=tuple(moves), groups=groups, tiers=tiers)


def quarter_ends(at: datetime, quarters: int) -> list[tuple[str, datetime]]:
    """(words, moment) of the last so many quarters, oldest first: the last moment of each; of the running one, now."""
    at = at.astimezone(UTC)
    found = []
    start = at.replace(month=(at.month - 1) // 3 * 3 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
    moment = at
    for _ in range(quarters):
        found.append((f"{moment.year} Q{(moment.month - 1) // 3 + 1}", moment))
        moment = start - timedelta(microseconds=1)
        start = moment.replace(month=(moment.month - 1) // 3 * 3 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return found[::-1]


def _compared(
    partner: Partner, facts: engine.Facts, old: engine.Programme, new: engine.Programme, label: str, moment: datetime
) -> tuple[Move | None, str, str]:
    """(the move, if there is one; the names of the tiers by the old and by the new rules)."""
    before, after = engine.evaluate(old, facts, moment), engine.evaluate(new, facts, moment)
    names = {tier.id: tier.name for tier in (*old.tiers, *new.tiers)}
    words = names.get(before.tier or "", "none"), names.get(after.tier or "", "none")
    if before.tier == after.tier:
        return None, *words
    is_rise = _rank(after.tier, new, old) > _rank(before.tier, new, old)
    asked, other = (before, after) if not is_rise else (after, before)
    move = Move(
        partner=partner,
        quarter=label,
        before=words[0],
        after=words[1],
        is_rise=is_rise,
        requirements=_difference(asked, other),
    )
    return move, *words


def _rank(tier: str | None, *programmes: engine.Programme) -> int:
    """The place in the first of the programmes that has the tier; -1 for none."""
    for programme in programmes:
        order = [one.id for one in programme.tiers]
        if tier in order:
            return order.index(tier)
    return -1


def _difference(having: engine.Evaluation, lacking: engine.Evaluation) -> tuple[str, ...]:
    """The requirements of the higher tier that the one rules find met and the others don't, in the latter's words."""
    tier = lacking.tier_finding(having.tier or "")
    if tier is None:
        return ("the tier is not in the other rules",)
    return tuple(
        f"{one.label}: {one.missing}" if one.missing else one.label for one in tier.requirements if not one.is_met
    )


_GROUPINGS: dict[str, Callable[[Move], Iterable[str]]] = {
    "Region": lambda move: [move.partner.region.name],
    "Partner type": lambda move: [move.partner.partner_type.name],
    "Tier before": lambda move: [move.before],
    "Requirement": lambda move: [words.split(":")[0] for words in move.requirements],
}


def _groups(moves: list[Move]) -> tuple[tuple[str, str, int, int], ...]:
    """(what, name, rises, falls), the most falls first within each."""
    counted: Counter[tuple[str, str, bool]] = Counter()
    for move in moves:
        for what, names in _GROUPINGS.items():
            counted.update((what, name, move.is_rise) for name in dict.fromkeys(names(move)))
    rows = {(what, name): (counted[what, name, True], counted[what, name, False]) for what, name, _ in counted}
    order = list(_GROUPINGS)
    return tuple(
        (what, name, rises, falls)
        for (what, name), (rises, falls) in sorted(
            rows.items(), key=lambda row: (order.index(row[0][0]), -row[1][1], row[0][1])
        )
    )


def as_rows(comparison: Comparison) -> Iterator[list[str]]:
    """The moves as rows for a file, heads first; cells that a spreadsheet would run are made text."""
    yield ["Quarter", "Partner", "Region", "Partner type", "Country", "Before", "After", "Direction", "Requirements"]
    for move in comparison.moves:
        partner = move.partner
        yield [
            str(guards.clean_cell(cell))
            for cell in (
                *(move.quarter, partner.name, partner.region.name, partner.partner_type.name, partner.country),
                *(move.before, move.after, "rises" if move.is_rise else "falls", "; ".join(move.requirements)),
            )
        ]
