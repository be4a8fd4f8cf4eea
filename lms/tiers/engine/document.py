"""A programme document, checked and frozen: tiers, what they ask for, and how a change of tier is applied."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from lms.tiers.engine.credentials import read_policy, read_rates
from lms.tiers.engine.formula import Formula
from lms.tiers.engine.migration import Migration, read_migration
from lms.tiers.engine.nodes import KINDS, Node, Reader
from lms.tiers.engine.nodes.base import Policy
from lms.tiers.engine.nodes.scorecard import ROUNDINGS, Component, Scorecard
from lms.tiers.engine.nodes.series import read_window
from lms.tiers.engine.numbers import exact
from lms.tiers.engine.problems import DocumentError, Path, refuse
from lms.tiers.engine.terms import Budget, Lifecycle, read_approvals, read_budget, read_lifecycle
from lms.tiers.engine.windows import Window

# Words about a programme: kept with the document, no rule in them.
NOTES = frozenset(
    {
        *("vendor", "edition", "status", "sources", "needs", "counting", "unknown", "note", "notes", "note_codes"),
        *("dates", "lesson", "benefits", "cases", "published_contradiction"),
    }
)
_RULES = frozenset(
    {
        *("id", "name", "tiers", "designations", "vocabulary", "labels", "units", "derived_metrics", "scores"),
        *("tracks", "track_rule", "track_when", "rounding", "cumulative", "lifecycle", "rollup", "versions"),
        *(
            "training_budget",
            "migration",
            "approvals",
            "credential_rules",
            "releases",
            "equivalences",
            "rates",
            "capability_gates",
            "effective_from",
        ),
    }
)


_TIER_KEYS = frozenset(
    {
        *("id", "requires", "name", "invitation_only", "track", "note", "label", "benefits"),
        *("also", "review", "cure", "max_stay"),
    }
)


_BENEFIT = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")


class TrackRule(StrEnum):
    """A programme without tracks, with one tier per track, with the best track counting, or with the first track
    whose condition holds."""

    NONE = "none"
    AUTO = "auto"
    SEPARATE = "separate_designations"
    BEST_OF = "best_of"


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A tier (or designation) and its requirements, all of which must hold. `opens` are the benefits that take effect:
    (name, words)."""

    id: str
    name: str
    requirements: tuple[Node, ...]
    invitation_only: bool = False
    track: str = ""
    max_stay: Window | None = None
    opens: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Programme:
    """The rules. Tiers stand from the lowest to the highest; `unread` names what stands in the document beside them.

    `is_cumulative`: a tier also needs every tier below it. Otherwise the highest tier whose own requirements hold wins.
    """

    id: str
    name: str
    tiers: tuple[Tier, ...]
    designations: tuple[Tier, ...]
    labels: Mapping[str, str]
    units: Mapping[str, str]
    formulas: Mapping[str, Formula]
    scores: Mapping[str, Scorecard]
    tracks: tuple[str, ...]
    track_rule: TrackRule
    is_cumulative: bool
    lifecycle: Lifecycle
    unread: tuple[str, ...]
    policy: Policy
    rates: Mapping[str, tuple[tuple[date, Fraction], ...]]
    track_when: tuple[tuple[str, Node], ...]
    capabilities: tuple[Tier, ...]
    is_rolled_up: bool
    budget: Budget | None
    migration: Migration | None = None
    approvals: tuple[str, ...] = ()
    versions: tuple[tuple[date, "Programme"], ...] = ()

    def in_force(self, on: date) -> "Programme":
        """The rules of that day: of `versions` the newest that had begun, else these."""
        return max(((since, rules) for since, rules in self.versions if since <= on), default=(on, self), key=_first)[1]

    def opened_by(self, tier: str | None) -> dict[str, str]:
        """The benefits that take effect at a tier, by name: its own and those of every tier below in its track."""
        order = [one.id for one in self.tiers]
        held = self.tiers[: order.index(tier) + 1] if tier in order else ()
        return {name: words for one in held if one.track in ("", held[-1].track) for name, words in one.opens}

    def requirement(self, requirement: str) -> tuple[Tier, Node] | None:
        """A requirement and its tier, by the requirement's id."""
        return next(((tier, node) for tier in self.tiers for node in tier.requirements if node.id == requirement), None)


