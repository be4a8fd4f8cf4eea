"""Rules on shares of a population, on every member of one, and on the place among others."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.demands import Demand, Need
from lms.tiers.engine.nodes.measures import compare, gap
from lms.tiers.engine.nodes.people import QUOTA_KEYS, Quota, quota_finding
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.series import read_window
from lms.tiers.engine.nodes.thresholds import Threshold, read_threshold
from lms.tiers.engine.problems import Path
from lms.tiers.engine.windows import Window


@dataclass(frozen=True, kw_only=True)
class Part:
    """Numerator or denominator of a ratio: a measure, the people with some of the credentials, or with a persona."""

    name: str = ""
    codes: frozenset[str] = frozenset()
    persona: str = ""

    @classmethod
    def read(cls, reader: Reader, value: object, path: Path) -> Self:
        if not isinstance(value, Mapping):
            return cls(name=reader.slug(value, path))
        inner = reader.mapping(value, path, optional=frozenset({"any_of", "any_of_vocab", "persona"}))
        codes = reader.codes(inner, path) if {"any_of", "any_of_vocab"} & inner.keys() else frozenset()
        persona = reader.text(inner.get("persona"), (*path, "persona"))
        if not codes and not persona:
            reader.problem(path, "needs “any_of” or “persona”")
        return cls(codes=codes, persona=persona)

    def people(self, context: Context) -> tuple[str, ...] | None:
        if self.name or context.facts.people is None:
            return None
        holders = context.holders(self.codes) if self.codes else None
        return tuple(
            person.id
            for person in context.present
            if (holders is None or person.id in holders) and self.persona in ("", person.persona)
        )

    def number(self, context: Context) -> Fraction | None:
        if self.name:
            return context.measure(self.name)
        people = self.people(context)
        return None if people is None else Fraction(len(people))

    def words(self, context: Context) -> str:
        return context.words(self.name or self.persona or " or ".join(sorted(self.codes)))


@dataclass(frozen=True, kw_only=True)
class Ratio(Node):
    """`ratio: {num, den, gte, cap}`: num ÷ min(den, cap) at least gte. Nobody in the population: not known."""

    kind: ClassVar[str] = "ratio"
    num: Part
    den: Part
    cap: Fraction | None
    gte: Threshold

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "ratio")
        inner = reader.mapping(
            members["ratio"], inside, required=frozenset({"num", "den", "gte"}), optional=frozenset({"cap"})
        )
        return cls(
            id=id,
            label=reader.label(members, path),
            num=Part.read(reader, inner.get("num"), (*inside, "num")),
            den=Part.read(reader, inner.get("den"), (*inside, "den")),
            cap=Fraction(reader.count(inner["cap"], (*inside, "cap"))) if "cap" in inner else None,
            gte=read_threshold(reader, inner.get("gte"), (*inside, "gte")),
        )

    @property
    def wanted(self) -> frozenset[str]:
        return self.num.codes

    def assess(self, context: Context) -> Finding:
        numerator, denominator = self.num.number(context), self.den.number(context)
        if denominator is not None and self.cap is not None:
            denominator = min(denominator, self.cap)
        have = None if numerator is None or not denominator else numerator / denominator
        gte = self.gte.of(context)
        known = None if gte is None else have
        return Finding(
            id=self.id,
            label=self.label or f"{self.num.words(context).capitalize()} of {self.den.words(context)}",
            kind=self.kind,
            state=compare(known, gte, None),
            need=gte or Fraction(0),
            have=have,
            unit="share",
            missing=gap(known, gte, None, "share"),
            people=self.num.people(context) or (),
            measures=tuple(part.name for part in (self.num, self.den) if part.name),
        )


_PLACEHOLDERS = ("{key}", "{area}", "{item}", "{name}", "$key")


@dataclass(frozen=True, kw_only=True)
class Each(Node):
    """`each: {over, where_gte, needs_people}`: for every key of the group `over` whose number reaches `where_gte`, the
    people that `needs_people` asks for.

    The credentials of a key: `any_of` with `{key}` in its codes, or a mapping of keys to codes; without `any_of` the
    vocabulary of that name, else the key itself. A group that is not known leaves the rule not known.
    """

    kind: ClassVar[str] = "each"
    over: str
    where: Threshold
    codes: tuple[str, ...]
    by_key: Mapping[str, frozenset[str]]
    vocabulary: Mapping[str, frozenset[str]]
    min: Threshold
    each: int

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "each")
        inner = reader.mapping(
            members["each"], inside, required=frozenset({"over"}), optional=frozenset({"where_gte", "needs_people"})
        )
        place = (*inside, "needs_people")
        people = reader.mapping(inner.get("needs_people", {}), place, optional=QUOTA_KEYS | {"min"})
        given = people.get("any_of", [])
        by_key = reader.mapping(given, (*place, "any_of")) if isinstance(given, Mapping) else {}
        listed = [] if isinstance(given, Mapping) else reader.members(given, (*place, "any_of"))
        if "any_of_vocab" in people:
            listed = sorted(reader.codes(people, place))
        return cls(
            id=id,
            label=reader.label(members, path),
            over=reader.slug(inner.get("over"), (*inside, "over")),
            where=read_threshold(reader, inner.get("where_gte", 0), (*inside, "where_gte")),
            codes=tuple(reader.text(code, (*place, "any_of")) for code in listed),
            by_key={
                str(key): reader.code_list(codes if isinstance(codes, list) else [codes], (*place, "any_of", key))
                for key, codes in by_key.items()
            },
            vocabulary=reader.vocabulary,
            min=read_threshold(reader, people.get("min", 1), (*place, "min")),
            each=reader.count(people.get("each", 1), (*place, "each")),
        )

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset().union(*self.by_key.values())

    def _quotas(self, context: Context) -> dict[str, Quota] | None:
        """By key that counts, what it asks for; None when it is not known."""
        group, where = context.facts.groups.get(self.over), self.where.of(context)
        if group is None or where is None:
            return None
        return {
            key: Quota(codes=self._codes(key), min=self.min, each=self.each)
            for key, number in sorted(group.items())
            if number >= where
        }

    def _codes(self, key: str) -> frozenset[str]:
        if self.by_key:
            return self.by_key.get(key, frozenset())
        if not self.codes:
            return self.vocabulary.get(key, frozenset({key}))
        filled = list(self.codes)
        for placeholder in _PLACEHOLDERS:
            filled = [code.replace(placeholder, key) for code in filled]
        return frozenset(filled)

    def assess(self, context: Context) -> Finding:
        quotas = self._quotas(context)
        parts = tuple(
            quota_finding("people", context, quota, f"{self.id}-{key}", context.words(key).capitalize())
            for key, quota in (quotas or {}).items()
        )
        unknown = quotas is None or any(part.state is State.UNKNOWN for part in parts)
        lacking = [f"{part.label}: {part.missing}" for part in parts if part.state is State.UNMET]
        state = State.UNMET if lacking else State.UNKNOWN if unknown else State.MET
        return Finding(
            id=self.id,
            label=self.label or f"Each of {context.words(self.over)}",
            kind=self.kind,
            state=state,
            need=Fraction(len(parts)),
            have=None if quotas is None else Fraction(sum(part.is_met for part in parts)),
            missing="" if state is State.MET else "; ".join(lacking) or "not known yet",
            people=tuple(sorted({person for part in parts for person in part.people})),
            credentials=tuple(sorted({reference for part in parts for reference in part.credentials})),
            measures=(self.over,),
            parts=parts,
        )

    def demand(self, context: Context) -> Demand:
        quotas = self._quotas(context)
        if quotas is None:
            return super().demand(context)
        return Need(len(quotas), tuple(quota.demand(context) for quota in quotas.values()))


@dataclass(frozen=True, kw_only=True)
class Rank(Node):
    """`rank: {metric, top_percent}` or `{metric, top}`: among the best of those compared with (`peers`).

    The place is one more than how many are strictly better, so equals share the better place. `top_percent: 3` of 200
    is a place up to 6; the partner himself is one of the peers.
    """

    kind: ClassVar[str] = "rank"
    name: str
    top: int
    top_percent: Fraction | None

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "rank")
        inner = reader.mapping(
            members["rank"],
            inside,
            required=frozenset({"metric"}),
            optional=frozenset({"top", "top_percent", "within"}),
        )
        if ("top" in inner) == ("top_percent" in inner):
            reader.problem(inside, "needs either “top” or “top_percent”")
        percent = reader.number(inner["top_percent"], (*inside, "top_percent")) if "top_percent" in inner else None
        return cls(
            id=id,
            label=reader.label(members, path),
            name=reader.slug(inner.get("metric"), (*inside, "metric")),
            top=reader.count(inner["top"], (*inside, "top")) if "top" in inner else 0,
            top_percent=percent,
        )

    def assess(self, context: Context) -> Finding:
        own, peers = context.measure(self.name), context.facts.peers.get(self.name)
        place = None if own is None or peers is None else Fraction(sum(value > own for value in peers) + 1)
        last = Fraction(self.top)
        if self.top_percent is not None:
            last = Fraction(max((len(peers or ()) * self.top_percent / 100).__floor__(), 1))
        state = compare(place, None, last)
        return Finding(
            id=self.id,
            label=self.label or f"Place by {context.words(self.name)}",
            kind=self.kind,
            state=state,
            need=last,
            have=place,
            missing={State.MET: "", State.UNKNOWN: "not known yet"}.get(
                state, f"place {place}, needs {last} or better"
            ),
            measures=(self.name,),
        )


@dataclass(frozen=True, kw_only=True)
class Cohort(Node):
    """`cohort: {of, acquired_within, gte}`: of the spans `of` that began in the window, the share that lasts."""

    kind: ClassVar[str] = "cohort"
    of: str
    window: Window
    gte: Threshold
    min_count: int

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "cohort")
        inner = reader.mapping(
            members["cohort"],
            inside,
            required=frozenset({"of", "acquired_within", "gte"}),
            optional=frozenset({"min_count"}),
        )
        return cls(
            id=id,
            label=reader.label(members, path),
            of=reader.slug(inner.get("of"), (*inside, "of")),
            window=read_window(reader, inner.get("acquired_within", {}), (*inside, "acquired_within")),
            gte=read_threshold(reader, inner.get("gte"), (*inside, "gte")),
            min_count=reader.count(inner.get("min_count", 1), (*inside, "min_count")),
        )

    def assess(self, context: Context) -> Finding:
        spans, first = context.facts.spans.get(self.of), self.window.first_day(context.on)
        cohort = [span for span in spans or () if first <= span.since <= context.on]
        active = sum(span.covers(context.on) for span in cohort)
        have = Fraction(active, len(cohort)) if len(cohort) >= self.min_count else None
        gte = self.gte.of(context)
        known = None if gte is None else have
        return Finding(
            id=self.id,
            label=self.label or f"{context.words(self.of).capitalize()} kept",
            kind=self.kind,
            state=compare(known, gte, None),
            need=gte or Fraction(0),
            have=have,
            unit="share",
            missing=gap(known, gte, None, "share"),
            measures=(self.of,),
        )
