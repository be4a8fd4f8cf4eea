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
    MARKING = "marking"
    HELD = "held"
    PASSED = "passed"
    WAITING = "waiting"
    EXHAUSTED = "exhausted"
    AVAILABLE = "available"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class AttemptState:
    """`until` ends the waiting time (waiting) or the attempt (open). `attempt` is the open, passed or last one.

    `attempts_left` counts for the present round: a pass that may be renewed begins a new one. `next_number` counts on
    through all rounds.
    """

    state: State
    attempts_left: int
    next_number: int
    until: datetime | None = None
    attempt: Attempt | None = None


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

    An attempt past its deadline stays open until it is scored, which the next page view or the sweep does. One with
    answers that people mark is marking until they did, one whose result is not released is held, and nothing begins
    before its result is told. A pass that may be renewed by now ends a round: attempts are counted anew.
    """
    number = len(attempts) + 1
    attempts = _present_round(assessment, attempts, at)
    left = max(0, assessment.attempts_allowed - len(attempts))
    last = attempts[-1] if attempts else None

    def result(state: State, attempt: Attempt | None, until: datetime | None = None) -> AttemptState:
        return AttemptState(state=state, attempts_left=left, next_number=number, until=until, attempt=attempt)

    if last and last.submitted_at is None:
        return result(State.OPEN, last, last.deadline_at)
    if last and not last.is_scored:
        return result(State.MARKING, last)
    if last and not last.is_result_known:
        return result(State.HELD, last)
    passed = next((attempt for attempt in attempts if attempt.is_passed), None)
    if passed:
        return result(State.PASSED, passed)
    if not left:
        return result(State.EXHAUSTED, last)
    wait = assessment.wait_after(len(attempts), assessment.wait_hours)
    until = last.submitted_at + wait if last and last.submitted_at else None
    if until and at < until:
        return result(State.WAITING, last, until)
    return result(State.AVAILABLE if assessment.is_open(at) else State.CLOSED, last)


def _present_round(assessment: Assessment, attempts: list[Attempt], at: datetime) -> list[Attempt]:
    """The attempts since the last pass that may be renewed by now; all of them when there is none."""
    if assessment.renewable_after_days is None:
        return attempts
    wait = timedelta(days=assessment.renewable_after_days)
    renewable = [
        index
        for index, attempt in enumerate(attempts, start=1)
        if attempt.is_passed and attempt.is_result_known and attempt.submitted_at and attempt.submitted_at + wait <= at
    ]
    return attempts[renewable[-1] :] if renewable else attempts
