"""What people did, computed anew from all their statements: after a voiding, and to prove that figures are right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from lms.accounts.models import AuditEntry, User
from lms.reporting import activity
from lms.reporting.acts import Acts, Lesson, Place, read_acts
from lms.reporting.models import ContentDay, ContentMonth, LessonRecord, PartnerPeriod
from lms.reporting.services import marks
from lms.reporting.services.summing import add_up, sum_stale
from lms.xapi.agents import actor_key
from lms.xapi.models import Pseudonym, Statement

_PEOPLE = 50
_PERIODS = 50


@dataclass(frozen=True, kw_only=True)
class UsageRebuild:
    """How many people and sums were compared, and what differed, in words."""

    people: int
    sums: int
    differences: list[str]


def rebuild_usage(*, check: bool, on_progress: Callable[[int, int], None] | None = None) -> UsageRebuild:
    """Compares marks, lessons and sums with what the statements say, up to the cursor; unless `check`, sets them right.

    Marks of months of which statements went to an archive are only added to: the archive has what they stand for.
    50 people, then 50 sums, a transaction that holds the cursor, so it may run beside the platform: what the platform
    has not added up yet is not compared.
    """
    people = list(User.objects.order_by("pk").values_list("public_id", flat=True))
    differences: list[str] = []
    for start in range(0, len(people), _PEOPLE):
        with transaction.atomic():
            passed = marks.locked_cursor().passed
            differences += project_people(people[start : start + _PEOPLE], passed=passed, check=check)
        if on_progress is not None:
            on_progress(min(start + _PEOPLE, len(people)), len(people))
    periods = list(PartnerPeriod.objects.filter(is_stale=False).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(periods), _PERIODS):
        differences += _compare_sums(periods[start : start + _PERIODS], check=check)
    if not check:
        sum_stale()
    return UsageRebuild(people=len(people), sums=PartnerPeriod.objects.count(), differences=differences)


@transaction.atomic
def _compare_sums(periods: list[int], *, check: bool) -> list[str]:
    """As they are now, with nobody marking days meanwhile; those that became stale are added up anew anyway."""
    marks.locked_cursor()
    wrong = [period for period in PartnerPeriod.objects.filter(pk__in=periods, is_stale=False) if _differs(period)]
    if not check:
        PartnerPeriod.objects.filter(pk__in=[period.pk for period in wrong]).update(is_stale=True)
    return [f"{period} of {period.partner_public_id} is not the sum of its days" for period in wrong]


def _differs(period: PartnerPeriod) -> bool:
    sums = add_up(period)
    if sums.figures != tuple(getattr(period, name) for name in PartnerPeriod.FIGURES):
        return True
    if period.unit != PartnerPeriod.Unit.MONTH:
        return False
    stored = ContentMonth.objects.filter(partner_public_id=period.partner_public_id, month=period.start)
    return sums.contents != {
        (row.activity_key, row.version, row.persona): (row.people, row.visits, row.minutes) for row in stored
    }


def project_people(people: list[UUID], *, passed: int, check: bool) -> list[str]:
    """Makes marks and lessons of these people (public ids) what their statements up to row `passed` say.

    Returns what differed, in words. Unless `check`, the caller holds the cursor.
    """
    ids = marks.ids_of(people)
    acts = _acts_of(list(ids), passed)
    kept_before = archived_before()
    wanted, stored = dict(acts.days), _stored_days(ids)
    for place, kept in stored.items():
        if place.day < kept_before:
            wanted[place] = wanted.get(place, 0) | kept
    changed = {place: value for place, value in wanted.items() if stored.get(place) != value}
    gone = [place for place in stored if place not in wanted]
    lessons, gone_lessons = _lesson_changes(acts, ids, kept_before)
    if not check:
        marks.name_items(acts.items)
        marks.store_days(changed, ids)
        _delete_days(gone)
        marks.store_lessons(lessons, ids)
        for registration, iri in gone_lessons:
            LessonRecord.objects.filter(registration=registration, lesson_iri=iri).delete()
    return [
        *(f"{place.person}: marks of {place.day} are not what the statements say" for place in (*changed, *gone)),
        *(f"{registration}: lesson {iri} is not what the statements say" for registration, iri in lessons),
        *(f"{registration}: lesson {iri} was not completed" for registration, iri in gone_lessons),
    ]


def _acts_of(people: list[UUID], passed: int) -> Acts:
    accounts = [*people, *Pseudonym.objects.filter(person__public_id__in=people).values_list("account", flat=True)]
    keys = [actor_key({"account": {"homePage": settings.XAPI_BASE_IRI, "name": str(account)}}) for account in accounts]
    rows = marks.read_rows(Statement.objects.filter(actor_key__in=keys, pk__lte=passed, authority__is_trusted=True))
    return marks.with_people(read_acts(rows))


def _stored_days(ids: dict[UUID, int]) -> dict[Place, int]:
    people = {pk: public_id for public_id, pk in ids.items()}
    return {
        Place(
            person=people[row.person_id],
            partner=row.partner_public_id,
            persona=row.persona,
            activity=row.activity_key,
            version=row.version,
            day=row.day,
        ): activity.from_bytes(row.marks)
        for row in ContentDay.objects.filter(person_id__in=people).iterator()
    }


def _delete_days(gone: list[Place]) -> None:
    for some in marks.chunks([place.key for place in gone]):
        ContentDay.objects.filter(key__in=some).delete()
    marks.mark_stale({(place.partner, place.day) for place in gone})


def _lesson_changes(
    acts: Acts, ids: dict[UUID, int], kept_before: date
) -> tuple[dict[Lesson, tuple[UUID, datetime]], list[Lesson]]:
    """Those to be stored, and those that no statement tells of (any more)."""
    stored = {
        (row.registration, row.lesson_iri): (row.person_id, row.done_at)
        for row in LessonRecord.objects.filter(person_id__in=list(ids.values()))
    }
    changed = {
        lesson: (person, at) for lesson, (person, at) in acts.lessons.items() if stored.get(lesson) != (ids[person], at)
    }
    gone = [
        lesson
        for lesson, (_, done_at) in stored.items()
        if lesson not in acts.lessons and done_at.astimezone(UTC).date() >= kept_before
    ]
    return changed, gone


def archived_before() -> date:
    """The first day of which all statements are still in the store."""
    entries = AuditEntry.objects.filter(action="xapi.archive_statements").values_list("detail", flat=True)
    months = [_month(str(detail["archive"])) for detail in entries]
    return activity.months_before(max(months), -1) if months else date.min


def _month(archive: str) -> date:
    return date.fromisoformat(f"{archive[:7]}-01")


def people_of(statements: list[UUID]) -> list[UUID]:
    """The people (public ids) whose statements these are, as far as they are accounts of ours."""
    found: Iterator[Acts] = (
        read_acts([row._replace(voided_by=None)])
        for row in marks.read_rows(Statement.objects.filter(statement_id__in=statements))
    )
    return sorted({person for acts in found for person in marks.with_people(acts).accounts})
