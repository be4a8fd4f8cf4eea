"""The three reports: of one partner, of all partners (portfolio), and of the programme for executives (overview)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from courses.models import CourseVersion, Lesson
from lms.accounts.models import not_closed_at
from lms.partners.models import Membership, Partner
from lms.portal.reports.deals import figures_of_deals
from lms.portal.reports.model import Basis, Cell, Figure, Report, Table
from lms.portal.reports.portfolio import partners_table, regions_table, tiers_table
from lms.portal.reports.tables import cohorts_table, content_table, groups_table, kinds_table, usage_table
from lms.portal.words import minutes_words
from lms.reporting import activity, services, usage
from lms.reporting.models import CourseRecord, PartnerPeriod, ReportLetter
from lms.reporting.rates import Rate, year_before

PEOPLE_DAYS = 28
COMPLETION = (
    "Registrations completed before the end of the window, of those made in the window and not withdrawn before its "
    "end. From statements of trusted authorities only; cut to whole percent."
)
MONTH, WEEK = PartnerPeriod.Unit.MONTH, PartnerPeriod.Unit.WEEK


def build(*, kind: str, partner: Partner | None, at: datetime) -> Report:
    """The report of that kind; `partner` for the partner report only."""
    if kind == ReportLetter.Report.PARTNER:
        assert partner is not None  # noqa: S101  held by a constraint, and by the addresses
        return partner_report(partner=partner, at=at)
    return _overview(at) if kind == ReportLetter.Report.OVERVIEW else _portfolio(at)


def partner_report(*, partner: Partner, at: datetime) -> Report:
    """How one partner trains: for its manager, and for whoever looks after it. Names its people."""
    since = activity_year(at)
    rate = services.completion_rate(partner=partner, since=since, until=at)
    by_course = services.rates_by_course(partner=partner, since=since, until=at)
    engagement = services.engagement(partner=partner, month=services.last_whole_month(at))
    months = services.usage_by_period(partner=partner, unit=MONTH, at=at, count=2)
    weeks = services.usage_by_period(partner=partner, unit=WEEK, at=at, count=12)
    as_of = services.usage_as_of()
    return Report(
        kind=ReportLetter.Report.PARTNER,
        title=f"{partner.name}: partner report",
        made_at=at,
        partner=partner,
        figures=(
            completion_figure(rate),
            _engagement_figure(engagement, partner.name),
            *_usage_figures(months[0], engagement.parts[0].denominator, as_of, partner.name),
            *figures_of_deals(partner, at),
        ),
        tables=(
            groups_table("by_course", "Completion by course", "Course", by_course, rate),
            groups_table(
                *("by_persona", "Completion by persona", "Persona"),
                services.rates_by_persona(partner=partner, since=since, until=at),
                rate,
            ),
            *_drop_off(partner, by_course, since, at),
            cohorts_table(services.cohorts(partner=partner, until=at), rate),
            usage_table(weeks, as_of, partner.name),
            content_table(services.content_use(partner=partner, at=at), at, as_of, partner.name),
            _people(partner, at, as_of),
            _registrations(partner, rate),
        ),
    )


def _portfolio(at: datetime) -> Report:
    """All partners side by side: for channel managers."""
    partners = _partners()
    since = activity_year(at)
    rate = services.completion_rate(since=since, until=at)
    weeks = services.usage_by_period(unit=WEEK, at=at, count=12)
    as_of = services.usage_as_of()
    return Report(
        kind=ReportLetter.Report.PORTFOLIO,
        title="Portfolio report",
        made_at=at,
        partner=None,
        figures=_figures_of_all(rate, at, as_of),
        tables=(
            partners_table(partners, at, as_of),
            groups_table(
                *("by_course", "Completion by course", "Course"),
                services.rates_by_course(since=since, until=at),
                rate,
            ),
            cohorts_table(services.cohorts(until=at), rate),
            usage_table(weeks, as_of, "all partners"),
            content_table(services.content_use(at=at), at, as_of, "all partners"),
        ),
    )


def _overview(at: datetime) -> Report:
    """The programme in sums: for executives. Names no person."""
    partners = _partners()
    rate = services.completion_rate(since=activity_year(at), until=at)
    months = services.usage_by_period(unit=MONTH, at=at, count=12)
    as_of = services.usage_as_of()
    return Report(
        kind=ReportLetter.Report.OVERVIEW,
        title="Programme overview",
        made_at=at,
        partner=None,
        figures=_figures_of_all(rate, at, as_of),
        tables=(
            tiers_table(partners, at),
            regions_table(partners, at, as_of),
            cohorts_table(services.cohorts(until=at), rate),
            usage_table(months, as_of, "all partners", title="Activity by month", unit="Month"),
            kinds_table(services.content_use(at=at), at, as_of),
        ),
    )


def _partners() -> list[Partner]:
    return list(Partner.objects.select_related("current_tier", "region", "partner_type").order_by("name", "pk"))


def activity_year(at: datetime) -> datetime:
    """The beginning of the twelve months before `at`: the window of every completion rate here."""
    return year_before(at)


def completion_figure(rate: Rate) -> Figure:
    """The one completion rate, wherever it is shown."""
    return Figure(
        key="completion_rate",
        label="Training completion",
        value="not known" if rate.percent is None else f"{rate.percent}%",
        numerator=rate.numerator,
        denominator=rate.denominator,
        definition=COMPLETION,
        basis=basis_of(rate),
    )


def basis_of(rate: Rate) -> Basis:
    return Basis(since=rate.since, until=rate.until, as_of=rate.as_of, narrowed=rate.narrowed)


def _engagement_figure(found: usage.Engagement, whose: str) -> Figure:
    end = activity.months_before(found.month, -1)
    return Figure(
        key="engagement",
        label="Engagement",
        value="not known" if found.index is None else f"{found.index} of 100",
        definition=f"{usage.FORMULA} Here: {found.calculation}.",
        basis=Basis(since=found.month, until=end, as_of=found.as_of, narrowed=whose),
    )


def _usage_figures(month: usage.Usage, members: int, as_of: datetime | None, whose: str) -> tuple[Figure, ...]:
    basis = Basis(since=month.start, until=month.end, as_of=as_of, narrowed=whose)
    return (
        Figure(
            key="active_people",
            label="Active people",
            value=f"{month.people} of {members}",
            numerator=month.people,
            denominator=members,
            definition="People who did something in the month, of those who belonged to a partner on its last day.",
            basis=basis,
        ),
        Figure(
            key="visits",
            label="Visits",
            value=str(month.visits),
            numerator=month.visits,
            definition=activity.RULE,
            basis=basis,
        ),
        Figure(
            key="active_time",
            label="Active time",
            value=minutes_words(month.minutes),
            numerator=month.minutes,
            definition=f"In minutes. {activity.RULE}",
            basis=basis,
        ),
    )


def _figures_of_all(rate: Rate, at: datetime, as_of: datetime | None) -> tuple[Figure, ...]:
    month = services.usage_by_period(unit=MONTH, at=at, count=2)[0]
    last_day = month.end - timedelta(days=1)
    end = datetime.combine(month.end, time.min, UTC)
    members = Membership.objects.active(last_day).filter(not_closed_at(end, "person__")).count()
    return (
        completion_figure(rate),
        *_usage_figures(month, members, as_of, "all partners"),
        *figures_of_deals(None, at),
    )


def _drop_off(
    partner: Partner | None, rates: Sequence[services.GroupRate[str]], since: datetime, at: datetime
) -> list[Table]:
    """Where people stop, in the course that most of them have not completed."""
    open_ones = [group for group in rates if group.rate.denominator > group.rate.numerator]
    worst = max(open_ones, key=lambda group: group.rate.denominator - group.rate.numerator, default=None)
    if worst is None:
        return []
    lessons = _lessons(worst.key)
    if not lessons:
        return []
    found = services.drop_off(
        course_iri=worst.key,
        lessons=[(lesson.activity_iri, lesson.title) for lesson in lessons],
        partner=partner,
        since=since,
        until=at,
    )
    rows: list[Sequence[Cell]] = [("Registered", found.registered, 0)]
    rows += [(f"{number}. {step.name}", step.reached, step.lost) for number, step in enumerate(found.steps, 1)]
    rows.append(("Course completed", found.completed, max((rows[-1][1] or 0) - found.completed, 0)))  # type: ignore[operator]
    return [
        Table(
            key="drop_off",
            title=f"Where people stop: {worst.name}",
            definition="Of the registrations that the completion rate counts, how many completed each lesson; lost is "
            "how many fewer than at the step before.",
            columns=("Step", "Reached", "Lost"),
            rows=rows,
            basis=Basis(
                since=since,
                until=at,
                as_of=found.as_of,
                narrowed=f"{partner.name if partner else 'all partners'}, {worst.name}, all personas",
            ),
        )
    ]


def _lessons(course_iri: str) -> list[Lesson]:
    """The lessons of the course's newest version; none for a course that is not ours."""
    try:
        public_id = UUID(course_iri.rpartition("/")[2])
    except ValueError:
        return []
    version = CourseVersion.objects.filter(course__public_id=public_id).order_by("-number").first()
    return [] if version is None else list(version.lessons.order_by("position"))


