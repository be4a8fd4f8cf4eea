"""Which items an attempt gets: those of a form, or drawn section by section, no two enemies, cases whole."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import msgspec
from django.db.models import Count, Sum

from lms.accounts.models import User
from lms.assessments import items
from lms.assessments.errors import ExamNotReady
from lms.assessments.models import (
    Assessment,
    Attempt,
    ExamTally,
    Form,
    FormItem,
    Item,
    ItemTally,
    ItemVersion,
    PreparedForm,
    Response,
    Section,
)

TRIES = 50


class _Pool:
    """Items that may be drawn together: those of one case are one unit, in their order."""

    def __init__(self) -> None:
        self.enemies: dict[int, set[int]] = defaultdict(set)
        self.taken: set[int] = set()

    def load_enemies(self, pks: set[int]) -> None:
        through = Item.enemies.through.objects.filter(from_item__in=pks)
        for one, other in through.values_list("from_item", "to_item"):
            self.enemies[one].add(other)

    def fits(self, unit: tuple[int, ...], chosen: list[int]) -> bool:
        """Whether a unit may stand beside what was taken before and chosen now."""
        others = self.taken | set(chosen)
        return not any(pk in others or self.enemies[pk] & others for pk in unit) and not any(
            self.enemies[pk] & (set(unit) - {pk}) for pk in unit
        )

    def sample(self, units: list[tuple[int, ...]], count: int, rng: Random, worn: Mapping[int, int]) -> list[int]:
        """So many items, at random, the less `worn` first; empty when none of several orders works, for enemies and
        cases may block one."""
        for _ in range(TRIES):
            chosen: list[int] = []
            shuffled = rng.sample(units, len(units))
            for unit in sorted(shuffled, key=lambda pks: max(worn.get(pk, 0) for pk in pks)) if worn else shuffled:
                if len(chosen) + len(unit) <= count and self.fits(unit, chosen):
                    chosen += unit
                if len(chosen) == count:
                    return chosen
        return []

    def take(self, chosen: list[int]) -> None:
        self.taken.update(chosen)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a new attempt gets, unsaved: its responses, and the form they are of (None: drawn)."""

    responses: list[Response]
    form: Form | None


def choose(assessment: Assessment, sections: list[Section], rng: Random, *, person: User | None = None) -> Chosen:
    """The items of a new attempt: versions frozen, options in an order and under tokens of their own. `person` is None
    while it is nobody's: prepared, or looked at by an author.

    One of the forms in use, if there are any: that with the fewest items the person had before, of those the least
    used. Otherwise drawn section by section. Items on trial are mixed in where the section says so. Raises ExamNotReady
    when a section cannot be filled. Six queries and two for each section; more where overlap or exposure is limited.
    """
    forms = list(assessment.forms.in_use().order_by("number"))
    seen = seen_items(assessment, person) if person and (forms or is_overlap_limited(assessment)) else set()
    form = _form(assessment, forms, seen, rng) if forms else None
    drawn = _of_form(form, sections, rng) if form else _draw(assessment, seen, sections, rng)
    return Chosen(responses=_responses(drawn, rng), form=form)


def minimums_of(sections: list[Section]) -> dict[str, str]:
    """What an attempt keeps of the sections' minimums: percent as text, by title."""
    return {section.title: str(section.minimum) for section in sections if section.minimum is not None}


def is_overlap_limited(assessment: Assessment) -> bool:
    return assessment.max_overlap is not None and assessment.max_overlap < 100


def seen_items(assessment: Assessment, person: User) -> set[int]:
    """The items that the person got in earlier attempts."""
    rows = Response.objects.filter(attempt__assessment=assessment, attempt__person=person)
    return set(rows.values_list("item_version__item_id", flat=True))


def _form(assessment: Assessment, forms: list[Form], seen: set[int], rng: Random) -> Form:
    """The form for who has seen these items. Raises ExamNotReady when no form has all its items live."""
    items_of: dict[int, set[int]] = defaultdict(set)
    for form_id, item_id in FormItem.objects.filter(form__in=forms).values_list("form", "item"):
        items_of[form_id].add(item_id)
    live = set(Item.objects.live().filter(pk__in=set().union(*items_of.values())).values_list("pk", flat=True))
    ready = [form for form in forms if items_of[form.pk] and items_of[form.pk] <= live]
    if not ready:
        raise ExamNotReady("The exam cannot start: a question of its forms was retired. No attempt was used.")
    given = Attempt.objects.filter(form__in=ready).values_list("form").annotate(count=Count("pk"))
    waiting = PreparedForm.objects.filter(form__in=ready, taken_at=None).values_list("form")
    used = Counter(dict(given)) + Counter(dict(waiting.annotate(count=Count("pk"))))
    shuffled = rng.sample(ready, len(ready))
    return min(shuffled, key=lambda form: (len(items_of[form.pk] & seen), used[form.pk]))


