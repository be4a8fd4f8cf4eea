"""Portal figures (R42 to R44, R47, R48): visits, active time, content in use, people, engagement. Reads only.

What a visit and an active minute are is said in `lms.reporting.activity`, what counts as an act in
`lms.reporting.acts`. Pages read sums per week and month, so their time does not grow with the number of statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Max, Sum

from lms.accounts.models import User, not_closed_at
from lms.partners.models import Membership, Partner, Persona
from lms.reporting import activity
from lms.reporting.models import EVERYBODY, ContentDay, ContentItem, ContentMonth, Cursor, PartnerPeriod
from lms.reporting.rates import GroupRate, Rate, year_before
from lms.reporting.services.figures import completion_rate, rates_by_partner
from lms.reporting.services.marks import CURSOR
from lms.reporting.usage import ACTIVE_DAYS, ContentUse, Engagement, Part, PersonUse, Usage

# What was used, when no statement that is known says what it is called.
_NAMELESS = ContentItem(name="Content without a name")
WEEK, MONTH = PartnerPeriod.Unit.WEEK, PartnerPeriod.Unit.MONTH


def usage_as_of() -> datetime | None:
    """When the newest statement that usage figures know of was stored."""
    return Cursor.objects.filter(name=CURSOR).values_list("stored_through", flat=True).first()


def usage_by_period(
    *, partner: Partner | None = None, unit: PartnerPeriod.Unit, at: datetime, count: int
) -> list[Usage]:
    """The last `count` weeks or months, oldest first, the running one last; zeros where nobody did anything."""
    starts = _starts(unit, at.astimezone(UTC).date(), count)
    stored = PartnerPeriod.objects.filter(partner_public_id=_id(partner), unit=unit, start__gte=starts[0])
    found = {row.start: row for row in stored}
    return [_usage(found.get(start), start, unit) for start in starts]


def _starts(unit: PartnerPeriod.Unit, on: date, count: int) -> list[date]:
    if unit == WEEK:
        return [activity.week_start(on) - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
    return [activity.months_before(on, back) for back in range(count - 1, -1, -1)]


def _usage(row: PartnerPeriod | None, start: date, unit: PartnerPeriod.Unit) -> Usage:
    figures = {name: 0 if row is None else getattr(row, name) for name in PartnerPeriod.FIGURES}
    end = start + timedelta(weeks=1) if unit == WEEK else activity.months_before(start, -1)
    return Usage(start=start, end=end, **figures)


def content_use(*, partner: Partner | None = None, at: datetime, months: int = 3) -> list[ContentUse]:
    """What was used in the running month and those before it, per version and persona, by most active minutes.

    People who used something in two months count in both sums, so `people` is that of the month with the most.
    """
    since = activity.months_before(at.astimezone(UTC).date(), months - 1)
    rows = ContentMonth.objects.filter(
        partner_public_id=_id(partner), month__gte=since, month__lte=at.astimezone(UTC).date()
    )
    summed = (
        rows.values("activity_key", "version", "persona")
        .annotate(most=Max("people"), all_visits=Sum("visits"), all_minutes=Sum("minutes"))
        .order_by("-all_minutes", "-all_visits", "activity_key", "version", "persona")
    )
    found = list(summed)
    items = ContentItem.objects.in_bulk({row["activity_key"] for row in found})
    personas = dict(Persona.objects.values_list("slug", "name"))
    return [
        ContentUse(
            activity_key=row["activity_key"],
            name=str(items.get(row["activity_key"], _NAMELESS)),
            kind=items.get(row["activity_key"], _NAMELESS).kind,
            version=row["version"],
            persona=personas.get(row["persona"], row["persona"]),
            people=row["most"],
            visits=row["all_visits"],
            minutes=row["all_minutes"],
        )
        for row in found
    ]


def people_use(*, partner: Partner, since: date, until: date) -> list[PersonUse]:
    """Each active person of the partner in [since, until), the most active minutes first."""
    days: dict[int, dict[date, int]] = defaultdict(dict)
    rows = ContentDay.objects.filter(partner_public_id=partner.public_id, day__gte=since, day__lt=until)
    for person, day, stored in rows.values_list("person_id", "day", "marks"):
        days[person][day] = days[person].get(day, 0) | activity.from_bytes(stored)
    found = [_person_use(user, days[user.pk]) for user in User.objects.filter(pk__in=set(days))]
    return sorted(found, key=lambda one: (-one.minutes, one.name.casefold(), str(one.public_id)))


def _person_use(user: User, days: Mapping[date, int]) -> PersonUse:
    counted = [activity.visits_and_minutes(marks) for marks in days.values()]
    return PersonUse(
        public_id=user.public_id,
        name=user.name,
        visits=sum(visits for visits, _ in counted),
        minutes=sum(minutes for _, minutes in counted),
        last_day=max(days),
    )


def engagement(*, partner: Partner, month: date) -> Engagement:
    """The partner's index in a month; `lms.reporting.usage.FORMULA` says what it is. Four queries."""
    stored = PartnerPeriod.objects.filter(partner_public_id=partner.public_id, unit=MONTH, start=month).first()
    since, until = _year_to_end_of(month)
    rate = completion_rate(partner=partner, since=since, until=until)
    members = _members(month).get(partner.pk, 0)
    return _engagement(month, stored, members, rate, usage_as_of())


def engagement_by_partner(*, partners: Iterable[Partner], month: date) -> dict[int, Engagement]:
    """The index of many partners in a month, by primary key. Constant queries."""
    stored = {row.partner_public_id: row for row in PartnerPeriod.objects.filter(unit=MONTH, start=month)}
    since, until = _year_to_end_of(month)
    rates: dict[UUID, GroupRate[UUID]] = {group.key: group for group in rates_by_partner(since=since, until=until)}
    members, as_of = _members(month), usage_as_of()
    return {
        partner.pk: _engagement(
            month,
            stored.get(partner.public_id),
            members.get(partner.pk, 0),
            rates[partner.public_id].rate if partner.public_id in rates else None,
            as_of,
        )
        for partner in partners
    }


def last_whole_month(at: datetime) -> date:
    """The first day of the month before that of `at` (UTC)."""
    return activity.months_before(at.astimezone(UTC).date(), 1)


def _year_to_end_of(month: date) -> tuple[datetime, datetime]:
    until = datetime.combine(activity.months_before(month, -1), time.min, UTC)
    return year_before(until), until


def _members(month: date) -> dict[int, int]:
    """How many people each partner had on the last day of the month."""
    next_month = activity.months_before(month, -1)
    end = datetime.combine(next_month, time.min, UTC)
    members = Membership.objects.active(next_month - timedelta(days=1)).filter(not_closed_at(end, "person__"))
    counted = members.values("partner_id").annotate(people=Count("person_id", distinct=True)).order_by()
    return dict(counted.values_list("partner_id", "people"))


def _engagement(
    month: date, stored: PartnerPeriod | None, members: int, rate: Rate | None, as_of: datetime | None
) -> Engagement:
    people, person_days = (stored.people, stored.person_days) if stored is not None else (0, 0)
    completed, begun = (rate.numerator, rate.denominator) if rate is not None else (0, 0)
    parts = (
        Part(label="reach", weight=40, numerator=people, denominator=members),
        Part(label="rhythm", weight=30, numerator=person_days, denominator=people * ACTIVE_DAYS),
        Part(label="completion", weight=30, numerator=completed, denominator=begun),
    )
    return Engagement(month=month, parts=parts, as_of=as_of)


def _id(partner: Partner | None) -> UUID:
    return EVERYBODY if partner is None else partner.public_id
