"""How assets are used, counted from trusted statements that are not voided. Reads only.

A person counts once per version, use and day (`lms.assets.statements.used_id`). What the vendor's own people do is not
recorded. The marks of `lms.reporting` tell visits, but not whether somebody downloaded: so the verbs are read here,
with that app's reader, and mean the same persons, partners, personas and versions.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from lms.assets.models import Asset, Source, Verdict
from lms.assets.statements import Use
from lms.partners.models import Partner, Persona
from lms.reporting.acts import COLUMNS, Row, read_acts
from lms.xapi.agents import activity_key, verb_key
from lms.xapi.models import Statement

WINDOW = timedelta(days=90)
SETTLED = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of an asset's use in the last 90 days, and of the 90 before."""

    people: int
    people_before: int
    views: int
    downloads: int
    shares: int
    age_days: int
    is_overdue: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class UseRow:
    """How often one persona of one partner did one thing with one version: people, and days on which they did."""

    use: str
    version: str
    partner: str
    persona: str
    people: int
    times: int


def suggest(evidence: Evidence) -> Verdict.Choice | None:
    """The verdict the figures speak for; None while the newest file is too young to tell (30 days).

    Nobody in 90 days: retire. Overdue, or less than half the people of the 90 days before: improve. Else keep.
    """
    if evidence.age_days < SETTLED.days:
        return None
    if not evidence.people:
        return Verdict.Choice.RETIRE
    if evidence.is_overdue or evidence.people * 2 < evidence.people_before:
        return Verdict.Choice.IMPROVE
    return Verdict.Choice.KEEP


def evidence_of(assets: Collection[Asset], *, at: datetime) -> dict[int, Evidence]:
    """By primary key, of assets with their newest version loaded. Two queries."""
    keys = {activity_key(one.activity_iri): one for one in assets}
    now = {row["object_key"]: row for row in _counted(keys, at - WINDOW, at)}
    before = {row["object_key"]: row["people"] for row in _counted(keys, at - 2 * WINDOW, at - WINDOW)}
    return {
        one.pk: Evidence(
            people=now[key]["people"] if key in now else 0,
            people_before=before.get(key, 0),
            views=now[key][Use.VIEWED] if key in now else 0,
            downloads=now[key][Use.DOWNLOADED] if key in now else 0,
            shares=now[key][Use.SHARED] if key in now else 0,
            age_days=(at - one.current.added_at).days if one.current else 0,
            is_overdue=one.review_on < at.date(),
        )
        for key, one in keys.items()
    }


def _uses(keys: Collection[UUID]) -> QuerySet[Statement]:
    verbs = [verb_key(use.verb) for use in Use]
    return Statement.objects.filter(
        object_key__in=keys, verb_key__in=verbs, authority__is_trusted=True, voided_by=None
    ).order_by()


def _counted(keys: Collection[UUID], since: datetime, until: datetime) -> Iterable[dict[str, Any]]:
    times = {str(use): Count("pk", filter=Q(verb_key=verb_key(use.verb))) for use in Use}
    within = _uses(keys).filter(happened_at__gte=since, happened_at__lt=until)
    counted = within.values("object_key").annotate(people=Count("actor_key", distinct=True), **times)
    return cast("Iterable[dict[str, Any]]", counted)


def use_of(asset: Asset, *, at: datetime) -> list[UseRow]:
    """Of the last 90 days, by use, version, partner and persona; most used first. Three queries."""
    rows: dict[str, list[Row]] = {use: [] for use in Use}
    names = {verb_key(use.verb): use for use in Use}
    found = _uses([activity_key(asset.activity_iri)]).filter(happened_at__gte=at - WINDOW, happened_at__lt=at)
    for row in map(Row._make, found.values_list(*COLUMNS)):
        rows[names[row.verb_key]].append(row)
    partners = {str(one.public_id): one.name for one in Partner.objects.all().only("public_id", "name")}
    personas = dict(Persona.objects.values_list("slug", "name"))
    made = [one for use, some in rows.items() for one in _rows_of(use, some, partners, personas)]
    return sorted(made, key=lambda one: (-one.times, one.use, one.partner, one.persona, one.version))


def _rows_of(use: str, rows: Iterable[Row], partners: dict[str, str], personas: dict[str, str]) -> list[UseRow]:
    people: dict[tuple[str, str, str], set[UUID]] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for place in read_acts(rows).days:
        key = (place.version, str(place.partner), place.persona)
        people.setdefault(key, set()).add(place.person)
        times[key] += 1
    return [
        UseRow(
            use=str(Use(use).label),
            version=version,
            partner=partners.get(partner, "A partner that left"),
            persona=personas.get(persona, persona),
            people=len(people[version, partner, persona]),
            times=count,
        )
        for (version, partner, persona), count in times.items()
    ]


@dataclass(frozen=True, kw_only=True)
class SourceShare:
    """Of how many uses the asset was made from a template, or uploaded (R23)."""

    from_template: int
    uploaded: int

    @property
    def total(self) -> int:
        return self.from_template + self.uploaded


def use_by_source(*, at: datetime) -> SourceShare:
    """Downloads and shares of the last 90 days, by how the asset came to be. Two queries."""
    sources = {activity_key(one.activity_iri): one.source for one in Asset.objects.only("public_id", "source")}
    times: Counter[str] = Counter()
    for row in _counted(sources, at - WINDOW, at):
        times[sources[row["object_key"]]] += row[Use.DOWNLOADED] + row[Use.SHARED]
    return SourceShare(from_template=times[Source.TEMPLATE], uploaded=times[Source.UPLOAD])
