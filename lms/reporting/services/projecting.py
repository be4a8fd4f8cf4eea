"""Keeping the course records equal to what the statements say."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from lms.accounts.models import User
from lms.events.services import emit
from lms.reporting.events import PartnerFiguresChanged
from lms.reporting.models import CourseRecord
from lms.reporting.projection import VERBS, Fact, fact, project
from lms.xapi.models import Statement, StatementQuerySet
from lms.xapi.people import known_as

_CHUNK = 500
_COMPARED = [
    field.attname for field in CourseRecord._meta.concrete_fields if field.attname not in {"id", "registration"}
]
_FIGURES = [name for name in _COMPARED if name not in {"stored_through", "activity_name"}]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One registration whose record is not what its statements say; None where there is no record."""

    registration: UUID
    stored: CourseRecord | None
    rebuilt: CourseRecord | None

    @property
    def fields(self) -> list[str]:
        """The columns that differ."""
        return [name for name in _COMPARED if getattr(self.stored, name, None) != getattr(self.rebuilt, name, None)]

    @property
    def changes_figures(self) -> bool:
        """Whether a rate can differ, not only a name or the freshness."""
        return not set(self.fields).isdisjoint(_FIGURES)

    def __str__(self) -> str:
        if self.rebuilt is None:
            return f"{self.registration}: has a record, but no statement says so"
        if self.stored is None:
            return f"{self.registration}: has no record, but statements say it should"
        pairs = (f"{name} is {getattr(self.stored, name)}, not {getattr(self.rebuilt, name)}" for name in self.fields)
        return f"{self.registration}: " + ", ".join(pairs)


@dataclass(frozen=True, kw_only=True)
class Rebuild:
    """What a rebuild looked at, and what it found (and, unless only checking, set right)."""

    registrations: int
    differences: list[Difference]


@transaction.atomic
def project_registrations(*, registrations: Iterable[UUID], at: datetime) -> list[Difference]:
    """Makes the records of these registrations what the counted statements say, and returns what had to change.

    Recomputed from all statements of each registration, so it may run at any time, in any order, any number of times.
    Locks those statements first: of two that run at once for one registration, the later sees what the earlier saw
    and more. Emits PartnerFiguresChanged once per partner whose figures changed.
    """
    wanted = sorted(set(registrations))
    statements = Statement.objects.filter(registration__in=wanted, verb_key__in=VERBS)
    list(statements.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    differences = _differences(wanted)
    _store(differences)
    changed = _changed(differences, at)
    emit(*(PartnerFiguresChanged(at=changed[partner], partner_id=partner) for partner in sorted(changed)))
    return differences


def _changed(differences: list[Difference], at: datetime) -> dict[UUID, datetime]:
    """The partners whose figures changed, and by when: a late delivery sees statements stored after its event."""
    changed: dict[UUID, datetime] = {}
    for difference in differences:
        for record in (difference.stored, difference.rebuilt):
            if difference.changes_figures and record is not None and record.partner_public_id is not None:
                partner = record.partner_public_id
                changed[partner] = max(changed.get(partner, at), record.stored_through)
    return changed


def rebuild(
    *, check: bool, at: datetime | None = None, on_progress: Callable[[int, int], None] | None = None
) -> Rebuild:
    """Compares every record with what the statements say; unless `check`, sets right what differs.

    Streams through the registrations in transactions of 500, so it may run beside the platform; a statement that is
    stored but not yet delivered shows as a difference. `on_progress` is told how many of how many are done.
    Emits PartnerFiguresChanged (at `at`, else now) as projecting does.
    """
    at = at or timezone.now()
    total, done, differences = _all_registrations().count(), 0, list[Difference]()
    for registrations in _chunks():
        if check:
            differences += _differences(registrations)
        else:
            differences += project_registrations(registrations=registrations, at=at)
        done += len(registrations)
        if on_progress is not None:
            on_progress(min(done, total), total)
    return Rebuild(registrations=done, differences=differences)


def _about(registrations: Iterable[UUID]) -> StatementQuerySet:
    """The statements that a projection looks at, voided or not."""
    return Statement.objects.filter(registration__in=registrations, verb_key__in=VERBS, authority__is_trusted=True)


def _differences(registrations: list[UUID]) -> list[Difference]:
    stored = CourseRecord.objects.in_bulk(registrations, field_name="registration")
    rebuilt = _rebuilt(registrations)
    differences = [
        Difference(registration=registration, stored=stored.get(registration), rebuilt=rebuilt.get(registration))
        for registration in registrations
    ]
    return [difference for difference in differences if difference.fields]


def _rebuilt(registrations: list[UUID]) -> Mapping[UUID, CourseRecord]:
    """The records that the statements make; none for an actor who has no account."""
    facts: dict[UUID | None, list[Fact]] = defaultdict(list)
    stored_through: dict[UUID | None, datetime] = {}
    statements = _about(registrations).only(
        "statement_id", "stored_at", "happened_at", "verb_key", "registration", "voided_by", "body"
    )
    for statement in statements.order_by("stored_at", "pk"):
        stored_through[statement.registration] = statement.stored_at
        if statement.voided_by is None and (known := fact(statement)):
            facts[statement.registration].append(known)
    projected = {registration: project(found) for registration, found in _by_person(facts).items()}
    people = dict(
        User.objects.filter(public_id__in={item.person for item in projected.values()}).values_list("public_id", "pk")
    )
    return {
        registration: item.row(
            registration=registration, person_id=people[item.person], stored_through=stored_through[registration]
        )
        for registration, item in projected.items()
        if registration and item.person in people
    }


def _by_person(facts: Mapping[UUID | None, list[Fact]]) -> Mapping[UUID | None, list[Fact]]:
    """The facts with the person himself in place of his pseudonym: hiding somebody changes no figure."""
    pseudonyms = known_as(item.person for found in facts.values() for item in found)
    return {
        registration: [replace(item, person=pseudonyms.get(item.person, item.person)) for item in found]
        for registration, found in facts.items()
    }


def _store(differences: list[Difference]) -> None:
    gone = [difference.registration for difference in differences if difference.rebuilt is None]
    if gone:
        CourseRecord.objects.filter(registration__in=gone).delete()
    CourseRecord.objects.bulk_create(
        [difference.rebuilt for difference in differences if difference.rebuilt is not None],
        update_conflicts=True,
        unique_fields=["registration"],
        update_fields=_COMPARED,
    )


def _all_registrations() -> "QuerySet[Statement, UUID | None]":
    statements = Statement.objects.filter(registration__isnull=False, verb_key__in=VERBS, authority__is_trusted=True)
    return statements.order_by("registration").values_list("registration", flat=True).distinct()


def _chunks() -> Iterator[list[UUID]]:
    """All registrations with statements in pages by key, then those that have a record but no statement."""
    last: UUID | None = None
    while True:
        rest = _all_registrations()
        page = (rest.filter(registration__gt=last) if last else rest)[:_CHUNK]
        registrations = [registration for registration in page if registration]
        if not registrations:
            break
        yield registrations
        last = registrations[-1]
    statements = Statement.objects.filter(
        registration=OuterRef("registration"), verb_key__in=VERBS, authority__is_trusted=True
    )
    orphans = CourseRecord.objects.filter(~Exists(statements)).order_by("pk")
    seen = 0
    while records := list(orphans.filter(pk__gt=seen).only("registration")[:_CHUNK]):
        yield [record.registration for record in records]
        seen = records[-1].pk
