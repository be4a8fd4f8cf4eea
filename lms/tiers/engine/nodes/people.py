"""Rules on people and on what they hold. One person may count for several requirements."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from lms.tiers.engine.facts import Held
from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.problems import Path


@dataclass(frozen=True, kw_only=True)
class Quota:
    """At least `min` different people who each hold at least `each` different ones of the codes."""

    codes: frozenset[str]
    min: int
    each: int = 1

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path) -> Self:
        codes = reader.codes(members, path)
        each = reader.count(members["each"], (*path, "each")) if "each" in members else 1
        if each > max(len(codes), 1):
            reader.problem((*path, "each"), f"asks for {each} of {len(codes)} credentials")
        return cls(codes=codes, min=reader.count(members.get("min"), (*path, "min")), each=each)


_QUOTA_KEYS = frozenset({"any_of", "any_of_vocab", "each"})


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
        inner = reader.mapping(members["people"], inside, required=required, optional=_QUOTA_KEYS | {"and_min"})
        quotas = []
        for index, member in enumerate(reader.members(inner.get("and_min", []), (*inside, "and_min"))):
            place = (*inside, "and_min", index)
            quota = reader.mapping(member, place, required=required, optional=_QUOTA_KEYS)
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
        whole = _finding(self, context, self.quota, self.id, self.label)
        if not self.and_min or whole.have is None:
            return whole
        parts = tuple(
            _finding(self, context, quota, f"{self.id}-{index}", "") for index, quota in enumerate(self.and_min, 1)
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


def _finding(node: Node, context: Context, quota: Quota, id: str, label: str) -> Finding:  # noqa: A002
    holders = context.holders(quota.codes, each=quota.each)
    words = " or ".join(context.words(code) for code in sorted(quota.codes))
    lacking = 0 if holders is None else max(quota.min - len(holders), 0)
    state = State.UNKNOWN if holders is None else State.UNMET if lacking else State.MET
    missing = (
        "not known yet"
        if holders is None
        else f"{lacking} more {'person' if lacking == 1 else 'people'} with {words}"
        if lacking
        else ""
    )
    return Finding(
        id=id,
        label=label or f"People with {words}",
        kind=node.kind,
        state=state,
        need=Fraction(quota.min),
        have=None if holders is None else Fraction(len(holders)),
        missing=missing,
        people=tuple(holders or ()),
        credentials=_references(holders),
    )


def _references(holders: Mapping[str, tuple[Held, ...]] | None) -> tuple[str, ...]:
    return tuple(sorted({held.reference for kept in (holders or {}).values() for held in kept if held.reference}))


@dataclass(frozen=True, kw_only=True)
class Credentials(Node):
    """`credentials: {any_of, min}`: credentials, not people; one person may supply several different ones."""

    kind: ClassVar[str] = "credentials"
    codes: frozenset[str]
    min: int

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
            min=reader.count(inner.get("min"), (*inside, "min")),
        )

    @property
    def wanted(self) -> frozenset[str]:
        return self.codes

    def assess(self, context: Context) -> Finding:
        holders = context.holders(self.codes)
        words = " or ".join(context.words(code) for code in sorted(self.codes))
        have = None if holders is None else sum(len(kept) for kept in holders.values())
        state = State.UNKNOWN if have is None else State.MET if have >= self.min else State.UNMET
        missing = {
            State.MET: "",
            State.UNKNOWN: "not known yet",
            State.UNMET: f"{self.min - (have or 0)} more of {words}",
        }
        return Finding(
            id=self.id,
            label=self.label or f"Credentials: {words}",
            kind=self.kind,
            state=state,
            need=Fraction(self.min),
            have=None if have is None else Fraction(have),
            missing=missing[state],
            people=tuple(holders or ()),
            credentials=_references(holders),
        )
