"""Rules on time and standing: how long a tier was held, deadlines, any day of a window, evidence, fees, countries."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import ClassVar, Self

from lms.tiers.engine.facts import Evidence
from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.demands import Demand
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.series import read_window
from lms.tiers.engine.problems import Path
from lms.tiers.engine.windows import UNITS, Window

_NOT_KNOWN = "not known yet"


@dataclass(frozen=True, kw_only=True)
class Tenure(Node):
    """`tenure: {tier, months}`: the tier, or a higher one, was held without a break for so long up to the day."""

    kind: ClassVar[str] = "tenure"
    tier: str
    window: Window

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "tenure")
        inner = reader.mapping(members["tenure"], inside, required=frozenset({"tier"}), optional=frozenset(UNITS))
        time = {unit: inner[unit] for unit in UNITS if unit in inner}
        name = reader.slug(inner.get("tier"), (*inside, "tier"))
        reader.use("tier", name, inside)
        return cls(id=id, label=reader.label(members, path), tier=name, window=read_window(reader, time, inside))

    def assess(self, context: Context) -> Finding:
        levels = context.facts.levels
        since = None
        day = context.on
        enough = context.order[context.order.index(self.tier) :] if self.tier in context.order else (self.tier,)
        for level in sorted(levels or (), key=lambda level: level.since, reverse=True):
            if level.name in enough and level.covers(day):
                since, day = level.since, level.since - timedelta(days=1)
        days = Fraction(0 if since is None else (context.on - since).days)
        need = Fraction((context.on - self.window.before(context.on)).days)
        state = State.UNKNOWN if levels is None else State.MET if days >= need else State.UNMET
        words = context.words(self.tier).capitalize()
        lacking = f"{need - days} more days as {words}" if since else f"{words} is not held"
        return Finding(
            id=self.id,
            label=self.label or f"{words} for {self.window}",
            kind=self.kind,
            state=state,
            need=need,
            have=None if levels is None else days,
            unit="days",
            missing={State.MET: "", State.UNKNOWN: _NOT_KNOWN, State.UNMET: lacking}[state],
        )


@dataclass(frozen=True, kw_only=True)
class _Around(Node):
    """A rule about when another holds: what it finds is the other's, unless time decides."""

    rule: Node

    @property
    def inner(self) -> tuple[Node, ...]:
        return (self.rule,)

    @property
    def wanted(self) -> frozenset[str]:
        return self.rule.wanted

    def demand(self, context: Context) -> Demand:
        return super().demand(context) if self.assess(context).is_met else self.rule.demand(context)

    def _of(self, found: Finding, *, label: str, state: State, missing: str) -> Finding:
        named = self.label or label
        return replace(found, id=self.id, label=named, kind=self.kind, state=state, missing=missing, parts=(found,))


@dataclass(frozen=True, kw_only=True)
class AnyDay(_Around):
    """`any_day: {window, rule}`: the rule held on at least one day of the window, by what counted on that day."""

    kind: ClassVar[str] = "any_day"
    window: Window

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "any_day")
        inner = reader.mapping(members["any_day"], inside, required=frozenset({"window", "rule"}), optional=frozenset())
        return cls(
            id=id,
            label=reader.label(members, path),
            window=read_window(reader, inner.get("window", {}), (*inside, "window")),
            rule=reader.node(inner.get("rule", {}), (*inside, "rule"), f"{id}-1"),
        )

    def assess(self, context: Context) -> Finding:
        today = best = self.rule.assess(context)
        day, first = context.on, self.window.first_day(context.on)
        while not best.is_met and day > first:
            day -= timedelta(days=1)
            best = self.rule.assess(context.elsewhen(day))
        found = best if best.is_met else today
        return self._of(found, label=found.label, state=found.state, missing=found.missing)


@dataclass(frozen=True, kw_only=True)
class Deadline(_Around):
    """`deadline: {from, days, rule}`: the rule holds, or the time since the date called `from` is not over yet."""

    kind: ClassVar[str] = "deadline"
    since: str
    window: Window

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "deadline")
        inner = reader.mapping(
            members["deadline"], inside, required=frozenset({"from", "rule"}), optional=frozenset(UNITS)
        )
        time = {unit: inner[unit] for unit in UNITS if unit in inner}
        return cls(
            id=id,
            label=reader.label(members, path),
            since=reader.slug(inner.get("from"), (*inside, "from")),
            window=read_window(reader, time, inside),
            rule=reader.node(inner.get("rule", {}), (*inside, "rule"), f"{id}-1"),
        )

    def assess(self, context: Context) -> Finding:
        found, start = self.rule.assess(context), context.facts.dates.get(self.since)
        end = None if start is None else self.window.after(start)
        if found.is_met or (end is not None and context.on <= end):
            state, missing = State.MET, ""
        else:
            state = State.UNKNOWN if end is None else found.state
            missing = _NOT_KNOWN if end is None else f"was due by {end.isoformat()}: {found.missing}"
        return self._of(found, label=f"{found.label} within {self.window}", state=state, missing=missing)