def _of_form(form: Form, sections: list[Section], rng: Random) -> list[tuple[Section, int, bool]]:
    """The places of a form, with items on trial mixed into their sections."""
    pool, places = _Pool(), list(form.items.order_by("position"))
    pool.load_enemies({place.item_id for place in places})
    pool.take([place.item_id for place in places])
    drawn: list[tuple[Section, int, bool]] = []
    for section in sections:
        drawn += _mixed(pool, section, [one.item_id for one in places if one.section_id == section.pk], rng)
    return drawn


def shown_shares(assessment: Assessment, sections: list[Section]) -> dict[int, float]:
    """Which percent of the scored attempts showed each item; empty where no section limits that. Two queries."""
    if all(section.max_exposure is None for section in sections):
        return {}
    total = ExamTally.objects.filter(assessment=assessment).aggregate(total=Sum("n"))["total"]
    tallies = ItemTally.objects.filter(assessment=assessment).values_list("item_version__item_id")
    return {pk: count * 100 / total for pk, count in tallies.annotate(total=Sum("n"))} if total else {}


def _worn(section: Section, seen: set[int], shares: Mapping[int, float]) -> dict[int, int]:
    """What is drawn only when nothing else is left: 2 for what the person had before (where overlap is limited), 1 for
    what more attempts have shown than the section allows."""
    limit = section.max_exposure
    worn = {} if limit is None else {pk: 1 for pk, share in shares.items() if share > limit}
    return worn | dict.fromkeys(seen, 2)


def _draw(
    assessment: Assessment, seen: set[int], sections: list[Section], rng: Random
) -> list[tuple[Section, int, bool]]:
    pool = _Pool()
    shares = shown_shares(assessment, sections)
    drawn: list[tuple[Section, int, bool]] = []
    for section in sections:
        chosen = _drawn(pool, section, rng, _worn(section, seen, shares), is_pilot=False)
        if len(chosen) < section.draw:
            raise ExamNotReady(f"The exam cannot start: “{section.title}” has too few questions. No attempt was used.")
        drawn += _mixed(pool, section, chosen, rng)
    if not drawn:
        raise ExamNotReady("The exam cannot start: it has no questions yet. No attempt was used.")
    return drawn


def _mixed(pool: _Pool, section: Section, chosen: list[int], rng: Random) -> list[tuple[Section, int, bool]]:
    """The scored items of a section in their order, with items on trial anywhere between them."""
    mixed = [(section, pk, False) for pk in chosen]
    for pk in _drawn(pool, section, rng, {}, is_pilot=True) if section.pilots else []:
        mixed.insert(rng.randrange(len(mixed) + 1), (section, pk, True))
    return mixed


def _drawn(pool: _Pool, section: Section, rng: Random, worn: Mapping[int, int], *, is_pilot: bool) -> list[int]:
    items_ = section.pool(is_pilot=is_pilot)
    cases: dict[int, list[int]] = defaultdict(list)
    units: list[tuple[int, ...]] = []
    for item in items_.order_by("pk").only("pk", "case"):
        if item.case_id is None:
            units.append((item.pk,))
        else:
            cases[item.case_id].append(item.pk)
    units += [tuple(members) for members in cases.values()]
    pool.load_enemies({pk for unit in units for pk in unit})
    count = min(section.pilots, sum(map(len, units))) if is_pilot else section.draw
    chosen = pool.sample(units, count, rng, worn)
    pool.take(chosen)
    return chosen


def _responses(drawn: list[tuple[Section, int, bool]], rng: Random) -> list[Response]:
    live = Item.objects.filter(pk__in=[pk for _, pk, is_pilot in drawn if not is_pilot]).live_versions()
    pilot = Item.objects.filter(pk__in=[pk for _, pk, is_pilot in drawn if is_pilot]).pilot_versions()
    versions: dict[int, ItemVersion] = {version.item_id: version for version in [*live, *pilot]}
    return [
        Response(
            item_version=(version := versions[pk]),
            position=position,
            section=section.title,
            max_points=section.points * items.worth_of(version.loaded_content),
            is_pilot=is_pilot,
            shown=msgspec.to_builtins(items.show(version.kind, version.loaded_content, rng)),
        )
        for position, (section, pk, is_pilot) in enumerate(drawn, start=1)
    ]
