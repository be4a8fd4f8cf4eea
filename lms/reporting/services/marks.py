"""Storing what people did: marks and lessons, joined to what is there, never counted up.

Whoever writes here holds the cursor's row (`locked_cursor`), so there is one at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet

from lms.accounts.models import User
from lms.reporting import activity
from lms.reporting.acts import COLUMNS, Acts, Item, Lesson, Place, Row
from lms.reporting.models import EVERYBODY, ContentDay, ContentItem, Cursor, LessonRecord, PartnerPeriod
from lms.xapi.models import Statement
from lms.xapi.people import known_as

CURSOR = "acts"
_VALUES = 900  # of one query: SQLite takes a thousand or so
T = TypeVar("T")


def locked_cursor() -> Cursor:
    """The cursor, locked until the transaction ends."""
    cursor = Cursor.objects.select_for_update(of=("self",)).filter(name=CURSOR).first()
    if cursor is None:
        Cursor.objects.bulk_create([Cursor(name=CURSOR)], ignore_conflicts=True)
        cursor = Cursor.objects.select_for_update(of=("self",)).get(name=CURSOR)
    return cursor


def read_rows(statements: "QuerySet[Statement]") -> list[Row]:
    return [Row(*values) for values in statements.values_list(*COLUMNS)]


def with_people(acts: Acts) -> Acts:
    """With persons in place of their pseudonyms; without those who have no account (any more)."""
    pseudonyms = known_as(acts.accounts)
    known = {account: pseudonyms.get(account, account) for account in acts.accounts}
    there = ids_of(known.values())
    return acts.of_people({account: person for account, person in known.items() if person in there})


def ids_of(people: Iterable[UUID]) -> dict[UUID, int]:
    """Primary keys by public id, of those who have an account."""
    return dict(User.objects.filter(public_id__in=set(people)).values_list("public_id", "pk"))


def join(acts: Acts) -> None:
    """Adds marks and lessons (of people) to what is stored; the sums they move become stale."""
    ids = ids_of(acts.accounts)
    store_days(_joined(acts.days), ids)
    known: dict[Lesson, datetime] = {}
    for some in chunks(sorted({registration for registration, _ in acts.lessons})):
        rows = LessonRecord.objects.filter(registration__in=some).values_list("registration", "lesson_iri", "done_at")
        known |= {(registration, iri): done_at for registration, iri, done_at in rows}
    name_items(acts.items)
    earlier = {key: value for key, value in acts.lessons.items() if key not in known or value[1] < known[key]}
    store_lessons(earlier, ids)


def name_items(items: dict[UUID, Item]) -> None:
    """Writes down what activities are called, by the newest statement of each."""
    known: dict[UUID, datetime] = {}
    for some in chunks(list(items)):
        rows = ContentItem.objects.filter(activity_key__in=some).values_list("activity_key", "named_at")
        known |= dict(rows)
    ContentItem.objects.bulk_create(
        [
            ContentItem(activity_key=key, **item._asdict())
            for key, item in sorted(items.items())
            if key not in known or known[key] < item.named_at
        ],
        update_conflicts=True,
        unique_fields=["activity_key"],
        update_fields=["iri", "name", "kind", "named_at"],
    )


def _joined(days: dict[Place, int]) -> dict[Place, int]:
    """The marks together with those stored, of places where they add anything."""
    places = {place.key: place for place in days}
    stored: dict[UUID, int] = {}
    for some in chunks(list(places)):
        rows = ContentDay.objects.filter(key__in=some).values_list("key", "marks")
        stored |= {key: activity.from_bytes(marks) for key, marks in rows}
    return {
        place: days[place] | stored.get(key, 0) for key, place in places.items() if days[place] & ~stored.get(key, 0)
    }


def store_days(days: dict[Place, int], ids: dict[UUID, int]) -> None:
    """Writes these marks, and says that the sums over them are stale."""
    ContentDay.objects.bulk_create(
        [
            ContentDay(
                key=place.key,
                person_id=ids[place.person],
                partner_public_id=place.partner,
                persona=place.persona,
                activity_key=place.activity,
                version=place.version,
                day=place.day,
                marks=activity.to_bytes(marks),
            )
            for place, marks in days.items()
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["marks"],
    )
    mark_stale({(place.partner, place.day) for place in days})


def store_lessons(lessons: dict[Lesson, tuple[UUID, datetime]], ids: dict[UUID, int]) -> None:
    LessonRecord.objects.bulk_create(
        [
            LessonRecord(registration=registration, lesson_iri=iri, person_id=ids[person], done_at=done_at)
            for (registration, iri), (person, done_at) in lessons.items()
        ],
        update_conflicts=True,
        unique_fields=["registration", "lesson_iri"],
        update_fields=["person", "done_at"],
    )


def mark_stale(moved: Iterable[tuple[UUID, date]]) -> None:
    """The weeks and months of these partners' days, and those of all partners, are to be added up anew."""
    starts = {
        (partner, unit, start)
        for moved_partner, day in moved
        for partner in (moved_partner, EVERYBODY)
        for unit, start in (
            (PartnerPeriod.Unit.WEEK, activity.week_start(day)),
            (PartnerPeriod.Unit.MONTH, activity.month_start(day)),
        )
    }
    PartnerPeriod.objects.bulk_create(
        [
            PartnerPeriod(partner_public_id=partner, unit=unit, start=start, is_stale=True)
            for partner, unit, start in sorted(starts)
        ],
        update_conflicts=True,
        unique_fields=["partner_public_id", "unit", "start"],
        update_fields=["is_stale"],
    )


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + _VALUES] for start in range(0, len(values), _VALUES))
