"""Tables that several reports have."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from lms.portal.reports.model import Basis, Cell, Table
from lms.reporting import activity
from lms.reporting.services import GroupRate, Rate
from lms.reporting.usage import Cohort, ContentUse, Usage

CONTENT_MONTHS = 3


def groups_table(key: str, title: str, what: str, groups: Iterable[GroupRate[Any]], rate: Rate) -> Table:
    """Completion per course, persona or partner."""
    rows = [
        (group.name or "None", group.rate.numerator, group.rate.denominator, f"{group.rate.percent}%")
        for group in groups
    ]
    return Table(
        key=key,
        title=title,
        definition="Completed of registered and not withdrawn in the window; cut to whole percent.",
        columns=(what, "Completed", "Registered", "Completion"),
        rows=rows,
        basis=Basis(since=rate.since, until=rate.until, as_of=rate.as_of, narrowed=rate.narrowed),
    )


def cohorts_table(found: Sequence[Cohort], rate: Rate) -> Table:
    """Completion within so many days, by month of registration."""
    days = [number for number, _ in found[0].within]
    return Table(
        key="cohorts",
        title="Cohorts by month of registration",
        definition="Of those who registered in a month and did not withdraw, how many completed within so many days of "
        "registering. A dash: not all of them have had that many days yet.",
        columns=("Registered in", "Registered", *(f"Within {number} days" for number in days)),
        rows=[(f"{one.month:%Y-%m}", one.registered, *(count for _, count in one.within)) for one in found],
        basis=Basis(since=found[0].month, until=rate.until, as_of=rate.as_of, narrowed=rate.narrowed),
    )


def usage_table(
    found: Sequence[Usage],
    as_of: datetime | None,
    whose: str,
    *,
    title: str = "Activity by week",
    unit: str = "Week of",
) -> Table:
    """People, visits and active time per week or month."""
    return Table(
        key="activity",
        title=title,
        definition=activity.RULE,
        columns=(unit, "People", "Visits", "Active minutes"),
        rows=[(one.start, one.people, one.visits, one.minutes) for one in found],
        basis=Basis(since=found[0].start, until=found[-1].end, as_of=as_of, narrowed=whose),
    )


def content_table(found: Sequence[ContentUse], at: datetime, as_of: datetime | None, whose: str) -> Table:
    """What was used, per version and persona."""
    rows: list[Sequence[Cell]] = [
        (one.name, one.kind, one.version or "–", one.persona or "–", one.people, one.visits, one.minutes)
        for one in found
    ]
    return Table(
        key="content",
        title="Content in use",
        definition=f"Per item, version and persona. People: the most in one month. {activity.RULE}",
        columns=("Item", "Kind", "Version", "Persona", "People", "Visits", "Active minutes"),
        rows=rows,
        basis=_months(at, as_of, whose),
    )


def kinds_table(found: Sequence[ContentUse], at: datetime, as_of: datetime | None) -> Table:
    """Visits and time per kind of content: courses, videos, articles, webinars (R48)."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    items: dict[str, set[object]] = defaultdict(set)
    for one in found:
        items[one.kind].add(one.activity_key)
        sums[one.kind][0] += one.visits
        sums[one.kind][1] += one.minutes
    ordered = sorted(sums.items(), key=lambda one: (-one[1][1], one[0]))
    return Table(
        key="kinds",
        title="Content by kind",
        definition=f"Items that were used, with their visits and active minutes. {activity.RULE}",
        columns=("Kind", "Items", "Visits", "Active minutes"),
        rows=[(kind or "other", len(items[kind]), *counts) for kind, counts in ordered],
        basis=_months(at, as_of, "all partners"),
    )


def _months(at: datetime, as_of: datetime | None, whose: str) -> Basis:
    today = at.astimezone(UTC).date()
    return Basis(
        since=activity.months_before(today, CONTENT_MONTHS - 1),
        until=activity.months_before(today, -1),
        as_of=as_of,
        narrowed=whose,
    )
