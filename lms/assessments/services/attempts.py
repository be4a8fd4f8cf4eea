"""Attempts: started, submitted, closed at their deadline."""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.assessments import statements
from lms.assessments.errors import AlreadyPassed, ExamNotOpen, MustWait, NoAttemptLeft, NotForYou
from lms.assessments.events import AttemptScored
from lms.assessments.models import Assessment, Attempt, Response
from lms.assessments.services.draw import choose
from lms.assessments.services.scoring import points_of, total_up
from lms.assessments.services.states import State, state_for
from lms.events.services import emit
from lms.partners.models import Membership
from lms.xapi import services as xapi

logger = logging.getLogger("laurel.assessments")


def start_attempt(
    *, assessment: Assessment, person: User, membership: Membership | None, at: datetime, rng: Random | None = None
) -> Attempt:
    """Starts an attempt, or returns the one that is open: a double click, two devices and retries make one.

    Draws the items from the live ones, and freezes their versions, the order and tokens of their options, the cut score
    and the deadline. What holds is decided by the attempts in the database: two unique constraints (one open attempt;
    one attempt per number) make parallel starts one. An attempt past its deadline is scored first.

    Raises NotForYou, ExamNotOpen, ExamNotReady, AlreadyPassed, NoAttemptLeft, MustWait (with `until`). Records
    `attempted`. `rng` is the source of the draw: the system's unless a test or a demo wants to repeat it.
    """
    rng = rng or secrets.SystemRandom()
    state = state_for(assessment, person, at)
    if state.state == State.OPEN and state.attempt and state.attempt.is_over(at):
        submit_attempt(attempt=state.attempt, at=at)  # its score stays, whatever becomes of this start
    try:
        return _start(assessment, person, membership, at, rng)
    except IntegrityError:  # the same person was quicker elsewhere: his attempt is there now
        return _start(assessment, person, membership, at, rng)


@transaction.atomic
def _start(assessment: Assessment, person: User, membership: Membership | None, at: datetime, rng: Random) -> Attempt:
    state = state_for(assessment, person, at)
    if state.state == State.OPEN and state.attempt:
        return state.attempt
    _require_audience(assessment, membership)
    match state.state:
        case State.PASSED:
            raise AlreadyPassed("You have passed this exam. There is nothing more to do.")
        case State.EXHAUSTED:
            raise NoAttemptLeft("You have used all your attempts. Ask your channel manager what to do next.")
        case State.WAITING if state.until:
            raise MustWait("The waiting time after your last attempt is not over yet.", until=state.until)
        case State.CLOSED:
            raise ExamNotOpen("This exam is not open at the moment. Nothing was started.")
    chosen = choose(assessment, person, rng)
    attempt = Attempt.objects.create(
        assessment=assessment,
        person=person,
        membership=membership,
        number=state.next_number,
        registration=uuid4(),
        started_at=at,
        deadline_at=at + timedelta(minutes=assessment.time_limit_minutes),
        cut_score=assessment.cut_score,
        form=chosen.form,
        minimums=chosen.minimums,
    )
    for response in chosen.responses:
        response.attempt = attempt
    Response.objects.bulk_create(chosen.responses)
    xapi.record([statements.attempted(attempt)], authority=xapi.platform_authority(), at=at)
    return attempt


def _require_audience(assessment: Assessment, membership: Membership | None) -> None:
    audience = set(assessment.personas.values_list("pk", flat=True))
    if audience and (membership is None or membership.persona_id not in audience):
        raise NotForYou("This exam is for other roles than the one you have at this partner.")


@transaction.atomic
def submit_attempt(
    *, attempt: Attempt, at: datetime, by: Attempt.SubmittedBy = Attempt.SubmittedBy.CANDIDATE
) -> Attempt:
    """Hands the attempt in and scores it, once; a repeat returns it as it was scored.

    After the deadline it counts as handed in at the deadline with what was saved by then. Passed is
    `points * 100 >= cut_score * max_points`, and the same for each section with a minimum, exactly, in Decimal: nothing
    is rounded before the comparison but the points of each item (four decimals, half up). Records `answered` per item
    and `passed` or `failed`; emits AttemptScored. Locks the attempt, then its responses, so no answer is saved between
    scoring and the end.
    """
    attempt = (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("assessment", "person", "membership__partner", "membership__persona")
        .get(pk=attempt.pk)
    )
    if attempt.submitted_at is not None:
        return attempt
    responses = list(
        attempt.responses.select_for_update(of=("self",)).select_related("item_version__item").order_by("position")
    )
    for response in responses:
        response.points = points_of(response)
    Response.objects.bulk_update(responses, ["points"])
    is_late = at > attempt.deadline_at
    attempt.submitted_at = min(at, attempt.deadline_at)
    attempt.submitted_by = Attempt.SubmittedBy.DEADLINE if is_late else by
    total_up(attempt, responses)
    attempt.save(update_fields=["submitted_at", "submitted_by", "points", "max_points", "is_passed"])
    _tell(attempt, responses, at)
    return attempt


def _tell(attempt: Attempt, responses: Sequence[Response], at: datetime) -> None:
    told = [statements.answered(attempt, response) for response in responses if response.is_answered]
    xapi.record([*told, statements.scored(attempt)], authority=xapi.platform_authority(), at=at)
    emit(
        AttemptScored(
            at=at,
            attempt_id=attempt.public_id,
            person_id=attempt.person.public_id,
            assessment_id=attempt.assessment.public_id,
            is_passed=bool(attempt.is_passed),
            statement_id=statements.scored_id(attempt),
        )
    )


def close_overdue(at: datetime) -> int:
    """Submits every open attempt whose deadline has passed; each in a transaction of its own. Returns how many.

    One that fails is logged and left for the next sweep; it does not hold up the others.
    """
    closed = 0
    for attempt in Attempt.objects.overdue(at).order_by("deadline_at"):
        try:
            submit_attempt(attempt=attempt, at=at, by=Attempt.SubmittedBy.DEADLINE)
            closed += 1
        except Exception:
            logger.exception("attempt %s could not be closed", attempt.public_id)
    return closed
