"""Where a person stands with an exam: derived from his attempts, never stored."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lms.accounts.models import User
from lms.assessments.models import Assessment, Attempt


class State(StrEnum):
    OPEN = "open"
    PASSED = "passed"
    WAITING = "waiting"
    EXHAUSTED = "exhausted"
    AVAILABLE = "available"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class AttemptState:
    """`until` ends the waiting time (waiting) or the attempt (open). `attempt` is the open, passed or last one."""

    state: State
    attempts_left: int
    until: datetime | None = None
    attempt: Attempt | None = None


def attempts_left(assessment: Assessment, person: User) -> int:
    """How many attempts the person may still start, passed or not."""
    return max(0, assessment.attempts_allowed - assessment.attempts.filter(person=person).count())


def state_for(assessment: Assessment, person: User, at: datetime) -> AttemptState:
    """Where the person stands with one exam. One query."""
    return states_for([assessment], person, at)[assessment.pk]


def states_for(assessments: Iterable[Assessment], person: User, at: datetime) -> dict[int, AttemptState]:
    """Where the person stands with each exam, by primary key. One query."""
    assessments = list(assessments)
    by_assessment: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(person=person, assessment__in=assessments).order_by("number"):
        by_assessment[attempt.assessment_id].append(attempt)
    return {assessment.pk: derive(assessment, by_assessment[assessment.pk], at) for assessment in assessments}


def derive(assessment: Assessment, attempts: list[Attempt], at: datetime) -> AttemptState:
    """The state from all attempts of one person in their order. Pure.

    An attempt past its deadline stays open until it is scored, which the next page view or the sweep does.
    """
    left = max(0, assessment.attempts_allowed - len(attempts))
    last = attempts[-1] if attempts else None
    if last and last.submitted_at is None:
        return AttemptState(state=State.OPEN, attempts_left=left, until=last.deadline_at, attempt=last)
    passed = next((attempt for attempt in attempts if attempt.is_passed), None)
    if passed:
        return AttemptState(state=State.PASSED, attempts_left=left, attempt=passed)
    if not left:
        return AttemptState(state=State.EXHAUSTED, attempts_left=0, attempt=last)
    until = last.submitted_at + timedelta(hours=assessment.wait_hours) if last and last.submitted_at else None
    if until and at < until:
        return AttemptState(state=State.WAITING, attempts_left=left, until=until, attempt=last)
    state = State.AVAILABLE if assessment.is_open(at) else State.CLOSED
    return AttemptState(state=state, attempts_left=left, attempt=last)
