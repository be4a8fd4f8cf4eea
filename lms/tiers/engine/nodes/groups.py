"""Rules made of rules, and the rule that asks for a designation. An unknown part counts only where it decides."""

import abc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.demands import Demand, Fixed, Need
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.problems import Path


def count_state(findings: tuple[Finding, ...], need: int) -> State:
    """Whether at least `need` of the findings are met, as far as is known."""
    met = sum(finding.state is State.MET for finding in findings)
    unknown = sum(finding.state is State.UNKNOWN for finding in findings)
    if met >= need:
        return State.MET
    return State.UNKNOWN if met + unknown >= need else State.UNMET


@dataclass(frozen=True, kw_only=True)
class _Group(Node):
    of: tuple[Node, ...]

    @property
    def inner(self) -> tuple[Node, ...]:
        return self.of

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(code for node in self.of for code in node.wanted)

    @abc.abstractmethod
    def need(self) -> int:
        """How many of the rules must hold."""

    @abc.abstractmethod
    def title(self) -> str:
        """What it is called where the document gives no label."""

    def assess(self, context: Context) -> Finding:
        parts = tuple(node.assess(context) for node in self.of)
        state = count_state(parts, self.need())
        missing = [part.missing or part.label for part in parts if not part.is_met]
        return Finding(
            id=self.id,
            label=self.label or self.title(),
            kind=self.kind,
            state=state,
            need=Fraction(self.need()),
            have=Fraction(sum(part.is_met for part in parts)),
            missing="" if state is State.MET else self.joined(missing),
            people=_union(part.people for part in parts),
            credentials=_union(part.credentials for part in parts),
            measures=_union(part.measures for part in parts),
            parts=parts,
        )

    def joined(self, missing: list[str]) -> str:
        return "; or ".join(missing)

    def demand(self, context: Context) -> Demand:
        return Need(self.need(), tuple(node.demand(context) for node in self.of))


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({member for group in groups for member in group}))


@dataclass(frozen=True, kw_only=True)
class All(_Group):
    """`all: [rules]`: every one. An empty list always holds."""

    kind: ClassVar[str] = "all"

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        return cls(id=id, label=reader.label(members, path), of=reader.nodes(members["all"], (*path, "all"), id))

    def need(self) -> int:
        return len(self.of)

    def title(self) -> str:
        return "All of these"

    def joined(self, missing: list[str]) -> str:
        return "; ".join(missing)


@dataclass(frozen=True, kw_only=True)
class Any(_Group):
    """`any: [rules]`: at least one."""

    kind: ClassVar[str] = "any"

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        nodes = reader.nodes(members["any"], (*path, "any"), id)
        if not nodes:
            reader.problem((*path, "any"), "needs at least one rule")
        return cls(id=id, label=reader.label(members, path), of=nodes)

    def need(self) -> int:
        return 1

    def title(self) -> str:
        return "One of these"


@dataclass(frozen=True, kw_only=True)
class AtLeast(_Group):
    """`at_least: {n: k, of: [rules]}`: k of them."""

    kind: ClassVar[str] = "at_least"
    n: int

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        path = (*path, "at_least")
        inner = reader.mapping(members["at_least"], path, required=frozenset({"n", "of"}), optional=frozenset())
        nodes = reader.nodes(inner.get("of"), (*path, "of"), id)
        n = reader.count(inner.get("n"), (*path, "n"))
        if n > len(nodes):
            reader.problem((*path, "n"), f"asks for {n} of {len(nodes)} rules")
        return cls(id=id, label=reader.label(members, path[:-1]), of=nodes, n=n)

    def need(self) -> int:
        return self.n

    def title(self) -> str:
        return f"{self.n} of these"


@dataclass(frozen=True, kw_only=True)
class AtMost(_Group):
    """`at_most: {n: k, of: [rules]}`: not more than k of them, such as one specialisation per technology."""

    kind: ClassVar[str] = "at_most"
    n: int

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        path = (*path, "at_most")
        inner = reader.mapping(members["at_most"], path, required=frozenset({"n", "of"}), optional=frozenset())
        nodes = reader.nodes(inner.get("of"), (*path, "of"), id)
        return cls(
            id=id, label=reader.label(members, path[:-1]), of=nodes, n=reader.count(inner.get("n"), (*path, "n"))
        )

    def need(self) -> int:
        return self.n

    def title(self) -> str:
        return f"At most {self.n} of these"

    def assess(self, context: Context) -> Finding:
        parts = tuple(node.assess(context) for node in self.of)
        met = sum(part.is_met for part in parts)
        unknown = sum(part.state is State.UNKNOWN for part in parts)
        state = State.UNMET if met > self.n else State.MET if met + unknown <= self.n else State.UNKNOWN
        words = f"{met} hold, at most {self.n} may" if state is State.UNMET else "not known yet"
        return Finding(
            id=self.id,
            label=self.label or self.title(),
            kind=self.kind,
            state=state,
            need=Fraction(self.n),
            have=Fraction(met),
            missing="" if state is State.MET else words,
            people=_union(part.people for part in parts),
            credentials=_union(part.credentials for part in parts),
            measures=_union(part.measures for part in parts),
            parts=parts,
        )

    def demand(self, context: Context) -> Demand:
        return Fixed(self.assess(context).is_met)


@dataclass(frozen=True, kw_only=True)
class Holds(Node):
    """`holds: designation`: one this programme declares and evaluates, or one that the facts say is held."""

    kind: ClassVar[str] = "holds"
    designation: str

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        name = reader.slug(members["holds"], (*path, "holds"))
        reader.use("designation", name, path)
        return cls(id=id, label=reader.label(members, path), designation=name)

    def assess(self, context: Context) -> Finding:
        held = self.designation in context.facts.holds
        own = context.designations.get(self.designation)
        held = held or (own is not None and own(context))
        words = context.words(self.designation)
        return Finding(
            id=self.id,
            label=self.label or f"Holds {words}",
            kind=self.kind,
            state=State.MET if held else State.UNMET,
            need=Fraction(1),
            have=Fraction(held),
            missing="" if held else f"{words} is not held",
        )