def _first(pair: tuple[date, Programme]) -> date:
    return pair[0]


def parse(document: Any, *, lines: Mapping[Path, int] | None = None) -> Programme:
    """The programme of a document (see docs/programmes.md). One without tiers has an id: it is words, and no rules.

    Raises DocumentError with every problem found, or UnsupportedFeature when rules this engine does not know are all
    that is wrong.
    """
    reader = Reader(KINDS, lines or {})
    members = reader.mapping(document, ())
    if isinstance(document, Mapping) and "tiers" not in members and "id" not in members:
        reader.problem((), "needs “tiers”")
    read_vocabulary(reader, members)
    programme = _programme(reader, members)
    _check_references(reader, programme)
    versions = _versions(reader, members)
    refuse(reader.problems)
    return replace(programme, versions=versions)


def _programme(reader: Reader, members: Mapping[str, Any]) -> Programme:
    track_rule = reader.text(members.get("track_rule"), ("track_rule",), default="none")
    if track_rule not in set(TrackRule):
        reader.keep_as_words("track_rule")
    return Programme(
        id=reader.slug(members.get("id"), ("id",), default="programme"),
        name=reader.text(members.get("name"), ("name",)),
        tiers=_tiers(reader, members["tiers"], "tiers") if "tiers" in members else (),
        designations=_tiers(reader, members.get("designations", []), "designations"),
        labels=_texts(reader, members, "labels"),
        units=_texts(reader, members, "units"),
        formulas=_formulas(reader, members),
        scores=_scores(reader, members, _rounding(reader, members.get("rounding", "exact"))),
        tracks=tuple(
            reader.slug(track, ("tracks", index))
            for index, track in enumerate(reader.members(members.get("tracks", []), ("tracks",)))
        ),
        track_rule=TrackRule(track_rule if track_rule in set(TrackRule) else "none"),
        track_when=_track_when(reader, members.get("track_when", {})),
        is_cumulative=reader.flag(members.get("cumulative", False), ("cumulative",)),
        lifecycle=read_lifecycle(reader, members.get("lifecycle", {})),
        policy=read_policy(reader, members),
        rates=read_rates(reader, members.get("rates", {})),
        capabilities=_capabilities(reader, members.get("capability_gates", [])),
        budget=read_budget(reader, members["training_budget"]) if "training_budget" in members else None,
        migration=read_migration(reader, members["migration"]) if "migration" in members else None,
        approvals=read_approvals(reader, members.get("approvals", [])),
        is_rolled_up=_choice(reader, members, "rollup", frozenset({"none", "best"}), "none") == "best",
        unread=tuple(sorted({*(members.keys() - _RULES - NOTES), *reader.words})),
    )


def _rounding(reader: Reader, value: Any) -> tuple[str, int]:
    """ "down", or `{mode: half_up, places: 2}`."""
    inner = {"mode": value}
    if isinstance(value, Mapping):
        inner = dict(reader.mapping(value, ("rounding",), optional=frozenset({"mode", "places"})))
    mode = _choice(reader, {"rounding": inner.get("mode")}, "rounding", ROUNDINGS, "exact")
    places = exact(inner.get("places", 0))
    if places is None or places.denominator != 1 or not 0 <= places <= 6:
        reader.problem(("rounding", "places"), "needs a whole number from 0 to 6")
        places = Fraction(0)
    return mode, int(places)


def _track_when(reader: Reader, value: Any) -> tuple[tuple[str, Node], ...]:
    given = reader.mapping(value, ("track_when",))
    return tuple((name, reader.node(rule, ("track_when", name), f"track-{name}")) for name, rule in given.items())


def _capabilities(reader: Reader, value: Any) -> tuple[Tier, ...]:
    """Actions that a rule unlocks; one whose `requires` is a text is words only."""
    gates = []
    for index, member in enumerate(reader.members(value, ("capability_gates",))):
        path: Path = ("capability_gates", index)
        inner = reader.mapping(member, path, required=frozenset({"action", "requires"}))
        if isinstance(inner.get("requires"), Mapping):
            id_ = reader.slug(inner.get("action"), (*path, "action"))
            requirements = _requirements(reader, inner["requires"], (*path, "requires"), id_)
            gates.append(Tier(id=id_, name=id_.replace("_", " ").capitalize(), requirements=requirements))
        else:
            reader.keep_as_words(f"capability_gates[{index}]")
    return tuple(gates)


