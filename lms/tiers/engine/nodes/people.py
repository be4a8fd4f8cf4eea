"""Rules on people and on what they hold. One person may count for several requirements."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import ClassVar, Self

from lms.tiers.engine.facts import Held
from lms.tiers.engine.nodes.base import Context, Finding, Holders, Node, State
from lms.tiers.engine.nodes.demands import Count, Demand, Need
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.thresholds import Threshold, read_count
from lms.tiers.engine.problems import Path

QUOTA_KEYS = frozenset({"any_of", "any_of_vocab", "all_of", "recent", "each"})


@dataclass(frozen=True, kw_only=True)
class Quota:
    """At least `min` different people who each hold at least `each` different ones of the codes.

    `recent` (a product's name in `releases`, how many): the codes are those of its last so many releases.
    """

    codes: frozenset[str]
    min: Threshold
    each: int = 1
    recent: tuple[str, int] | None = None

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path) -> Self:
        minimum = read_count(reader, members.get("min"), (*path, "min"))
        if "recent" in members:
            return cls(codes=frozenset(), min=minimum, recent=_recent(reader, members["recent"], (*path, "recent")))
        if "all_of" in members:
            codes = reader.code_list(members["all_of"], (*path, "all_of"))
            return cls(codes=codes, min=minimum, each=max(len(codes), 1))
        codes = reader.codes(members, path)
        each = reader.count(members["each"], (*path, "each")) if "each" in members else 1
        if each > max(len(codes), 1):
            reader.problem((*path, "each"), f"asks for {each} of {len(codes)} credentials")
        return cls(codes=codes, min=minimum, each=each)

    def wanted(self, context: Context) -> frozenset[str]:
        """The codes that count on the context's day."""
        return self.codes if self.recent is None else context.policy.recent(*self.recent, context.on)

    def words(self, context: Context) -> str:
        if self.recent is not None:
            return f"{context.words(self.recent[0])} of the last {self.recent[1]} releases"
        joint = " and " if self.each == len(self.codes) > 1 else " or "
        return joint.join(context.words(code) for code in sorted(self.codes))

    def demand(self, context: Context) -> Demand:
        need = self.min.of(context)
        return Count(self.wanted(context), ceil(need or 0), self.each)


def _recent(reader: Reader, value: object, path: Path) -> tuple[str, int]:
    inner = reader.mapping(value, path, required=frozenset({"of", "last"}), optional=frozenset())
    name = reader.text(inner.get("of"), (*path, "of"))
    reader.use("releases", name, path)
    return name, reader.count(inner.get("last"), (*path, "last"))


@dataclass(frozen=True, kw_only=True)
class People(Node):
    """`people: {any_of, min, each, and_min}`: distinct people; `and_min` are quotas that some of them must fill."""

    kind: ClassVar[str] = "people"
    quota: Quota
    and_min: tuple[Quota, ...]

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "people")
        required = frozenset({"min"})
        inner = reader.mapping(members["people"], inside, required=required, optional=QUOTA_KEYS | {"and_min"})
        quotas = []
        for index, member in enumerate(reader.members(inner.get("and_min", []), (*inside, "and_min"))):
            place = (*inside, "and_min", index)
            quota = reader.mapping(member, place, required=required, optional=QUOTA_KEYS)
            quotas.append(Quota.read(reader, quota, place))
        return cls(
            id=id,
            label=reader.label(members, path),
            quota=Quota.read(reader, inner, inside),
            and_min=tuple(quotas),
        )

    @property
    def wanted(self) -> frozenset[str]:
        return self.quota.codes.union(*(quota.codes for quota in self.and_min))

    def assess(self, context: Context) -> Finding:
        whole = quota_finding(self.kind, context, self.quota, self.id, self.label)
        if not self.and_min or whole.have is None:
            return whole
        parts = tuple(
            quota_finding(self.kind, context, quota, f"{self.id}-{index}", "")
            for index, quota in enumerate(self.and_min, 1)
        )
        missing = [finding.missing for finding in (whole, *parts) if not finding.is_met]
        return Finding(
            id=self.id,
            label=whole.label,
            kind=self.kind,
            state=State.UNMET if missing else State.MET,
            need=whole.need,
            have=whole.have,
            missing="; ".join(missing),
            people=whole.people,
            credentials=whole.credentials,
            parts=parts,
        )

    def demand(self, context: Context) -> Demand:
        quotas = (self.quota, *self.and_min)
        return Need(len(quotas), tuple(quota.demand(context) for quota in quotas))


