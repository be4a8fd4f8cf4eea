"""Which items an attempt gets: drawn section by section, none twice, no two enemies, cases whole."""

from collections import defaultdict
from random import Random

import msgspec

from lms.assessments import items
from lms.assessments.errors import ExamNotReady
from lms.assessments.models import Assessment, Item, ItemVersion, Response, Section

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

    def sample(self, units: list[tuple[int, ...]], count: int, rng: Random) -> list[int]:
        """So many items, at random; empty when none of several orders works, for enemies and cases may block one."""
        for _ in range(TRIES):
            chosen: list[int] = []
            for unit in rng.sample(units, len(units)):
                if len(chosen) + len(unit) <= count and self.fits(unit, chosen):
                    chosen += unit
                if len(chosen) == count:
                    return chosen
        return []

    def take(self, chosen: list[int]) -> None:
        self.taken.update(chosen)


def draw(assessment: Assessment, rng: Random) -> list[Response]:
    """The responses of a new attempt, unsaved: versions frozen, options in an order and under tokens of their own.

    Live items are scored, items on trial are mixed in where the section says so. Raises ExamNotReady when a section
    cannot be filled. Six queries and two for each section.
    """
    pool = _Pool()
    drawn: list[tuple[Section, int, bool]] = []
    for section in assessment.sections.order_by("position"):
        chosen = _drawn(pool, section, rng, is_pilot=False)
        if len(chosen) < section.draw:
            raise ExamNotReady(f"The exam cannot start: “{section.title}” has too few questions. No attempt was used.")
        pilots = _drawn(pool, section, rng, is_pilot=True) if section.pilots else []
        mixed = [(section, pk, False) for pk in chosen]
        for pk in pilots:
            mixed.insert(rng.randrange(len(mixed) + 1), (section, pk, True))
        drawn += mixed
    if not drawn:
        raise ExamNotReady("The exam cannot start: it has no questions yet. No attempt was used.")
    return _responses(drawn, rng)


def _drawn(pool: _Pool, section: Section, rng: Random, *, is_pilot: bool) -> list[int]:
    items_ = Item.objects.piloted() if is_pilot else Item.objects.live()
    items_ = items_.filter(bank=section.bank_id)
    if section.topic:
        items_ = items_.filter(topic=section.topic)
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
    chosen = pool.sample(units, count, rng)
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
            is_pilot=is_pilot,
            max_points=items.worth_of(version.loaded_content),
            shown=msgspec.to_builtins(items.show(version.kind, version.loaded_content, rng)),
        )
        for position, (section, pk, is_pilot) in enumerate(drawn, start=1)
    ]