def _versions(reader: Reader, members: Mapping[str, Any]) -> tuple[tuple[date, Programme], ...]:
    """Later rules inside one document: what a version says replaces what the document says."""
    versions = []
    for index, member in enumerate(reader.members(members.get("versions", []), ("versions",))):
        path: Path = ("versions", index)
        changes = reader.mapping(member, path, required=frozenset({"effective_from"}))
        since = reader.day(changes.get("effective_from"), (*path, "effective_from"))
        document = {**{name: value for name, value in members.items() if name not in {"versions", "cases"}}, **changes}
        inner = {place: line for place, line in reader.lines.items() if place[:1] and place[0] not in changes}
        inner |= {place[2:]: line for place, line in reader.lines.items() if place[:2] == path}
        try:
            versions.append((since, parse(document, lines=inner)))
        except DocumentError as error:
            reader.problems.extend(error.problems)
    return tuple(versions)


def _choice(reader: Reader, members: Mapping[str, Any], name: str, allowed: frozenset[Any], default: str) -> str:
    value = reader.text(members.get(name), (name,), default=default)
    if value not in allowed:
        reader.problem((name,), f"needs one of {', '.join(sorted(allowed))}")
        return default
    return value


def _texts(reader: Reader, members: Mapping[str, Any], name: str) -> dict[str, str]:
    given = reader.mapping(members.get(name, {}), (name,))
    return {key: reader.text(value, (name, key)) for key, value in given.items()}


def read_vocabulary(reader: Reader, members: Mapping[str, Any]) -> None:
    """Names for lists of credentials; what is no list of texts is words."""
    given = reader.mapping(members.get("vocabulary", {}), ("vocabulary",))
    for name, codes in given.items():
        reader.vocabulary[name] = reader.code_list(codes, ("vocabulary", name))


def _tiers(reader: Reader, value: Any, kind: str) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    for index, member in enumerate(reader.members(value, (kind,))):
        tier = _tier(reader, member, (kind, index))
        if tier.id in {other.id for other in tiers}:
            reader.problem((kind, index, "id"), f"“{tier.id}” stands twice")
        tiers.append(tier)
    if kind == "tiers" and value == []:
        reader.problem((kind,), "needs at least one tier")
    return tuple(tiers)


def _tier(reader: Reader, value: Any, path: Path) -> Tier:
    inner = reader.mapping(value, path, required=frozenset({"id", "requires"}))
    id_ = reader.slug(inner.get("id"), (*path, "id"))
    for name in inner.keys() - _TIER_KEYS:
        reader.keep_as_words(f"{path[0]}.{id_}.{name}")
    requirements = _requirements(reader, inner.get("requires", {"all": []}), (*path, "requires"), id_)
    ids = [node.id for node in requirements]
    if len(set(ids)) != len(ids):
        reader.problem((*path, "requires"), "two requirements have the same id")
    return Tier(
        id=id_,
        name=reader.text(inner.get("name"), (*path, "name"), default=id_.replace("_", " ").capitalize()),
        requirements=requirements,
        track=reader.text(inner.get("track"), (*path, "track")),
        max_stay=read_window(reader, inner["max_stay"], (*path, "max_stay")) if "max_stay" in inner else None,
        invitation_only=reader.flag(inner.get("invitation_only", False), (*path, "invitation_only")),
        opens=_opens(reader, inner.get("benefits"), (*path, "benefits")),
    )


