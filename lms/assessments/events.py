"""What happens in assessments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class AttemptScored(Event):
    """An attempt was submitted and scored. `statement_id` is the passed or failed statement."""

    type: ClassVar[str] = "assessments.AttemptScored"
    attempt_id: UUID
    person_id: UUID
    assessment_id: UUID
    is_passed: bool
    statement_id: UUID


@dataclass(frozen=True, kw_only=True)
class RegradeContinued(Event):
    """A regrade has attempts to do, after the one with the id `after`."""

    type: ClassVar[str] = "assessments.RegradeContinued"
    regrade_id: UUID
    after: int


@dataclass(frozen=True, kw_only=True)
class AttemptRegraded(Event):
    """The result of a scored attempt changed because an item of it was wrong."""

    type: ClassVar[str] = "assessments.AttemptRegraded"
    regrade_id: UUID
    attempt_id: UUID
    person_id: UUID
    assessment_id: UUID
    was_passed: bool
    is_passed: bool


@dataclass(frozen=True, kw_only=True)
class ResultHeldBack(Event):
    """An attempt was scored, and its result is kept back for now: nobody but statistics is told."""

    type: ClassVar[str] = "assessments.ResultHeldBack"
    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class ResultReleased(Event):
    """The held result of an attempt may be told now."""

    type: ClassVar[str] = "assessments.ResultReleased"
    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class ProctoringDue(Event):
    """A proctoring service is to be told that an attempt started or finished (`step`)."""

    type: ClassVar[str] = "assessments.ProctoringDue"
    attempt_id: UUID
    step: str


@dataclass(frozen=True, kw_only=True)
class ItemImportDue(Event):
    """The questions of a kept file from `start` on are to be looked at (`is_dry_run`) or imported."""

    type: ClassVar[str] = "assessments.ItemImportDue"
    import_id: UUID
    start: int
    is_dry_run: bool
