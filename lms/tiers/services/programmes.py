"""Programmes: published as numbered versions that never change."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Max

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.partners.models import Partner, TierName
from lms.tiers import engine
from lms.tiers.models import Decision, Programme, ProgrammeVersion
from lms.tiers.services.approvals import check_approvals
from lms.tiers.services.errors import Backdated, ProgrammeRefused
from lms.tiers.services.load import training_load


@transaction.atomic
def publish_programme(
    *,
    programme: Programme,
    document: Mapping[str, Any],
    effective_at: datetime,
    by: User | None,
    at: datetime,
    lines: Mapping[engine.problems.Path, int] | None = None,
) -> ProgrammeVersion:
    """Stores the document as the programme's next version, in force from `effective_at`; names its tiers.

    The newest version's own document and date again return that version. Its cases must pass, its training load be
    within its budget or have a reason, and every function that is asked have approved exactly this (ADR 42). Raises
    ProgrammeRefused, Backdated (a decision was already made at or after `effective_at`) and ApprovalsMissing. Locks the
    programme. `by` None is the platform itself.
    """
    programme = Programme.objects.select_for_update(of=("self",)).get(pk=programme.pk)
    rules, stored = read_for_publication(programme, document, lines)
    newest = programme.versions.order_by("-number").first()
    if newest is not None and newest.document == stored and newest.effective_at == effective_at:
        return newest
    tiers = check_next(programme, rules, effective_at)
    number = next_number(programme)
    draft = check_approvals(programme=programme, number=number, effective_at=effective_at, document=stored, by=by)
    for tier in tiers:
        tier.save(force_insert=True)
    version = ProgrammeVersion.objects.create(
        programme=programme,
        number=number,
        document=stored,
        effective_at=effective_at,
        published_at=at,
        published_by=by,
    )
    if draft is not None:
        draft.version = version
        draft.save(update_fields=["version"])
    detail = {"programme": programme.slug, "version": version.number}
    record_audit(action="tiers.publish_programme", actor=by, at=at, detail=detail)
    return version


def next_number(programme: Programme) -> int:
    """The number of the version that would be published now."""
    newest = programme.versions.aggregate(newest=Max("number"))["newest"]
    return (newest or 0) + 1


def read_for_publication(
    programme: Programme, document: Mapping[str, Any], lines: Mapping[engine.problems.Path, int] | None
) -> tuple[engine.Programme, Any]:
    """The rules of a document, and the document as it would be stored. Raises ProgrammeRefused."""
    rules = check_document(document, lines=lines)
    return rules, _as_stored(_with_origin(document, rules, programme))


def check_next(programme: Programme, rules: engine.Programme, effective_at: datetime) -> list[TierName]:
    """All that may stand against rules as the next version beside their approvals; the tiers that are new with them.

    Raises ProgrammeRefused and Backdated.
    """
    check_budget(rules, on=effective_at.date())
    check_migration(rules)
    if Decision.objects.filter(decided_at__gte=effective_at, version__programme=programme).exists():
        raise Backdated(
            "Decisions were already made after that date. Nothing was published; choose a later date for the new rules."
        )
    return _new_tiers(rules)


@transaction.atomic
def publish_source(
    *, source: engine.Source, programme: Programme | None, effective_at: datetime, by: User | None, at: datetime
) -> ProgrammeVersion:
    """As `publish_programme`, from a document that was read; without `programme` the one of the document's own id."""
    programme = programme or programme_of(source)
    return publish_programme(
        programme=programme, document=source.document, effective_at=effective_at, by=by, at=at, lines=source.lines
    )


def programme_of(source: engine.Source) -> Programme:
    """The programme of the document's own id, made if it is new. Raises ProgrammeRefused."""
    rules = check_document(source.document, lines=source.lines)
    return Programme.objects.get_or_create(slug=rules.id, defaults={"name": rules.name or rules.id})[0]


def check_document(
    document: Mapping[str, Any], *, lines: Mapping[engine.problems.Path, int] | None = None
) -> engine.Programme:
    """The rules of a document that may be published. Raises ProgrammeRefused with all that stands against it."""
    try:
        rules = engine.parse(document, lines=lines)
    except engine.DocumentError as error:
        raise ProgrammeRefused(error.problems) from error
    problems = [engine.Problem((name,), "is not a rule that is read; put words under “notes”") for name in rules.unread]
    if not rules.tiers:
        raise ProgrammeRefused([engine.Problem((), "it has no tiers: words alone can't be published")])
    if rules.tiers[0].requirements:
        problems.append(engine.Problem(("tiers", 0), "the lowest tier may ask for nothing, so that everybody has one"))
    if rules.tiers[0].invitation_only:
        problems.append(engine.Problem(("tiers", 0), "the lowest tier may not be by invitation: everybody has one"))
    if rules.versions:
        problems.append(engine.Problem(("versions",), "publish each as a version of its own, from its date"))
    if rules.is_rolled_up:
        problems.append(engine.Problem(("rollup",), "can be checked but not published yet", is_unsupported=True))
    if rules.tracks:
        problems.append(engine.Problem(("tracks",), "can be checked but not published yet", is_unsupported=True))
    for result in engine.run_cases(document, rules):
        failures = (*result.failures, result.refused) if result.refused else result.failures
        problems.extend(engine.Problem(("cases",), f"“{result.name}”: {failure}") for failure in failures)
    if problems:
        raise ProgrammeRefused(problems)
    return rules