def _opens(reader: Reader, value: Any, path: Path) -> tuple[tuple[str, str], ...]:
    """Of a list of benefits those that take effect: `{opens: name, label: words}`. All others are words."""
    found: dict[str, str] = {}
    for index, member in enumerate(value if isinstance(value, list) else ()):
        if isinstance(member, Mapping) and "opens" in member:
            place = (*path, index)
            inner = reader.mapping(member, place, required=frozenset({"opens"}), optional=frozenset({"label"}))
            name = reader.text(inner.get("opens"), (*place, "opens"))
            if not _BENEFIT.fullmatch(name):
                reader.problem((*place, "opens"), "needs a name of small letters, digits and hyphens")
            words = reader.text(inner.get("label"), (*place, "label"), default=name.replace("-", " ").capitalize())
            if len(words) > 200 or name in found:
                reader.problem(place, "stands twice, or its label is longer than 200 characters")
            found[name] = words
    return tuple(found.items())


def _requirements(reader: Reader, value: Any, path: Path, tier: str) -> tuple[Node, ...]:
    """The members of a top-level `all`; any other rule is a tier's only requirement."""
    if isinstance(value, Mapping) and value.keys() == {"all"}:
        return reader.nodes(value["all"], (*path, "all"), tier)
    return (reader.node(value, path, f"{tier}-1"),)


def _formulas(reader: Reader, members: Mapping[str, Any]) -> dict[str, Formula]:
    formulas: dict[str, Formula] = {}
    for name, text in reader.mapping(members.get("derived_metrics", {}), ("derived_metrics",)).items():
        try:
            formulas[name] = Formula.read(reader.text(text, ("derived_metrics", name)))
        except ValueError as error:
            reader.problem(("derived_metrics", name), str(error))
    for name in formulas:
        if _reaches(name, name, {key: formula.names for key, formula in formulas.items()}):
            reader.problem(("derived_metrics", name), "is made of itself")
    return formulas


def _reaches(start: str, goal: str, edges: Mapping[str, frozenset[str]]) -> bool:
    """Whether a path of at least one edge leads from `start` to `goal`."""
    seen: set[str] = set()
    open_ = list(edges.get(start, ()))
    while open_:
        name = open_.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            open_.extend(edges.get(name, ()))
    return False


def _scores(reader: Reader, members: Mapping[str, Any], rounding: tuple[str, int]) -> dict[str, Scorecard]:
    cards: dict[str, Scorecard] = {}
    for name, given in reader.mapping(members.get("scores", {}), ("scores",)).items():
        components = reader.mapping(given, ("scores", name))
        cards[name] = Scorecard(
            name=name,
            components=tuple(
                Component.read(reader, value, ("scores", name, key), key, rounding)
                for key, value in sorted(components.items())
            ),
        )
    return cards


def _check_references(reader: Reader, programme: Programme) -> None:
    """What rules refer to is declared."""
    declared = {
        "score": ("scores", programme.scores.keys() | ({"track", "best"} if programme.tracks else set())),
        "tier": ("tiers", {tier.id for tier in programme.tiers}),
        "releases": ("releases", programme.policy.releases.keys()),
        "rates": ("rates", programme.rates.keys()),
    }
    for what, (place, known) in declared.items():
        for name, path in reader.uses.get(what, []):
            if name not in known:
                reader.problem(path, f"“{name}” is not among the {place}")
    _check_tracks(reader, programme)
    _check_designations(reader, programme)


def _check_tracks(reader: Reader, programme: Programme) -> None:
    """Every track has points if any has, and conditions are on tracks that there are."""
    for name, _ in programme.track_when:
        if name not in programme.tracks:
            reader.problem(("track_when", name), "is not among the tracks")
    for index, track in enumerate(programme.tracks):
        if programme.scores and track not in programme.scores:
            reader.problem(("tracks", index), f"“{track}” has no scores")
    if programme.track_rule is not TrackRule.NONE and not programme.tracks:
        reader.problem(("track_rule",), "needs “tracks”")


def _check_designations(reader: Reader, programme: Programme) -> None:
    """No designation asks for itself."""
    edges: dict[str, set[str]] = {}
    for name, path in reader.uses.get("designation", []):
        if path[:1] == ("designations",) and isinstance(path[1], int):
            edges.setdefault(programme.designations[path[1]].id, set()).add(name)
    frozen = {name: frozenset(names) for name, names in edges.items()}
    for index, tier in enumerate(programme.designations):
        if _reaches(tier.id, tier.id, frozen):
            reader.problem(("designations", index), "asks for itself")
