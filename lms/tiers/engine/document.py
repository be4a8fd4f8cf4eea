"""A programme document, checked and frozen: tiers, what they ask for, and how a change of tier is applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from lms.tiers.engine.formula import Formula
from lms.tiers.engine.nodes import KINDS, NOT_YET, Node, Reader
from lms.tiers.engine.nodes.scorecard import ROUNDINGS, Component, Scorecard
from lms.tiers.engine.problems import Path, refuse

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
        *("tracks", "track_rule", "rounding", "cumulative", "lifecycle"),
    }
)


class Demotion(StrEnum):
    """What happens when a partner no longer reaches his tier: it goes at once, or it is kept for a while."""

    IMMEDIATE = "immediate"
    HELD = "held"


class TrackRule(StrEnum):
    """A programme without tracks, with one tier per track, or with the best track counting."""

    NONE = "none"
    SEPARATE = "separate_designations"
    BEST_OF = "best_of"


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """How a decision is applied. `grace` None with held: until a person decides."""

    demotion: Demotion = Demotion.IMMEDIATE
    grace: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A tier (or designation) and its requirements, all of which must hold."""

    id: str
    name: str
    requirements: tuple[Node, ...]
    invitation_only: bool = False


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

    def requirement(self, requirement: str) -> tuple[Tier, Node] | None:
        """A requirement and its tier, by the requirement's id."""
        return next(((tier, node) for tier in self.tiers for node in tier.requirements if node.id == requirement), None)


def parse(document: Any, *, lines: Mapping[Path, int] | None = None) -> Programme:
    """The programme of a document (see docs/programmes.md).

    Raises DocumentError with every problem found, or UnsupportedFeature when rules this engine does not know are all
    that is wrong.
    """
    reader = Reader(KINDS, NOT_YET, lines or {})
    members = reader.mapping(document, (), required=frozenset({"tiers"}))
    _read_vocabulary(reader, members)
    rounding = _choice(reader, members, "rounding", ROUNDINGS, "exact")
    programme = Programme(
        id=reader.slug(members.get("id"), ("id",), default="programme"),
        name=reader.text(members.get("name"), ("name",)),
        tiers=_tiers(reader, members["tiers"], "tiers") if "tiers" in members else (),
        designations=_tiers(reader, members.get("designations", []), "designations"),
        labels=_texts(reader, members, "labels"),
        units=_texts(reader, members, "units"),
        formulas=_formulas(reader, members),
        scores=_scores(reader, members, rounding),
        tracks=tuple(
            reader.slug(track, ("tracks", index))
            for index, track in enumerate(reader.members(members.get("tracks", []), ("tracks",)))
        ),
        track_rule=TrackRule(_choice(reader, members, "track_rule", frozenset(TrackRule), "none")),
        is_cumulative=reader.flag(members.get("cumulative", False), ("cumulative",)),
        lifecycle=_lifecycle(reader, members.get("lifecycle", {})),
        unread=tuple(sorted(members.keys() - _RULES - NOTES)),
    )
    _check_references(reader, programme)
    refuse(reader.problems)
    return programme


def _choice(reader: Reader, members: Mapping[str, Any], name: str, allowed: frozenset[Any], default: str) -> str:
    value = reader.text(members.get(name), (name,), default=default)
    if value not in allowed:
        reader.problem((name,), f"needs one of {', '.join(sorted(allowed))}")
        return default
    return value


def _texts(reader: Reader, members: Mapping[str, Any], name: str) -> dict[str, str]:
    given = reader.mapping(members.get(name, {}), (name,))
    return {key: reader.text(value, (name, key)) for key, value in given.items()}


def _read_vocabulary(reader: Reader, members: Mapping[str, Any]) -> None:
    given = reader.mapping(members.get("vocabulary", {}), ("vocabulary",))
    for name, codes in given.items():
        reader.vocabulary[name] = reader.code_list(codes, ("vocabulary", name))


def _tiers(reader: Reader, value: Any, kind: str) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    extra = {"name", "invitation_only"} if kind == "tiers" else {"name", "also", "review", "cure"}
    for index, member in enumerate(reader.members(value, (kind,))):
        path: Path = (kind, index)
        inner = reader.mapping(member, path, required=frozenset({"id", "requires"}), optional=frozenset(extra))
        id_ = reader.slug(inner.get("id"), (*path, "id"))
        if id_ in {tier.id for tier in tiers}:
            reader.problem((*path, "id"), f"“{id_}” stands twice")
        requirements = _requirements(reader, inner.get("requires", {"all": []}), (*path, "requires"), id_)
        ids = [node.id for node in requirements]
        if len(set(ids)) != len(ids):
            reader.problem((*path, "requires"), "two requirements have the same id")
        tiers.append(
            Tier(
                id=id_,
                name=reader.text(inner.get("name"), (*path, "name"), default=id_.replace("_", " ").capitalize()),
                requirements=requirements,
                invitation_only=reader.flag(inner.get("invitation_only", False), (*path, "invitation_only")),
            )
        )
    if kind == "tiers" and value == []:
        reader.problem((kind,), "needs at least one tier")
    return tuple(tiers)


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


def _scores(reader: Reader, members: Mapping[str, Any], rounding: str) -> dict[str, Scorecard]:
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


def _lifecycle(reader: Reader, value: Any) -> Lifecycle:
    members = reader.mapping(value, ("lifecycle",), optional=frozenset({"demotion", "grace_days"}))
    demotion = reader.text(members.get("demotion"), ("lifecycle", "demotion"), default="immediate")
    if demotion not in set(Demotion):
        reader.problem(("lifecycle", "demotion"), "needs “immediate” or “held”")
        demotion = "immediate"
    grace = None
    if "grace_days" in members:
        grace = timedelta(days=min(reader.count(members["grace_days"], ("lifecycle", "grace_days")), 3650))
        if demotion != "held":
            reader.problem(("lifecycle", "grace_days"), "goes with “demotion: held” only")
    return Lifecycle(demotion=Demotion(demotion), grace=grace)


def _check_references(reader: Reader, programme: Programme) -> None:
    """Scores and tracks that rules refer to are declared."""
    known = programme.scores.keys() | ({"track", "best"} if programme.tracks else set())
    for name, path in reader.uses.get("score", []):
        if name not in known:
            reader.problem(path, f"“{name}” is not among the scores")
    for index, track in enumerate(programme.tracks):
        if programme.scores and track not in programme.scores:
            reader.problem(("tracks", index), f"“{track}” has no scores")
    if programme.track_rule is not TrackRule.NONE and not programme.tracks:
        reader.problem(("track_rule",), "needs “tracks”")
    edges: dict[str, set[str]] = {}
    for name, path in reader.uses.get("designation", []):
        if path[:1] == ("designations",) and isinstance(path[1], int):
            edges.setdefault(programme.designations[path[1]].id, set()).add(name)
    frozen = {name: frozenset(names) for name, names in edges.items()}
    for index, tier in enumerate(programme.designations):
        if _reaches(tier.id, tier.id, frozen):
            reader.problem(("designations", index), "asks for itself")
