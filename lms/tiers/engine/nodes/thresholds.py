"""Numbers that rules compare with: one for everybody, one per market, or one per size."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lms.tiers.engine.nodes.base import Context
from lms.tiers.engine.problems import Path

if TYPE_CHECKING:
    from lms.tiers.engine.nodes.reader import Reader


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """`default`, unless the text called `by` (a market, a country; "tier": the tier held) has a value of its own, or
    the measure called `by` reaches a step."""

    default: Fraction | None = None
    by: str = ""
    values: Mapping[str, Fraction] = field(default_factory=dict)
    steps: tuple[tuple[Fraction, Fraction], ...] = ()

    def of(self, context: Context) -> Fraction | None:
        """The number for this partner; None when it depends on what is not known."""
        if not self.by:
            return self.default
        if self.steps:
            size = context.measure(self.by)
            if size is None:
                return self.default
            return max(((start, value) for start, value in self.steps if start <= size), default=(size, self.default))[
                1
            ]
        return self.values.get(self._name(context), self.default)

    def _name(self, context: Context) -> str:
        if self.by == "tier" and self.by not in context.facts.texts:
            levels = context.facts.levels or ()
            return next((level.name for level in reversed(levels) if level.covers(context.on)), "")
        return context.facts.texts.get(self.by, "")


def read_threshold(reader: "Reader", value: Any, path: Path) -> Threshold:
    """A number, `{by: market, values: {growth: 50}, default: 100}`, or `{by: staff, steps: {0: 1, 100: 3}}`."""
    if not isinstance(value, Mapping):
        return Threshold(default=reader.number(value, path))
    inner = reader.mapping(value, path, required=frozenset({"by"}), optional=frozenset({"values", "steps", "default"}))
    if ("values" in inner) == ("steps" in inner):
        reader.problem(path, "needs either “values” or “steps”")
    default = reader.number(inner["default"], (*path, "default")) if "default" in inner else None
    values = reader.mapping(inner.get("values", {}), (*path, "values"))
    steps = reader.mapping(inner.get("steps", {}), (*path, "steps"))
    return Threshold(
        default=default,
        by=reader.slug(inner.get("by"), (*path, "by")),
        values={name: reader.number(member, (*path, "values", name)) for name, member in values.items()},
        steps=tuple(
            sorted(
                (reader.number(start, (*path, "steps", start)), reader.number(member, (*path, "steps", start)))
                for start, member in steps.items()
            )
        ),
    )


def read_count(reader: "Reader", value: Any, path: Path) -> Threshold:
    """As `read_threshold`; a plain number must be whole and at least 1."""
    if isinstance(value, Mapping):
        return read_threshold(reader, value, path)
    return Threshold(default=Fraction(reader.count(value, path)))
