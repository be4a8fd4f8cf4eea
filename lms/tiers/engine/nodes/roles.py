"""Roles to be filled by people, with limits on how far one person goes: an assignment problem, solved exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import ClassVar, Self

from lms.tiers.engine.facts import Held
from lms.tiers.engine.matching import assign
from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.demands import Demand, Team
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.problems import Path

SHARINGS = frozenset({"overlap", "dedicated", "capacity"})
_KEYS = frozenset({"need", "sharing", "need_per_specialisation", "specialisations", "sharing_limits", "credentials"})


@dataclass(frozen=True, kw_only=True)
class Role:
    """A kind of role: the credentials that qualify for it, and how many people it takes."""

    name: str
    codes: frozenset[str]
    people: int


@dataclass(frozen=True, kw_only=True)
class Roles(Node):
    """`roles`: so many people per role.

    `sharing: overlap` lets one person fill every role he is qualified for; `dedicated` one place only; `capacity` one
    kind of role in at most `sharing_limits` specialisations, once in each. Which people fill what is found by a maximum
    matching, so nobody is missed who could have been moved.

    With `capacity`, k people with limit c fill places d1, d2, … of the specialisations if and only if no d is above k
    and their sum is not above k·c (they take the places in turn); so a kind takes max(ceil(sum/c), max d) people.
    """

    kind: ClassVar[str] = "roles"
    roles: tuple[Role, ...]
    is_shared: bool

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "roles")
        inner = reader.mapping(members["roles"], inside, optional=_KEYS)
        if ("need" in inner) == ("need_per_specialisation" in inner):
            reader.problem(inside, "needs either “need” or “need_per_specialisation”")
        default = "capacity" if "need_per_specialisation" in inner else "dedicated"
        sharing = reader.text(inner.get("sharing"), (*inside, "sharing"), default=default)
        if sharing not in SHARINGS:
            reader.problem((*inside, "sharing"), f"needs one of {', '.join(sorted(SHARINGS))}")
        places = _places(reader, inner, inside)
        limits = reader.mapping(inner.get("sharing_limits", {}), (*inside, "sharing_limits"))
        for name in limits.keys() - places.keys():
            reader.problem((*inside, "sharing_limits", name), "is not among the roles")
        counts = {name: reader.count(limits[name], (*inside, "sharing_limits", name)) for name in limits}
        qualified = reader.mapping(inner.get("credentials", {}), (*inside, "credentials"))
        roles = tuple(
            Role(
                name=name,
                codes=_codes(reader, qualified, name, inside),
                people=_people_for(needs, counts.get(name), sharing),
            )
            for name, needs in places.items()
        )
        return cls(id=id, label=reader.label(members, path), roles=roles, is_shared=sharing == "overlap")

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(code for role in self.roles for code in role.codes)

    def assess(self, context: Context) -> Finding:
        holders = {role.name: context.holders(role.codes) for role in self.roles}
        qualified = {name: found for name, found in holders.items() if found is not None}
        if len(qualified) < len(holders):
            return self._finding(State.UNKNOWN, None, (), "not known yet")
        places = {role.name: role.people for role in self.roles}
        filled = assign({name: tuple(found) for name, found in qualified.items()}, places, is_shared=self.is_shared)
        parts = tuple(_part(self.id, role, filled[role.name], qualified[role.name], context) for role in self.roles)
        lacking = [part.missing for part in parts if not part.is_met]
        have = Fraction(sum(min(len(people), places[name]) for name, people in filled.items()))
        return self._finding(State.UNMET if lacking else State.MET, have, parts, "; ".join(lacking))

    def _finding(self, state: State, have: Fraction | None, parts: tuple[Finding, ...], missing: str) -> Finding:
        return Finding(
            id=self.id,
            label=self.label or "Roles filled",
            kind=self.kind,
            state=state,
            need=Fraction(sum(role.people for role in self.roles)),
            have=have,
            missing=missing,
            people=tuple(sorted({person for part in parts for person in part.people})),
            credentials=tuple(sorted({reference for part in parts for reference in part.credentials})),
            parts=parts,
        )

    def demand(self, context: Context) -> Demand:
        return Team(tuple((role.codes, role.people) for role in self.roles), self.is_shared)


def _part(
    id: str,  # noqa: A002
    role: Role,
    people: tuple[str, ...],
    holders: Mapping[str, tuple[Held, ...]],
    context: Context,
) -> Finding:
    lacking = max(role.people - len(people), 0)
    return Finding(
        id=f"{id}-{role.name}",
        label=context.words(role.name),
        kind="role",
        state=State.UNMET if lacking else State.MET,
        need=Fraction(role.people),
        have=Fraction(len(people)),
        missing=f"{lacking} more for {context.words(role.name)}" if lacking else "",
        people=tuple(sorted(people)),
        credentials=tuple(sorted({held.reference for p in people for held in holders[p] if held.reference})),
    )


def _places(reader: Reader, inner: Mapping[str, object], path: Path) -> dict[str, tuple[int, ...]]:
    """By role, the places in each specialisation (one, when there are none)."""
    if "need" in inner:
        return {name: (count,) for name, count in _counts(reader, inner["need"], (*path, "need")).items()}
    place = (*path, "specialisations")
    given = inner.get("specialisations", 1)
    if isinstance(given, Mapping):  # each specialisation with needs of its own
        own = [_counts(reader, needs, (*place, name)) for name, needs in given.items()]
    else:
        times = len(given) if isinstance(given, list) and given else reader.count(given, place)
        own = [{}] * times
    common = _counts(reader, inner.get("need_per_specialisation"), (*path, "need_per_specialisation"))
    names = [*common, *(name for needs in own for name in needs)]
    return {
        name: tuple(needs.get(name, common.get(name, 0)) for needs in own if needs.get(name, common.get(name)))
        for name in dict.fromkeys(names)
    }


def _counts(reader: Reader, value: object, path: Path) -> dict[str, int]:
    return {name: reader.count(count, (*path, name)) for name, count in reader.mapping(value, path).items()}


def _codes(reader: Reader, qualified: Mapping[str, object], name: str, path: Path) -> frozenset[str]:
    """What a role's `credentials` say, else the vocabulary of its name, else the role's name is the credential."""
    if name in qualified:
        return reader.code_list(qualified[name], (*path, "credentials", name))
    return reader.vocabulary.get(name, frozenset({name}))


def _people_for(needs: tuple[int, ...], limit: int | None, sharing: str) -> int:
    if sharing == "overlap":
        return max(needs, default=0)
    if sharing == "dedicated":
        return sum(needs)
    each = min(limit or len(needs), len(needs)) or 1
    return max(ceil(sum(needs) / each), max(needs, default=0))
