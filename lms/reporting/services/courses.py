"""How people go through courses: cohorts by month of registration, and the lesson at which they stop. Reads only.

Both count the registrations that a completion rate counts (see `figures`), so their numbers agree with it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import TruncMonth

from lms.partners.models import Partner
from lms.reporting import activity
from lms.reporting.models import CourseRecord, LessonRecord
from lms.reporting.services.figures import completion_rate
from lms.reporting.usage import Cohort, DropOff, Step

WITHIN_DAYS = (30, 60, 90)


def cohorts(*, partner: Partner | None = None, until: datetime, months: int = 12) -> list[Cohort]:
    """The last `months` months of registration, oldest first: who completed within 30, 60 and 90 days. One query.

    Withdrawn registrations are out, as they are of the completion rate. A figure is None until the last of the month
    has had that many days.
    """
    first = activity.months_before(until.astimezone(UTC).date(), months - 1)
    records = CourseRecord.objects.of(partner_id=partner.public_id if partner else None)
    standing = records.standing(datetime.combine(first, time.min, UTC), until)
    counts: dict[str, Any] = {
        f"within_{days}": Count(
            "pk", filter=Q(completed_at__lt=until, completed_at__lte=F("registered_at") + timedelta(days=days))
        )
        for days in WITHIN_DAYS
    }
    rows = standing.annotate(month=TruncMonth("registered_at", tzinfo=UTC)).values("month")
    found = {row["month"].date(): row for row in rows.annotate(registered=Count("pk"), **counts).order_by()}
    starts = [activity.months_before(first, -number) for number in range(months)]
    return [_cohort(start, found.get(start), until) for start in starts]


def _cohort(month: date, row: Mapping[str, Any] | None, until: datetime) -> Cohort:
    end = datetime.combine(activity.months_before(month, -1), time.min, UTC)
    within = tuple(
        (days, None if end + timedelta(days=days) > until else 0 if row is None else row[f"within_{days}"])
        for days in WITHIN_DAYS
    )
    return Cohort(month=month, registered=0 if row is None else row["registered"], within=within)


def drop_off(
    *,
    course_iri: str,
    lessons: Sequence[tuple[str, str]],
    partner: Partner | None = None,
    since: datetime,
    until: datetime,
) -> DropOff:
    """Of those whom the course's completion rate counts, how many completed each lesson before `until`.

    `lessons` are (IRI, name) in the order of the outline that is shown. `lost` is how many fewer than at the step
    before, never below zero: lessons may be done in any order. Three queries.
    """
    rate = completion_rate(partner=partner, course_iri=course_iri, since=since, until=until)
    records = CourseRecord.objects.of(partner_id=partner.public_id if partner else None, course_iri=course_iri)
    done = LessonRecord.objects.filter(
        registration__in=records.standing(since, until).values("registration"), done_at__lt=until
    )
    reached = dict(done.values("lesson_iri").annotate(count=Count("pk")).order_by().values_list("lesson_iri", "count"))
    steps, before = [], rate.denominator
    for iri, name in lessons:
        count = reached.get(iri, 0)
        steps.append(Step(name=name, reached=count, lost=max(before - count, 0)))
        before = count
    return DropOff(
        registered=rate.denominator,
        completed=rate.numerator,
        steps=tuple(steps),
        since=since,
        until=until,
        as_of=rate.as_of,
    )
