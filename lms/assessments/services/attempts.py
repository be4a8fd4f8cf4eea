"""Attempts: started, submitted, closed at their deadline."""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime
from random import Random
from uuid import uuid4

import msgspec
from django.db import IntegrityError, transaction

from lms.accounts.models import User
from lms.assessments import statements
from lms.assessments.errors import AlreadyPassed, ExamNotOpen, MustWait, NoAttemptLeft, NotForYou, ResultHeld
from lms.assessments.events import AttemptScored, ResultHeldBack
from lms.assessments.models import Accommodation, Assessment, Attempt, AttemptEvent, Response, Section
from lms.assessments.services.clock import Plan, plan
from lms.assessments.services.draw import choose, minimums_of
from lms.assessments.services.entry import Entry, check_entry
from lms.assessments.services.integrity import record_event
from lms.assessments.services.preparing import take_prepared
from lms.assessments.services.proctoring import tell_proctor
from lms.assessments.services.scoring import follow_regrades, grade, total_up
from lms.assessments.services.states import AttemptState, State, state_for
from lms.events.services import emit
from lms.partners.models import Membership
from lms.xapi import services as xapi

logger = logging.getLogger("laurel.assessments")


def start_attempt(
    *,
    assessment: Assessment,
    person: User,
    membership: Membership | None,
    at: datetime,
    rng: Random | None = None,
    entry: Entry | None = None,
) -> Attempt:
    """Starts an attempt, or returns the one that is open: a double click, two devices and retries make one.

    Draws the items from the live ones, or takes a form that was drawn ahead, and freezes their versions, the order and
    tokens of their options, the cut score, the deadline and the rules it is sat under, with what was granted.
    What holds is decided by the attempts in the database: two unique constraints (one open attempt; one attempt per
    number) make parallel starts one. An attempt from which nothing more is taken is scored first.

    Raises NotForYou, ExamNotOpen, ExamNotReady, AlreadyPassed, NoAttemptLeft, MustWait (with `until`), ResultHeld, and
    what check_entry raises for `entry`. Records `attempted`. `rng` is the source of the draw: the system's unless a
    test or a demo wants to repeat it.
    """
    rng = rng or secrets.SystemRandom()
    entry = entry or Entry()
    state = state_for(assessment, person, at)
    if state.state == State.OPEN and state.attempt and state.attempt.is_closed(at):
        submit_attempt(attempt=state.attempt, at=at)  # its score stays, whatever becomes of this start
        state = state_for(assessment, person, at)
    may_begin = state.state == State.AVAILABLE
    if may_begin:
        _require_audience(assessment, membership)
        check_entry(assessment, person, entry, at)  # outside of the transaction: a wrong code is counted in any case
    try:
        return _start(assessment, person, membership, at, rng, entry, may_begin=may_begin)
    except IntegrityError:  # the same person was quicker elsewhere: his attempt is there now
        return _start(assessment, person, membership, at, rng, entry, may_begin=may_begin)


@transaction.atomic
def _start(
    assessment: Assessment,
    person: User,
    membership: Membership | None,
    at: datetime,
    rng: Random,
    entry: Entry,
    *,
    may_begin: bool,
) -> Attempt:
    state = state_for(assessment, person, at)
    if state.state == State.OPEN and state.attempt:
        return state.attempt
    _require_audience(assessment, membership)
    _require_available(state, may_begin=may_begin)
    sections = list(assessment.sections.order_by("position"))
    chosen = take_prepared(assessment, at) if state.next_number == 1 else None
    chosen = chosen or choose(assessment, sections, rng, person=person)
    planned = _planned(assessment, person, sections, chosen.responses, at)
    attempt = Attempt.objects.create(
        assessment=assessment,
        person=person,
        membership=membership,
        number=state.next_number,
        registration=uuid4(),
        started_at=at,
        section_started_at=at,
        deadline_at=planned.deadline_at,
        closes_at=planned.closes_at,
        rules=msgspec.to_builtins(planned.rules),
        break_seconds_left=planned.breaks,
        honour_agreed_at=at if assessment.honour_code else None,
        seen_network=entry.visit.network,
        seen_agent=entry.visit.agent,
        cut_score=assessment.cut_score,
        form=chosen.form,
        minimums=minimums_of(sections),
    )
    _begin(attempt, chosen.responses, at)
    return attempt


def _planned(
    assessment: Assessment, person: User, sections: list[Section], responses: list[Response], at: datetime
) -> Plan:
    limits = {section.title: section.time_limit_minutes for section in sections}
    granted = Accommodation.objects.in_force(assessment, person.pk).first()
    return plan(assessment, responses, limits, granted, at)