def check_budget(rules: engine.Programme, *, on: date) -> None:
    """Raises ProgrammeRefused when a tier asks for more training than the programme's budget and gives no reason."""
    if rules.budget is None or rules.budget.reason:
        return
    problems = [
        engine.Problem(
            ("training_budget",),
            f"{load.tier} asks for {engine.as_words(load.hours)} hours per person and quarter, the budget is "
            f"{engine.as_words(rules.budget.hours)}. Write a “reason”; partners will read it",
        )
        for load in training_load(rules, on=on)
        if load.hours > rules.budget.hours
    ]
    if problems:
        raise ProgrammeRefused(problems)


def origin_of(until: date, programme: Programme | None) -> int | None:
    """The number of the version from which a migration map leads that names none: the newest one, None without any.

    Where the newest has a map with the same last day without loss, that is gone on with: a correction of rules is no
    second change. One query.
    """
    newest = None if programme is None else programme.versions.order_by("-number").first()
    if newest is None:
        return None
    before = rules_of(newest).migration
    return before.from_version if before is not None and before.until == until else newest.number


def _with_origin(document: Mapping[str, Any], rules: engine.Programme, programme: Programme) -> Mapping[str, Any]:
    """The document, in which a migration map says which version it leads from."""
    if rules.migration is None or rules.migration.from_version is not None:
        return document
    number = origin_of(rules.migration.until, programme)
    return document if number is None else {**document, "migration": {**document["migration"], "from_version": number}}


def check_migration(rules: engine.Programme) -> None:
    """Raises ProgrammeRefused when a migration map forgets a tier that partners hold and the new rules don't have."""
    if rules.migration is None:
        return
    known = {tier.id for tier in rules.tiers} | set(rules.migration.tiers)
    held = Partner.objects.filter(current_tier__isnull=False).values_list("current_tier__slug", flat=True)
    forgotten = sorted(set(held.distinct()) - known)
    if forgotten:
        raise ProgrammeRefused(
            [engine.Problem(("migration", "tiers"), f"says nothing of {', '.join(forgotten)}, which partners hold")]
        )


def rules_of(version: ProgrammeVersion) -> engine.Programme:
    """The version's rules, parsed once per process."""
    return _parsed(json.dumps(version.document))


@lru_cache(maxsize=64)
def _parsed(document: str) -> engine.Programme:
    return engine.parse(json.loads(document))


def _as_stored(value: Any) -> Any:
    """The document as JSON gives it back on every database: decimals as floats, whole ones as integers.

    Raises ProgrammeRefused for a number that a float can't carry exactly.
    """
    if isinstance(value, Mapping):
        return {str(name): _as_stored(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_as_stored(member) for member in value]
    if isinstance(value, Decimal | float):
        number = Decimal(repr(value)) if isinstance(value, float) else value
        if number == number.to_integral_value():
            return int(number)
        if Decimal(repr(float(number))) != number:
            raise ProgrammeRefused([engine.Problem((), f"{number} has too many digits")])
        return float(number)
    return value


def _new_tiers(rules: engine.Programme) -> list[TierName]:
    """The tiers that have no name yet, unsaved: ranked as in the document, above all that are there. Raises
    ProgrammeRefused where the order contradicts the ranks of those that are."""
    slugs = [tier.id for tier in rules.tiers]
    known: dict[str, int] = {tier.slug: tier.rank for tier in TierName.objects.filter(slug__in=slugs)}
    top = TierName.objects.aggregate(top=Max("rank"))["top"]
    rank = -1 if top is None else top
    ranks: list[int] = []
    new: list[TierName] = []
    for tier in rules.tiers:
        if tier.id not in known:
            rank += 1
            new.append(TierName(slug=tier.id, name=tier.name, rank=rank, position=rank))
        ranks.append(known.get(tier.id, rank))
    if ranks != sorted(ranks):
        problem = engine.Problem(("tiers",), "the order contradicts the ranks that the tiers already have")
        raise ProgrammeRefused([problem])
    return new
