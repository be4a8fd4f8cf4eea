"""Completion rates (R45) and the statements behind them.

A completion rate is of a window [since, until):

- denominator: registrations whose person registered in the window and had not withdrawn before `until`;
- numerator: those of them that were completed before `until`.

A person counts once per registration: who takes two courses counts twice, and who comes back after withdrawing counts
by the new registration. A completion in the window of a registration before it counts in that earlier window only, so
a rate never passes 1. What happens after `until` never changes a rate, but a voided or late statement may.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q

from lms.partners.models import Partner, Persona
from lms.reporting.models import CourseRecord, CourseRecordQuerySet
from lms.reporting.rates import GroupRate, Rate, month_start, year_before


def completion_rate(
    *,
    partner: Partner | None = None,
    course_iri: str | None = None,
    persona: str | None = None,
    since: datetime,
    until: datetime,
) -> Rate:
    """The rate of a partner, a course and a persona (slug), each where given, over [since, until)."""
    records = CourseRecord.objects.of(partner_id=_id(partner), course_iri=course_iri, persona=persona)
    counts = records.aggregate(**_counts(since, until))
    narrowed = narrowing(partner=partner, course_iri=course_iri, persona=persona)
    return Rate(**counts, since=since, until=until, as_of=_as_of(), narrowed=narrowed)


def rates_by_course(*, partner: Partner | None = None, since: datetime, until: datetime) -> list[GroupRate[str]]:
    """Rates of each course with registrations in the window, by name. A renamed course has its newest name."""
    rows = CourseRecord.objects.of(partner_id=_id(partner)).standing(since, until)
    counted = (
        rows.values("activity_iri", "activity_name")
        .annotate(**_counts(since, until), newest=Max("registered_at"))
        .order_by("newest")
    )
    totals: dict[str, tuple[str, int, int]] = {}
    for iri, name, numerator, denominator in counted.values_list(
        "activity_iri", "activity_name", "numerator", "denominator"
    ):
        _, numerator_before, denominator_before = totals.get(iri, ("", 0, 0))
        totals[iri] = (name, numerator_before + numerator, denominator_before + denominator)
    rates = ((iri, *counts) for iri, counts in totals.items())
    return _groups(rates, since, until, lambda iri: narrowing(partner=partner, course_iri=iri))


def rates_by_persona(*, partner: Partner | None = None, since: datetime, until: datetime) -> list[GroupRate[str]]:
    """Rates of each persona with registrations in the window, by name. Who had none at registration is under ""."""
    names = dict(Persona.objects.values_list("slug", "name"))
    rows = CourseRecord.objects.of(partner_id=_id(partner)).standing(since, until)
    return _grouped(
        rows,
        "persona",
        lambda slug: names.get(slug, slug),
        since,
        until,
        narrowed=lambda slug: narrowing(partner=partner, persona=slug),
    )


def rates_by_partner(
    *, course_iri: str | None = None, persona: str | None = None, since: datetime, until: datetime
) -> list[GroupRate[UUID]]:
    """Rates of each partner with registrations in the window, by name; `key` is the partner's public id."""
    names = dict(Partner.objects.values_list("public_id", "name"))
    rows = CourseRecord.objects.of(course_iri=course_iri, persona=persona).standing(since, until)
    rows = rows.filter(partner_public_id__in=names)
    return _grouped(
        *(rows, "partner_public_id", lambda public_id: names[public_id], since, until),
        narrowed=lambda public_id: narrowing(partner=names[public_id], course_iri=course_iri, persona=persona),
    )


def monthly_rates(*, partner: Partner | None = None, until: datetime, months: int = 12) -> list[Rate]:
    """One rate per month, oldest first, each over the twelve months before its `until`; the last ends at `until`.

    The others end at the beginning of a calendar month (UTC as `until` is), so a point says what the yearly rate was
    when that month began. Two queries, whatever the number of months.
    """
    ends = [month_start(until, back) for back in range(months - 2, -1, -1)] + [until]
    windows = [(year_before(end), end) for end in ends]
    conditions: dict[str, Any] = {}
    for number, (since, end) in enumerate(windows):
        standing = CourseRecordQuerySet.standing_condition(since, end)
        conditions[f"d{number}"] = Count("pk", filter=standing)
        conditions[f"n{number}"] = Count("pk", filter=standing & Q(completed_at__lt=end))
    counts = CourseRecord.objects.of(partner_id=_id(partner)).aggregate(**conditions)
    as_of = _as_of()
    return [
        Rate(
            numerator=counts[f"n{number}"],
            denominator=counts[f"d{number}"],
            since=since,
            until=end,
            as_of=as_of,
            narrowed=narrowing(partner=partner),
        )
        for number, (since, end) in enumerate(windows)
    ]


def course_records(partner: Partner) -> CourseRecordQuerySet:
    """Every registration that a partner's people made as his people, newest first, with the person."""
    records = CourseRecord.objects.of(partner_id=partner.public_id)
    return records.select_related("person").order_by("-registered_at", "-pk")


def evidence(
    *,
    partner: Partner | None = None,
    course_iri: str | None = None,
    persona: str | None = None,
    since: datetime,
    until: datetime,
) -> list[UUID]:
    """The statements that make a completion rate: of each registration counted, who registered and who completed."""
    records = CourseRecord.objects.of(partner_id=_id(partner), course_iri=course_iri, persona=persona)
    rows = records.standing(since, until).order_by("registered_at", "registration")
    found: list[UUID | None] = []
    for record in rows.only("registered_statement", "completed_statement", "completed_at"):
        found.append(record.registered_statement)
        if record.completed_at is not None and record.completed_at < until:
            found.append(record.completed_statement)
    return [statement_id for statement_id in found if statement_id is not None]


def narrowing(
    *, partner: str | Partner | None = None, course_iri: str | None = None, persona: str | None = None
) -> str:
    """A filter in words."""
    parts = (
        "all partners" if partner is None else str(partner),
        "all courses" if course_iri is None else course_iri,
        "all personas" if persona is None else persona or "no persona",
    )
    return ", ".join(parts)


def _id(partner: Partner | None) -> UUID | None:
    return partner.public_id if partner is not None else None


def _as_of() -> datetime | None:
    newest: datetime | None = CourseRecord.objects.aggregate(newest=Max("stored_through"))["newest"]
    return newest


def _counts(since: datetime, until: datetime) -> dict[str, Count]:
    standing = CourseRecordQuerySet.standing_condition(since, until)
    return {
        "denominator": Count("pk", filter=standing),
        "numerator": Count("pk", filter=standing & Q(completed_at__lt=until)),
    }


def _grouped(
    rows: CourseRecordQuerySet,
    field: str,
    name: Callable[[Any], str],
    since: datetime,
    until: datetime,
    *,
    narrowed: Callable[[Any], str],
) -> list[GroupRate[Any]]:
    counted = rows.values(field).annotate(**_counts(since, until)).order_by()
    rates = ((row[field], name(row[field]), row["numerator"], row["denominator"]) for row in counted)
    return _groups(rates, since, until, narrowed)


def _groups(
    rows: Iterable[tuple[Any, str, int, int]], since: datetime, until: datetime, narrowed: Callable[[Any], str]
) -> list[GroupRate[Any]]:
    as_of = _as_of()
    groups = [
        GroupRate(
            key=key,
            name=name,
            rate=Rate(
                numerator=numerator,
                denominator=denominator,
                since=since,
                until=until,
                as_of=as_of,
                narrowed=narrowed(key),
            ),
        )
        for key, name, numerator, denominator in rows
    ]
    return sorted(groups, key=lambda group: (group.name.casefold(), str(group.key)))