def _begin(attempt: Attempt, responses: list[Response], at: datetime) -> None:
    """Puts the questions before the candidate and tells of it."""
    for response in responses:
        response.attempt = attempt
    Response.objects.bulk_create(responses)
    xapi.record([statements.attempted(attempt)], authority=xapi.platform_authority(), at=at)
    record_event(attempt=attempt, kind=AttemptEvent.Kind.STARTED, at=at)
    tell_proctor(attempt, "started", at)


def _require_available(state: AttemptState, *, may_begin: bool) -> None:
    match state.state:
        case State.PASSED:
            raise AlreadyPassed("You have passed this exam. There is nothing more to do.")
        case State.MARKING:
            raise ResultHeld("Your last attempt is handed in and waits for marks. Nothing was started.")
        case State.HELD:
            raise ResultHeld("Your last attempt is handed in; its result is not released yet. Nothing was started.")
        case State.EXHAUSTED:
            raise NoAttemptLeft("You have used all your attempts. Ask your channel manager what to do next.")
        case State.WAITING if state.until:
            raise MustWait("The waiting time after your last attempt is not over yet.", until=state.until)
        case State.CLOSED:
            raise ExamNotOpen("This exam is not open at the moment. Nothing was started.")
    if not may_begin:  # what was open is handed in since, elsewhere: nobody was asked for code and network of a new one
        raise ExamNotOpen("Your attempt was handed in a moment ago. Nothing was started; begin again if you want to.")


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
    is rounded before the comparison but the points of each item (four decimals, half up). An item that was marked
    again meanwhile is scored as that decided. Records `answered` per item and `passed` or `failed` and emits
    AttemptScored, at once or, where results are held, when they are released (release_results; now ResultHeldBack).
    Locks the attempt, then its responses, so no answer is saved between scoring and the end. With answers that people
    mark, all this comes when the last of them is marked (give_marks); until then the attempt is handed in and has no
    points.
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
    follow_regrades(attempt.assessment, responses)
    for response in responses:
        grade(response)
    Response.objects.bulk_update(responses, ["points", "awaits_marks", "regrade", "is_dropped"])
    is_late = at > attempt.deadline_at
    attempt.submitted_at = min(at, attempt.deadline_at)
    attempt.submitted_by = Attempt.SubmittedBy.DEADLINE if is_late else by
    if any(response.awaits_marks and response.is_counted for response in responses):
        attempt.marking_asked_at = at
        attempt.save(update_fields=["submitted_at", "submitted_by", "marking_asked_at"])
    else:
        settle_result(attempt, responses, at)
    record_event(attempt=attempt, kind=_ENDS[Attempt.SubmittedBy(attempt.submitted_by)], at=at)
    tell_proctor(attempt, "finished", at)
    return attempt


def settle_result(attempt: Attempt, responses: Sequence[Response], at: datetime) -> None:
    """Adds up the points of all responses and decides, once, whether the attempt is passed; tells it unless it is held.

    Call it with the attempt locked, not scored, and nothing counted waiting for marks.
    """
    total_up(attempt, responses)
    attempt.held_at = attempt.submitted_at if attempt.assessment.is_held(at) else None
    attempt.save(update_fields=["submitted_at", "submitted_by", "points", "max_points", "is_passed", "held_at"])
    if attempt.held_at is None:
        tell_result(attempt, responses, at)
    else:
        emit(ResultHeldBack(at=at, attempt_id=attempt.public_id))


_ENDS = {
    Attempt.SubmittedBy.CANDIDATE: AttemptEvent.Kind.HANDED_IN,
    Attempt.SubmittedBy.DEADLINE: AttemptEvent.Kind.CLOSED,
}


def tell_result(attempt: Attempt, responses: Sequence[Response], at: datetime) -> None:
    """Records the statements of a scored attempt and emits AttemptScored. Call it in the transaction of the score."""
    scored = [response for response in responses if response.is_answered and response.points is not None]
    told = [statements.answered(attempt, response) for response in scored]
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
    """Submits every open attempt from which nothing more is taken (deadline and grace are past). Returns how many.

    Each in a transaction of its own: one that fails is logged and left for the next sweep; it does not hold up the
    others.
    """
    closed = 0
    for attempt in Attempt.objects.overdue(at).order_by("deadline_at"):
        try:
            submit_attempt(attempt=attempt, at=at, by=Attempt.SubmittedBy.DEADLINE)
            closed += 1
        except Exception:
            logger.exception("attempt %s could not be closed", attempt.public_id)
    return closed
