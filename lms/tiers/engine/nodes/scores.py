"""Rules on points: a total, and no component at zero."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.demands import Demand, Fixed, Need, Points
from lms.tiers.engine.nodes.groups import count_state
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.scorecard import Scorecard
from lms.tiers.engine.nodes.thresholds import Threshold, read_threshold
from lms.tiers.engine.numbers import as_words
from lms.tiers.engine.problems import Path


@dataclass(frozen=True, kw_only=True)
class _OnScore(Node):
    """`score` names a scorecard, "track" for the partner's own, or "best" for the track with the highest total."""

    score: str

    def card(self, context: Context) -> Scorecard | None:
        name = {"track": context.track, "best": context.best_track}.get(self.score, self.score)
        return context.scores.get(name)

    def no_track(self, context: Context) -> Finding:
        return Finding(
            id=self.id,
            label=self.label or "Points",
            kind=self.kind,
            state=State.UNKNOWN,
            need=Fraction(1),
            have=None,
            missing="no track is chosen" if self.card(context) is None else "not known yet",
        )


@dataclass(frozen=True, kw_only=True)
class Score(_OnScore):
    """`score: name` with `gte`: the points reach a total."""

    kind: ClassVar[str] = "score"
    beside: ClassVar[frozenset[str]] = frozenset({"gte"})
    gte: Threshold

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        name = reader.slug(members["score"], (*path, "score"))
        reader.use("score", name, path)
        gte = read_threshold(reader, members.get("gte"), (*path, "gte"))
        return cls(id=id, label=reader.label(members, path), score=name, gte=gte)

    def assess(self, context: Context) -> Finding:
        card, gte = self.card(context), self.gte.of(context)
        if card is None or gte is None:
            return self.no_track(context)
        low, high = card.range(context)
        state = State.MET if low >= gte else State.UNMET if high < gte else State.UNKNOWN
        lines = card.lines(context)
        return Finding(
            id=self.id,
            label=self.label or f"Points, {context.words(card.name)}",
            kind=self.kind,
            state=state,
            need=gte,
            have=low,
            unit="points",
            missing="" if state is State.MET else f"{as_words(gte - low)} more points",
            people=tuple(sorted({person for line in lines for person in line.people})),
            credentials=tuple(sorted({reference for line in lines for reference in line.credentials})),
            measures=tuple(sorted({name for line in lines for name in line.measures})),
            parts=lines,
        )

    def demand(self, context: Context) -> Demand:
        card, gte = self.card(context), self.gte.of(context)
        if card is None or gte is None:
            return super().demand(context)
        base, lines = card.people_lines(context)
        return Points(base, lines, gte)


@dataclass(frozen=True, kw_only=True)
class EveryMetricPositive(_OnScore):
    """`every_metric_positive: name`: every component of the scorecard scores something."""

    kind: ClassVar[str] = "every_metric_positive"

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        name = reader.slug(members["every_metric_positive"], (*path, "every_metric_positive"))
        reader.use("score", name, path)
        return cls(id=id, label=reader.label(members, path), score=name)

    def assess(self, context: Context) -> Finding:
        card = self.card(context)
        if card is None:
            return self.no_track(context)
        lines = card.lines(context)
        state = count_state(lines, len(lines))
        zero = [line.label for line in lines if not line.is_met]
        return Finding(
            id=self.id,
            label=self.label or "Points in every part",
            kind=self.kind,
            state=state,
            need=Fraction(len(lines)),
            have=Fraction(len(lines) - len(zero)),
            missing="" if state is State.MET else "no points in " + ", ".join(zero),
            people=tuple(sorted({person for line in lines for person in line.people})),
            credentials=tuple(sorted({reference for line in lines for reference in line.credentials})),
            measures=tuple(sorted({name for line in lines for name in line.measures})),
            parts=lines,
        )

    def demand(self, context: Context) -> Demand:
        card = self.card(context)
        if card is None:
            return super().demand(context)
        sure = all(
            points.low > 0
            for component, points in zip(card.components, card.found(context), strict=True)
            if not component.codes
        )
        _, lines = card.people_lines(context)
        return Need(len(lines) + 1, (Fixed(sure), *(Points(Fraction(0), (line,), line.each) for line in lines)))