@dataclass(frozen=True, kw_only=True)
class Proof(Node):
    """`evidence: {kind, min}`: so many pieces that a reviewer accepted and that are not past their last day."""

    kind: ClassVar[str] = "evidence"
    of: str
    min: int

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "evidence")
        inner = reader.mapping(members["evidence"], inside, required=frozenset({"kind"}), optional=frozenset({"min"}))
        return cls(
            id=id,
            label=reader.label(members, path),
            of=reader.slug(inner.get("kind"), (*inside, "kind")),
            min=reader.count(inner.get("min", 1), (*inside, "min")),
        )

    def assess(self, context: Context) -> Finding:
        label = context.words(self.of).capitalize()
        return _counted_proofs(self, context, context.facts.evidence, self.of, self.min, label)


def _counted_proofs(
    node: Node, context: Context, proofs: tuple[Evidence, ...] | None, of: str, need: int, label: str
) -> Finding:
    counted = [proof for proof in proofs or () if proof.kind == of and proof.counts(context.on)]
    state = State.UNKNOWN if proofs is None else State.MET if len(counted) >= need else State.UNMET
    lacking = f"{need - len(counted)} more accepted" if need > 1 else "not there, not accepted or no longer valid"
    return Finding(
        id=node.id,
        label=node.label or label,
        kind=node.kind,
        state=state,
        need=Fraction(need),
        have=None if proofs is None else Fraction(len(counted)),
        missing={State.MET: "", State.UNKNOWN: _NOT_KNOWN, State.UNMET: lacking}[state],
        credentials=tuple(sorted(proof.reference for proof in counted if proof.reference)),
    )


@dataclass(frozen=True, kw_only=True)
class Fee(Node):
    """`fee: {kind, amount, currency}`: paid, and the time that it pays for is not over. The amount is for people."""

    kind: ClassVar[str] = "fee"
    of: str
    amount: Fraction
    currency: str

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "fee")
        inner = reader.mapping(
            members["fee"], inside, required=frozenset({"amount", "currency"}), optional=frozenset({"kind"})
        )
        return cls(
            id=id,
            label=reader.label(members, path),
            of=reader.slug(inner.get("kind", "fee"), (*inside, "kind")),
            amount=reader.number(inner.get("amount"), (*inside, "amount")),
            currency=reader.text(inner.get("currency"), (*inside, "currency")),
        )

    def assess(self, context: Context) -> Finding:
        label = f"Fee of {float(self.amount):,.2f} {self.currency} paid"
        return _counted_proofs(self, context, self._payments(context), self.of, 1, label)

    def _payments(self, context: Context) -> tuple[Evidence, ...] | None:
        payments = context.facts.payments
        if payments is None:
            return context.facts.evidence
        return payments if any(payment.kind == self.of for payment in payments) else None


@dataclass(frozen=True, kw_only=True)
class Organisations(Node):
    """`organisations: {tier, min, among}`: so many countries or locations, evaluated each by itself, reach the tier."""

    kind: ClassVar[str] = "organisations"
    tier: str
    min: int
    among: frozenset[str]
    outside: frozenset[str]

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "organisations")
        inner = reader.mapping(
            members["organisations"],
            inside,
            required=frozenset({"tier", "min"}),
            optional=frozenset({"among", "not_among"}),
        )
        name = reader.slug(inner.get("tier"), (*inside, "tier"))
        reader.use("tier", name, inside)
        return cls(
            id=id,
            label=reader.label(members, path),
            tier=name,
            min=reader.count(inner.get("min"), (*inside, "min")),
            among=reader.code_list(inner["among"], (*inside, "among")) if "among" in inner else frozenset(),
            outside=reader.code_list(inner["not_among"], (*inside, "not_among"))
            if "not_among" in inner
            else frozenset(),
        )

    def assess(self, context: Context) -> Finding:
        reached = context.organisation_tiers
        enough = context.order[context.order.index(self.tier) :] if self.tier in context.order else (self.tier,)
        counted = [
            name
            for name, tier in sorted(reached.items())
            if tier in enough and (not self.among or name in self.among) and name not in self.outside
        ]
        known = bool(context.facts.organisations)
        state = State.UNKNOWN if not known else State.MET if len(counted) >= self.min else State.UNMET
        lacking = f"{self.min - len(counted)} more"
        return Finding(
            id=self.id,
            label=self.label or f"Countries or locations at {context.words(self.tier).capitalize()}",
            kind=self.kind,
            state=state,
            need=Fraction(self.min),
            have=Fraction(len(counted)) if known else None,
            missing={State.MET: "", State.UNKNOWN: _NOT_KNOWN, State.UNMET: lacking}[state],
        )
