"""From old rules to new ones without loss until a day: what old credentials count as, and old tiers become."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from lms.tiers.engine.facts import Facts, Held, Person
from lms.tiers.engine.nodes import Reader

_PATH = ("migration",)
_LAST_YEAR = 2200


@dataclass(frozen=True, kw_only=True)
class Migration:
    """`until` is the last day without loss. `credentials` maps an old one to those it counts as until then, `tiers` an
    old tier to the one that is held instead of it until then. `from_version` is the number of the version of the
    same programme that the rules took the place of when the migration began; None: those of another."""

    until: date
    credentials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)
    from_version: int | None = None

    @property
    def ends_at(self) -> datetime:
        """The end of the last day (UTC)."""
        return datetime.combine(self.until + timedelta(days=1), time.min, UTC)

    def carried(self, facts: Facts) -> Facts:
        """The facts in which everybody who holds an old credential also holds what it counts as, to the last day."""
        if not self.credentials or facts.people is None:
            return facts
        return replace(facts, people=tuple(self._person(person) for person in facts.people))

    def _person(self, person: Person) -> Person:
        """What is carried adds nothing where the person's own one of that code holds as long."""
        carried = tuple(
            replace(held, code=code, until=min(held.until or self.until, self.until))
            for held in person.held
            for code in self.credentials.get(held.code, ())
            if not self._is_over(held)
        )
        own: dict[str, date] = {}
        for held in person.held:
            own[held.code] = max(own.get(held.code, date.min), held.until or date.max)
        more = tuple(held for held in carried if (held.until or date.max) > own.get(held.code, date.min))
        return replace(person, held=(*person.held, *more)) if more else person

    def _is_over(self, held: Held) -> bool:
        return held.since is not None and held.since > self.until

    def retained(self, earlier: str | None) -> str | None:
        """The tier that is held at least, for who held `earlier` when the new rules began."""
        return None if earlier is None else self.tiers.get(earlier, earlier)


def read_migration(reader: Reader, value: Any) -> Migration:
    """`{no_loss_until: 2027-06-30, credentials: {old: [new, …]}, tiers: {old: new}, from_version: 3}`."""
    more = frozenset({"credentials", "tiers", "from_version", "note"})
    inner = reader.mapping(value, _PATH, required=frozenset({"no_loss_until"}), optional=more)
    credentials = {
        code: (reader.text(given, (*_PATH, "credentials", code)),)
        if isinstance(given, str)
        else tuple(sorted(reader.code_list(given, (*_PATH, "credentials", code))))
        for code, given in reader.mapping(inner.get("credentials", {}), (*_PATH, "credentials")).items()
    }
    tiers = {}
    for old, new in reader.mapping(inner.get("tiers", {}), (*_PATH, "tiers")).items():
        tiers[old] = reader.slug(new, (*_PATH, "tiers", old))
        reader.use("tier", tiers[old], (*_PATH, "tiers", old))
    until = reader.day(inner.get("no_loss_until"), (*_PATH, "no_loss_until"))
    if until.year > _LAST_YEAR:
        reader.problem((*_PATH, "no_loss_until"), "is too far away")
        until = date.min
    from_version = reader.count(inner["from_version"], (*_PATH, "from_version")) if "from_version" in inner else None
    return Migration(until=until, credentials=credentials, tiers=tiers, from_version=from_version)
