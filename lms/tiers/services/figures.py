"""Findings and measures in the words and numbers that pages show."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from lms.tiers import engine
from lms.tiers.services.outside import DEALS_SOURCE, IMPORT, is_own


@dataclass(frozen=True, kw_only=True)
class Row:
    """A requirement as "have / need", in the words and numbers of components/requirement.html."""

    finding: engine.Finding
    tier: str

    @property
    def id(self) -> str:
        return self.finding.id

    @property
    def label(self) -> str:
        return self.finding.label

    @property
    def is_met(self) -> bool:
        return self.finding.is_met

    @property
    def need(self) -> int:
        """The end of the bar."""
        return 1000

    @property
    def have(self) -> int:
        """How far the bar goes, in thousandths of the need."""
        if self.is_met:
            return 1000
        have, need = self.finding.have, self.finding.need
        if have is None or need <= 0:
            return 0
        return min(int(Fraction(1000) * max(have, Fraction(0)) / need), 999)

    @property
    def have_text(self) -> str:
        return _in_words(self.finding, self.finding.have)

    @property
    def need_text(self) -> str:
        return _in_words(self.finding, self.finding.need)

    @property
    def figure(self) -> str:
        """The whole figure: "2, needs 4"."""
        if self.finding.unit == "yes":
            return self.have_text.capitalize()
        return f"{self.have_text}, needs {self.need_text}"

    @property
    def missing(self) -> str:
        """What is lacking, or "" where the figure says it already."""
        return self.finding.missing if self.finding.kind in {"people", "credentials", "any", "all", "at_least"} else ""


def _in_words(finding: engine.Finding, value: Fraction | None) -> str:
    if value is None:
        return "not known"
    if finding.unit == "yes":
        return "yes" if value else "no"
    # A threshold such as 62.5% needs a figure as fine as itself beside it.
    is_fine = finding.unit == "share" and (finding.need * 100).denominator != 1
    return engine.as_words(value, finding.unit, 2 if is_fine else None)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measure that went into an evaluation, with its source."""

    label: str
    text: str
    measure: engine.Measure

    @classmethod
    def of(cls, finding: engine.Finding, facts: engine.Facts, rules: engine.Programme) -> tuple["Figure", ...]:
        """Those that the finding rests on, as far as they are known."""
        return tuple(
            cls(
                label=rules.labels.get(name, name.replace("_", " ").capitalize()),
                text=engine.as_words(measure.value, rules.units.get(name, "")),
                measure=measure,
            )
            for name in finding.measures
            for measure in [_measure(name, finding, facts)]
            if measure is not None
        )

    @property
    def origin(self) -> str:
        """Where it comes from, in words that go on with "as of"."""
        source = self.measure.source
        if source.startswith(IMPORT):
            return f"Imported from {source.removeprefix(IMPORT)}"
        return "From registered deals that were approved" if self.is_of_deals else "From the learning record"

    @property
    def is_of_deals(self) -> bool:
        return self.measure.source == DEALS_SOURCE

    @property
    def as_of(self) -> datetime | None:
        return _moment(self.measure.as_of)

    @property
    def since(self) -> datetime | None:
        return _moment(self.measure.detail.get("since"))

    @property
    def until(self) -> datetime | None:
        return _moment(self.measure.detail.get("until"))


def _measure(name: str, finding: engine.Finding, facts: engine.Facts) -> engine.Measure | None:
    """The measure; where the finding added up dated entries, what they came to with their references."""
    measure = facts.measures.get(name)
    if finding.kind != "metric" or not finding.entries or finding.have is None:
        return measure
    source = measure.source if measure is not None else DEALS_SOURCE if is_own(name) else f"{IMPORT}several rows"
    return engine.Measure(value=finding.have, source=source, references=finding.entries)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
