"""The clock of an attempt: its plan at the start, its sections, its breaks. The server's, in any case.

A section whose time is up is over without anybody doing anything: where the clock stands is worked out from when the
present section began. So a restart, a sleeping laptop and a beat that is late change nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from lms.assessments.errors import AttemptOver, NoBreakLeft, OnBreak, QuestionClosed
from lms.assessments.models import Accommodation, Assessment, Attempt, AttemptEvent, Response, Rules, SectionRule
from lms.assessments.services.integrity import record_event

MAX_POSITION = 10_000
OVER = "The time is up or the exam was handed in. This answer was not stored; what was saved before counts."


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an attempt that starts now is sat under. `breaks` are the seconds it may stand still."""

    rules: Rules
    deadline_at: datetime
    closes_at: datetime | None
    breaks: int


def plan(
    assessment: Assessment,
    responses: list[Response],
    limits: dict[str, int | None],
    accommodation: Accommodation | None,
    at: datetime,
) -> Plan:
    """The plan of an attempt. Pure. `limits` are the minutes of each section by its title.

    Extra time lengthens the whole, each section, and, where attempts end with the exam's window, the window.
    """
    extra = accommodation.extra_percent if accommodation else 0
    breaks = accommodation.break_minutes * 60 if accommodation else 0
    usual = assessment.time_limit_minutes * 60
    own = usual * (100 + extra) // 100
    sections = _section_rules(responses, limits, extra)
    if sections and all(section.seconds for section in sections):
        own = min(own, sum(section.seconds for section in sections))
    deadline = at + timedelta(seconds=own)
    if assessment.ends_at_close and assessment.closed_at is not None:
        deadline = min(deadline, assessment.closed_at + timedelta(seconds=usual * extra // 100 + breaks))
    return Plan(
        rules=Rules(
            is_linear=assessment.is_linear,
            asks_confidence=assessment.asks_confidence,
            has_calculator=assessment.has_calculator,
            has_hints=assessment.has_hints,
            is_large=bool(accommodation and accommodation.is_large),
            extra_percent=extra,
            mark_tolerance=assessment.mark_tolerance,
            sections=sections,
        ),
        deadline_at=deadline,
        closes_at=deadline + timedelta(seconds=assessment.grace_seconds) if assessment.grace_seconds else None,
        breaks=breaks,
    )


def _section_rules(responses: list[Response], limits: dict[str, int | None], extra: int) -> tuple[SectionRule, ...]:
    """A rule for each run of questions of one section; none when no section has a limit."""
    if not any(limits.values()):
        return ()
    rules: list[SectionRule] = []
    for response in responses:
        first = response.position
        if rules and rules[-1].title == response.section:
            first = rules.pop().first
        seconds = (limits.get(response.section) or 0) * 60 * (100 + extra) // 100
        rules.append(SectionRule(title=response.section, first=first, last=response.position, seconds=seconds))
    return tuple(rules)


@dataclass(frozen=True, kw_only=True)
class SectionClock:
    """The section that is open. `ends_at` is None without a limit; `before_ended_at` is when time ended the one before.

    `is_over`: it is the last one, and its time is up too.
    """

    index: int
    rule: SectionRule
    ends_at: datetime | None
    before_ended_at: datetime | None
    is_last: bool
    is_over: bool

    def seconds_left(self, at: datetime) -> int | None:
        return None if self.ends_at is None else max(0, int((self.ends_at - at).total_seconds()))


def section_clock(attempt: Attempt, at: datetime, rules: Rules | None = None) -> SectionClock | None:
    """Where the sections of an attempt stand; None when no section has a limit. Pure."""
    sections = (rules or attempt.loaded_rules).sections
    if not sections:
        return None
    index, started = attempt.section_index, attempt.section_started_at or attempt.started_at
    now = at
    if attempt.paused_at is not None:
        if attempt.is_paused(at):
            now = attempt.paused_at
        else:  # the break ended by itself: the section stood still for all of it
            started += timedelta(seconds=attempt.break_seconds_left)
    before: datetime | None = None
    while True:
        rule = sections[index]
        ends = started + timedelta(seconds=rule.seconds) if rule.seconds else None
        is_over, is_last = ends is not None and now > ends, index + 1 == len(sections)
        if not is_over or is_last or ends is None:
            return SectionClock(
                index=index, rule=rule, ends_at=ends, before_ended_at=before, is_last=is_last, is_over=is_over
            )
        index, started, before = index + 1, ends, ends


def open_positions(attempt: Attempt, at: datetime) -> range:
    """The questions that may be seen and answered now. All of them unless the exam is one way or has timed sections."""
    rules = attempt.loaded_rules
    clock = section_clock(attempt, at, rules)
    first, last = (clock.rule.first, clock.rule.last) if clock else (1, MAX_POSITION)
    if clock and clock.is_over:
        return range(0)
    if rules.is_linear:
        first = max(first, attempt.reached)
        last = min(last, first)
    return range(first, last + 1)


def require_open(attempt: Attempt, position: int, at: datetime, *, is_queued: bool) -> bool:
    """Whether a save comes late but in time for the grace. Raises AttemptOver, OnBreak, QuestionClosed.

    The grace is for answers that waited in a browser without a connection: after the whole attempt and after a section.
    """
    if attempt.is_closed(at) or (attempt.is_over(at) and not is_queued):
        raise AttemptOver(OVER)
    if attempt.is_paused(at) and not is_queued:
        raise OnBreak("Your break is running and the clock stands. Come back to the exam first. Nothing was stored.")
    if position in open_positions(attempt, min(at, attempt.deadline_at)):
        return at > attempt.deadline_at
    if is_queued and _is_of_section_just_over(attempt, position, at):
        return True
    raise QuestionClosed(
        "This question is not open any more. This answer was not stored; what was saved before counts."
    )


def _is_of_section_just_over(attempt: Attempt, position: int, at: datetime) -> bool:
    rules = attempt.loaded_rules
    clock = section_clock(attempt, at, rules)
    if clock is None or rules.is_linear or attempt.closes_at is None:
        return False
    rule, ended = (clock.rule, clock.ends_at) if clock.is_over else (None, clock.before_ended_at)
    if rule is None and clock.index:
        rule = rules.sections[clock.index - 1]
    grace = attempt.closes_at - attempt.deadline_at
    return rule is not None and ended is not None and at <= ended + grace and rule.first <= position <= rule.last


def pass_question(*, attempt: Attempt, position: int) -> None:
    """One way only: leaves a question for the next one, for good. A repeat changes nothing."""
    Attempt.objects.filter(pk=attempt.pk, submitted_at=None, reached__lte=position).update(reached=position + 1)
    attempt.reached = max(attempt.reached, position + 1)


@transaction.atomic
def finish_section(*, attempt: Attempt, index: int, at: datetime) -> None:
    """Ends section `index` before its time and begins the next. A repeat does nothing, nor one for a section long over.

    Locks the attempt.
    """
    locked = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    clock = section_clock(locked, at)
    if clock is None or clock.index != index or clock.is_last or locked.is_over(at) or locked.is_paused(at):
        return
    _settle_break(locked, at)
    locked.section_index, locked.section_started_at = index + 1, at
    locked.save(update_fields=["section_index", "section_started_at", "paused_at", "break_seconds_left"])
    record_event(attempt=locked, kind=AttemptEvent.Kind.SECTION_FINISHED, at=at, detail={"section": clock.rule.title})


@transaction.atomic
def start_break(*, attempt: Attempt, at: datetime) -> Attempt:
    """Stops the clock for as long as the candidate's breaks last, at most; a repeat changes nothing. Locks the attempt.

    Raises NoBreakLeft, AttemptOver.
    """
    locked = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    if locked.is_over(at):
        raise AttemptOver("The time is up or the exam was handed in.")
    if locked.is_paused(at):
        return locked
    _settle_break(locked, at)
    if not locked.break_seconds_left:
        raise NoBreakLeft("There is no break left in this exam. The clock goes on.")
    locked.paused_at = at
    _move_end(locked, timedelta(seconds=locked.break_seconds_left))
    _save_break(locked)
    record_event(attempt=locked, kind=AttemptEvent.Kind.BREAK_STARTED, at=at)
    return locked


@transaction.atomic
def end_break(*, attempt: Attempt, at: datetime) -> Attempt:
    """Lets the clock go on; what is left of the breaks is kept. Without a break running it does nothing.

    Locks the attempt.
    """
    locked = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    if not locked.is_paused(at) or locked.paused_at is None:
        return locked
    used = at - locked.paused_at
    _move_end(locked, used - timedelta(seconds=locked.break_seconds_left))
    _settle_break(locked, at)
    _save_break(locked)
    record_event(
        attempt=locked, kind=AttemptEvent.Kind.BREAK_ENDED, at=at, detail={"seconds": int(used.total_seconds())}
    )
    return locked


def _settle_break(attempt: Attempt, at: datetime) -> None:
    """Takes a break that is over, or ends now, out of the account, and moves the section's clock by its length."""
    if attempt.paused_at is None:
        return
    used = min(at - attempt.paused_at, timedelta(seconds=attempt.break_seconds_left))
    attempt.section_started_at = (attempt.section_started_at or attempt.started_at) + used
    attempt.break_seconds_left -= -(-int(used.total_seconds() * 1000) // 1000)
    attempt.paused_at = None


def _move_end(attempt: Attempt, by: timedelta) -> None:
    attempt.deadline_at += by
    attempt.closes_at = attempt.closes_at and attempt.closes_at + by


def _save_break(attempt: Attempt) -> None:
    attempt.save(update_fields=["paused_at", "break_seconds_left", "deadline_at", "closes_at", "section_started_at"])
