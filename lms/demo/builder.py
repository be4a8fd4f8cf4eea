"""Builds the demo into an empty, migrated database and marks it as built."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lms.accounts.models import AuditEntry
from lms.assessments.services import judge_exams
from lms.deals.services import expire_deals
from lms.demo.agreements import raise_one_appeal
from lms.demo.approvals import plan_approvals
from lms.demo.assets import build_assets
from lms.demo.branding import build_branding
from lms.demo.calendar import Calendar
from lms.demo.content import build_content
from lms.demo.deals import build_rules, plan_deals
from lms.demo.history import plan_history, play_week
from lms.demo.marking import show_marking
from lms.demo.outside import plan_outside
from lms.demo.people import build_cast
from lms.demo.progress import steps
from lms.demo.relations import plan_relations
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

    with hold(), _letters_unsent():
        with transaction.atomic():
            set_up(calendar.first_morning)
            cast = build_cast(calendar)
            build_rules(cast, calendar)
        lap("people")
        with transaction.atomic():
            courses, exams = build_content(cast, calendar)
        drain()
        lap("content")
        timeline = plan_history(cast, courses, exams, calendar)
        plan_deals(cast, timeline, calendar)
        plan_outside(cast, timeline, calendar)
        plan_relations(timeline, calendar)
        plan_approvals(cast, timeline, calendar)
        _play(calendar, timeline)
        judge_exams(at=calendar.now)
        lap("history")
        with transaction.atomic():
            show_marking(cast, calendar)
            build_assets(cast, calendar)
            build_branding(cast, calendar)
        drain()
        lap("marking")
    raise_one_appeal(calendar.now)
    follow_statements()
    lap("figures")
    AuditEntry.objects.create(action=BUILT, detail={"day": calendar.today.isoformat()})
    return seconds


@contextmanager
def _letters_unsent() -> Iterator[None]:
    """Letters of the history go to nobody: the demo's mail is the terminal."""
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    try:
        yield
    finally:
        settings.EMAIL_BACKEND = backend


def _play(calendar: Calendar, timeline: Timeline) -> None:
    first = calendar.first_morning
    weeks = [first + timedelta(weeks=number) for number in range(1, (calendar.now - first).days // 7 + 2)]
    for number, until in enumerate(steps("Eighteen months of learning", weeks)):
        play_week(timeline, min(until, calendar.now))
        if number % MONTH_OF_WEEKS == 0 or until >= calendar.now:
            _evaluate_all(min(until, calendar.now))
        with transaction.atomic():
            expire_deals(at=min(until, calendar.now))
    drain()


def _evaluate_all(at: datetime) -> None:
    """What beat does every night: certificates expire without an event."""
    with transaction.atomic():
        for partner in Partner.objects.filter(joined_on__lte=at.astimezone(UTC).date()):
            evaluate_partner(partner=partner, at=at)
    drain()