def quota_finding(kind: str, context: Context, quota: Quota, id: str, label: str) -> Finding:  # noqa: A002
    """What the facts say about one quota."""
    holders = context.holders(quota.wanted(context), each=quota.each)
    need = quota.min.of(context)
    words = quota.words(context)
    if holders is None or need is None:
        state, lacking, missing = State.UNKNOWN, 0, "not known yet"
    else:
        lacking = max(ceil(need) - len(holders), 0)
        state = State.UNMET if lacking else State.MET
        missing = f"{lacking} more {'person' if lacking == 1 else 'people'} with {words}" if lacking else ""
    return Finding(
        id=id,
        label=label or f"People with {words}",
        kind=kind,
        state=state,
        need=need or Fraction(0),
        have=None if holders is None else Fraction(len(holders)),
        missing=missing,
        people=tuple(holders or ()),
        credentials=references(holders),
    )


def references(holders: Holders | None) -> tuple[str, ...]:
    """Of all that is counted with, sorted."""
    return tuple(sorted({held.reference for kept in (holders or {}).values() for held in kept if held.reference}))


@dataclass(frozen=True, kw_only=True)
class Credentials(Node):
    """`credentials: {any_of, min}`: credentials, not people; one person may supply several different ones.

    What counts for the partner by an equivalence counts here.
    """

    kind: ClassVar[str] = "credentials"
    codes: frozenset[str]
    min: Threshold

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "credentials")
        inner = reader.mapping(
            members["credentials"],
            inside,
            required=frozenset({"min"}),
            optional=frozenset({"any_of", "any_of_vocab"}),
        )
        return cls(
            id=id,
            label=reader.label(members, path),
            codes=reader.codes(inner, inside),
            min=read_count(reader, inner.get("min"), (*inside, "min")),
        )

    @property
    def wanted(self) -> frozenset[str]:
        return self.codes

    def _counted(self, context: Context) -> dict[str, tuple[Held, ...]] | None:
        holders = context.holders(self.codes)
        if holders is None:
            return None
        also = context.equivalents(self.codes)
        return holders if not also else {p: holders.get(p, ()) + also.get(p, ()) for p in sorted(holders | also)}

    def assess(self, context: Context) -> Finding:
        holders, need = self._counted(context), self.min.of(context)
        words = " or ".join(context.words(code) for code in sorted(self.codes))
        have = None if holders is None else sum(len(kept) for kept in holders.values())
        unknown = have is None or need is None
        lacking = 0 if have is None or need is None else max(ceil(need) - have, 0)
        state = State.UNKNOWN if unknown else State.UNMET if lacking else State.MET
        missing = {State.MET: "", State.UNKNOWN: "not known yet", State.UNMET: f"{lacking} more of {words}"}
        return Finding(
            id=self.id,
            label=self.label or f"Credentials: {words}",
            kind=self.kind,
            state=state,
            need=need or Fraction(0),
            have=None if have is None else Fraction(have),
            missing=missing[state],
            people=tuple(holders or ()),
            credentials=references(holders),
        )

    def demand(self, context: Context) -> Demand:
        need = self.min.of(context)
        equivalent = sum(len(kept) for kept in context.equivalents(self.codes).values())
        return Count(self.codes, max(int(need or 0) - equivalent, 0), of_people=False)
