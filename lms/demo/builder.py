"""Builds the demo into an empty, migrated database and marks it as built."""

import time
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from lms.accounts.models import AuditEntry
from lms.assessments.services import judge_exams
from lms.demo.agreements import raise_one_appeal
from lms.demo.calendar import Calendar
from lms.demo.content import build_content
from lms.demo.history import plan_history, play_week
from lms.demo.marking import show_marking
from lms.demo.people import build_cast
from lms.demo.progress import steps
from lms.demo.site import set_up
from lms.demo.timeline import Timeline
from lms.events.services import drain, hold
from lms.partners.models import Partner
from lms.reporting.services import follow_statements
from lms.tiers.services import evaluate_partner

BEGUN, BUILT = "demo.begin_build", "demo.finish_build"
MONTH_OF_WEEKS = 4


def state() -> str:
    """ "empty", "begun" (an interrupted build), "built", or "foreign" (data the demo did not make)."""
    if AuditEntry.objects.filter(action=BUILT).exists():
        return "built"
    if AuditEntry.objects.filter(action=BEGUN).exists():
        return "begun"
    return "foreign" if Partner.objects.exists() else "empty"


def build() -> dict[str, float]:
    """Builds everything; returns the seconds each part took."""
    AuditEntry.objects.create(action=BEGUN)
    calendar = Calendar(timezone.localdate())
    seconds: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal clock
        seconds[name], clock = time.perf_counter() - clock, time.perf_counter()

    with hold():
        with transaction.atomic():
            set_up(calendar.first_morning)
            cast = build_cast(calendar)
        lap("people")
        with transaction.atomic():
            courses, exams = build_content(cast, calendar)
        drain()
        lap("content")
        _play(calendar, plan_history(cast, courses, exams, calendar))
        judge_exams(at=calendar.now)
        lap("history")
        with transaction.atomic():
            show_marking(cast, calendar)
        drain()
        lap("marking")
    raise_one_appeal(calendar.now)
    follow_statements()
    lap("figures")
    AuditEntry.objects.create(action=BUILT, detail={"day": calendar.today.isoformat()})
    return seconds


def _play(calendar: Calendar, timeline: Timeline) -> None:
    first = calendar.first_morning
    weeks = [first + timedelta(weeks=number) for number in range(1, (calendar.now - first).days // 7 + 2)]
    for number, until in enumerate(steps("Eighteen months of learning", weeks)):
        play_week(timeline, min(until, calendar.now))
        if number % MONTH_OF_WEEKS == 0 or until >= calendar.now:
            _evaluate_all(min(until, calendar.now))


def _evaluate_all(at: datetime) -> None:
    """What beat does every night: certificates expire without an event."""
    with transaction.atomic():
        for partner in Partner.objects.filter(joined_on__lte=at.astimezone(UTC).date()):
            evaluate_partner(partner=partner, at=at)
    drain()
