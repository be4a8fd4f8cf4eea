"""Adding up: a partner's days make his weeks and months, all partners' weeks and months make those of everybody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from lms.reporting import activity
from lms.reporting.models import EVERYBODY, ContentDay, ContentMonth, PartnerPeriod
from lms.reporting.services.marks import locked_cursor

ContentKey = tuple[UUID, str, str]  # activity, version, persona
Counts = tuple[int, int, int]  # people, visits, minutes


@dataclass(frozen=True)
class Sums:
    """What a period comes to: people, person-days, visits and minutes; and by content, of months only."""

    figures: tuple[int, int, int, int]
    contents: dict[ContentKey, Counts]


def sum_stale() -> int:
    """Adds up every stale week and month anew, each in a transaction of its own; returns how many."""
    done = 0
    stale = PartnerPeriod.objects.filter(is_stale=True)
    for periods in (stale.exclude(partner_public_id=EVERYBODY), stale.filter(partner_public_id=EVERYBODY)):
        for pk in list(periods.order_by("pk").values_list("pk", flat=True)):
            done += _sum_one(pk)
    return done


@transaction.atomic
def _sum_one(pk: int) -> bool:
    locked_cursor()  # nobody marks days meanwhile
    period = PartnerPeriod.objects.get(pk=pk)
    if not period.is_stale:
        return False
    sums = add_up(period)
    for name, value in zip(PartnerPeriod.FIGURES, sums.figures, strict=True):
        setattr(period, name, value)
    period.is_stale = False
    period.save(update_fields=[*PartnerPeriod.FIGURES, "is_stale"])
    if period.unit == PartnerPeriod.Unit.MONTH:
        _store_contents(period, sums.contents)
    return True


def _store_contents(period: PartnerPeriod, contents: dict[ContentKey, Counts]) -> None:
    ContentMonth.objects.filter(partner_public_id=period.partner_public_id, month=period.start).delete()
    ContentMonth.objects.bulk_create(
        ContentMonth(
            partner_public_id=period.partner_public_id,
            month=period.start,
            activity_key=key,
            version=version,
            persona=persona,
            people=people,
            visits=visits,
            minutes=minutes,
        )
        for (key, version, persona), (people, visits, minutes) in contents.items()
    )


def add_up(period: PartnerPeriod) -> Sums:
    """What a week or month comes to: from days for a partner, from partners for everybody."""
    if period.partner_public_id == EVERYBODY:
        return _of_everybody(period)
    until = _end(period)
    days = ContentDay.objects.filter(
        partner_public_id=period.partner_public_id, day__gte=period.start, day__lt=until
    ).values_list("person_id", "day", "activity_key", "version", "persona", "marks")
    return _of_days(days.iterator(chunk_size=5000), by_content=period.unit == PartnerPeriod.Unit.MONTH)


def _end(period: PartnerPeriod) -> date:
    if period.unit == PartnerPeriod.Unit.WEEK:
        return period.start + timedelta(days=7)
    return activity.months_before(period.start, -1)


def _of_days(days: Iterable[tuple[Any, ...]], *, by_content: bool) -> Sums:
    person_days: dict[tuple[int, date], int] = {}
    people: dict[ContentKey, set[int]] = {}
    used: dict[ContentKey, tuple[int, int]] = {}
    for person, day, key, version, persona, stored in days:
        marks = activity.from_bytes(stored)
        person_days[person, day] = person_days.get((person, day), 0) | marks
        if by_content:
            content = (key, version, persona)
            people.setdefault(content, set()).add(person)
            visits, minutes = activity.visits_and_minutes(marks)
            before = used.get(content, (0, 0))
            used[content] = (before[0] + visits, before[1] + minutes)
    counted = [activity.visits_and_minutes(marks) for marks in person_days.values()]
    figures = (
        len({person for person, _ in person_days}),
        len(person_days),
        sum(visits for visits, _ in counted),
        sum(minutes for _, minutes in counted),
    )
    return Sums(figures, {content: (len(people[content]), *used[content]) for content in used})


def _of_everybody(period: PartnerPeriod) -> Sums:
    """Somebody who works for two partners counts for both."""
    partners = PartnerPeriod.objects.filter(unit=period.unit, start=period.start).exclude(partner_public_id=EVERYBODY)
    found = partners.aggregate(**{name: Sum(name, default=0) for name in PartnerPeriod.FIGURES})
    contents = ContentMonth.objects.none()
    if period.unit == PartnerPeriod.Unit.MONTH:
        contents = ContentMonth.objects.filter(month=period.start).exclude(partner_public_id=EVERYBODY)
    by_content = contents.values("activity_key", "version", "persona").annotate(
        all_people=Sum("people"), all_visits=Sum("visits"), all_minutes=Sum("minutes")
    )
    return Sums(
        (found["people"], found["person_days"], found["visits"], found["minutes"]),
        {
            (row["activity_key"], row["version"], row["persona"]): (
                row["all_people"],
                row["all_visits"],
                row["all_minutes"],
            )
            for row in by_content.order_by()
        },
    )