def _people(partner: Partner, at: datetime, as_of: datetime | None) -> Table:
    until = at.astimezone(UTC).date() + timedelta(days=1)
    since = until - timedelta(days=PEOPLE_DAYS)
    used = services.people_use(partner=partner, since=since, until=until)
    return Table(
        key="people",
        title="People",
        definition=f"Visits and active time of each person who did something. {activity.RULE}",
        columns=("Person", "Visits", "Active minutes", "Last active"),
        rows=[(one.name, one.visits, one.minutes, one.last_day) for one in used],
        basis=Basis(since=since, until=until, as_of=as_of, narrowed=partner.name),
    )


def _registrations(partner: Partner, rate: Rate) -> Table:
    """Every registration that was ever made: for files only, row after row."""

    def rows() -> Iterator[Sequence[Cell]]:
        records: Iterable[CourseRecord] = services.course_records(partner).iterator(chunk_size=2000)
        for record in records:
            days = (record.registered_at, record.completed_at, record.withdrawn_at)
            yield (
                *(record.person.name, record.persona, record.activity_name),
                *(None if day is None else day.astimezone(UTC).date() for day in days),
            )

    return Table(
        key="registrations",
        title="Registrations",
        definition="Each registration of the partner's people, newest first, whenever it was made.",
        columns=("Person", "Persona", "Course", "Registered", "Completed", "Withdrawn"),
        rows=rows,
        basis=basis_of(rate),
        is_long=True,
    )
