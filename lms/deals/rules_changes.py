"""What another version of the rules of engagement changes, in words. Pure: two documents in, sentences out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from msgspec import structs

from lms.deals.engagement import Clause, Facts, First, Level, Other, Outcome, Relation, Rules, Scenario, When, rule
from lms.deals.moves import RejectReason


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that is added, removed or changed, and sentences that say how."""

    kind: Kind
    what: str
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one case of a scenario is decided by either version."""

    scenario: Scenario
    case: str
    before: str
    after: str

    @property
    def is_different(self) -> bool:
        return self.before != self.after


def changes(old: Rules, new: Rules) -> list[Change]:
    """Terms first, then clauses in the order of the new version, those that are gone at the end."""
    return [*_terms(old, new), *_clauses(old, new)]


def ruling(clause: Clause, rules: Rules) -> str:
    """What follows from a clause, as a sentence without its full stop."""
    if clause.outcome == Outcome.REJECT:
        reason = "" if clause.reason is None else RejectReason(clause.reason).label
        return f"Refused at once: {_low(reason)}"
    if clause.outcome == Outcome.ROUTE:
        return f"Conflict review by {_low(rules.level(clause.level).who)}"
    if clause.outcome == Outcome.RELEASE:
        return "The other leaves the account; the opportunity is judged"
    return "Nothing stands against it; the opportunity is judged"


def applies(when: When) -> str:
    """When a clause applies, in words."""
    parts = [_WHEN[name](getattr(when, name)) for name in When.__struct_fields__ if getattr(when, name) is not None]
    return f"Applies when {', and '.join(parts)}" if parts else "Applies to every other case"


def answers(old: Rules, new: Rules) -> list[Answer]:
    """Typical cases of each of the seven scenarios, decided by both; where days count, on either side of each mark."""
    return [
        Answer(
            scenario=scenario,
            case=case,
            before=ruling(rule(old, [facts]), old),
            after=ruling(rule(new, [facts]), new),
        )
        for scenario, case, facts in _cases(old, new)
    ]


def _low(text: str) -> str:
    """As it stands within a sentence; "VP Sales" stays."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


_WHO = {Other.NONE: "nobody else", Other.VENDOR: "we", Other.PARTNER: "another partner"}
_HAS = {Relation.NONE: "nothing", Relation.LEAD: "a lead", Relation.ACCOUNT: "the account", Relation.LOST: "lost it"}
_CAME = {
    First.APPLICANT: "the applicant came first",
    First.OTHER: "the other came first",
    First.SAME: "nobody is first",
}
_WHEN: dict[str, Callable[[Any], str]] = {
    "other": lambda value: f"{_WHO[value]} {'are' if value == Other.VENDOR else 'is'} concerned",
    "relation": lambda value: f"the other {'' if value == Relation.LOST else 'has '}{_HAS[value]}",
    "first": lambda value: _CAME[value],
    "customer_called": lambda value: f"the customer {'turned' if value else 'did not turn'} to the applicant himself",
    "own_account": lambda value: f"the customer is {'' if value else 'not '}the applicant's own account",
    "idle_days": lambda value: f"the other did nothing for {value} days",
    "lost_days": lambda value: f"the other lost the customer {value} days ago or longer",
}


def _money(value: dict[str, Any]) -> str:
    return ", ".join(f"{amount} {code}" for code, amount in sorted(value.items()))


def _levels(value: Sequence[Level]) -> str:
    return "; ".join(f"{place}. {one.who} ({one.group}), {one.hours} hours" for place, one in enumerate(value, 1))


def _days(value: int) -> str:
    return f"{value} day{'s' if value != 1 else ''}"


def _hours(value: int) -> str:
    return f"{value} hour{'s' if value != 1 else ''}"


_TERMS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "name": ("Name", str),
    "contact": ("Whom to ask", str),
    "benefit": ("What registering gives", str),
    "answer_hours": ("Promised answer", _hours),
    "info_days": ("How long a question waits", _days),
    "protection_days": ("Protection", _days),
    "extension_days": ("Extension of the protection", _days),
    "reminder_days": ("Reminders before protection ends", lambda value: ", ".join(map(_days, value))),
    "same_hours": ("Within these nobody is first", _hours),
    "accept_within_days": ("Time to accept a new version", _days),
    "max_open": ("Open registrations of a partner, at most", str),
    "products": ("Products", lambda value: ", ".join(f"{one.name} ({one.id})" for one in value)),
    "currencies": ("Currencies", ", ".join),
    "approve_up_to": ("Approved at once up to", _money),
    "requires_certified": (
        "Certified people",
        lambda value: "" if value is None else f"{value.people} with one of {', '.join(value.any_of)}",
    ),
    "requires_benefit": ("Benefit of the programme that is needed", lambda value: value or ""),
    "neutral_credit": ("Neutral credit of our own sellers", lambda value: value or ""),
    "escalation": ("Who decides conflicts", _levels),
}


def _terms(old: Rules, new: Rules) -> Iterator[Change]:
    for name, (label, say) in _TERMS.items():
        before, after = say(getattr(old, name)), say(getattr(new, name))
        if before == after:
            continue
        kind = Kind.ADDED if not before else Kind.REMOVED if not after else Kind.CHANGED
        yield Change(kind=kind, what=label, words=_from_to(before, after))


def _from_to(before: str, after: str) -> tuple[str, ...]:
    return tuple(f"{label}: {text}" for label, text in (("Before", before), ("Now", after)) if text)


def _clauses(old: Rules, new: Rules) -> Iterator[Change]:
    moved = _read_elsewhere(old, new)
    for place, clause in enumerate(new.clauses):
        name, before = f"Clause {clause.id}, {clause.title}", old.clause(clause.id)
        if before is None:
            yield Change(kind=Kind.ADDED, what=name, words=(clause.text, applies(clause.when), ruling(clause, new)))
            continue
        words = [line for pair in _differences(before, clause, old, new) for line in _from_to(*pair)]
        if clause.id in moved:
            after = f"after {new.clauses[place - 1].id}" if place else "first"
            words.append(f"Read at another place: {after}. The first clause that fits decides")
        if words:
            yield Change(kind=Kind.CHANGED, what=name, words=tuple(words))
    for clause in old.clauses:
        if new.clause(clause.id) is None:
            gone = (applies(clause.when), ruling(clause, old))
            yield Change(kind=Kind.REMOVED, what=f"Clause {clause.id}, {clause.title}", words=gone)


def _differences(before: Clause, after: Clause, old: Rules, new: Rules) -> Iterator[tuple[str, str]]:
    pairs = (
        (before.title, after.title),
        (before.text, after.text),
        (before.scenario.replace("_", " "), after.scenario.replace("_", " ")),
        (applies(before.when), applies(after.when)),
        (ruling(before, old), ruling(after, new)),
    )
    return (pair for pair in pairs if pair[0] != pair[1])


def _read_elsewhere(old: Rules, new: Rules) -> set[str]:
    """Clauses of both versions whose place among these is another one: the fewest that explain the new order."""
    before = [clause.id for clause in old.clauses if new.clause(clause.id) is not None]
    after = [clause.id for clause in new.clauses if old.clause(clause.id) is not None]
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return {one for tag, _, _, since, until in steps if tag != "equal" for one in after[since:until]}


Case = tuple[Scenario, str, Facts]


def _cases(old: Rules, new: Rules) -> Iterator[Case]:
    yield Scenario.APPLICANT_FIRST, "Nobody else is concerned with the customer", Facts()
    yield Scenario.APPLICANT_FIRST, "Our sellers came after the partner", _lead(Other.VENDOR, First.APPLICANT)
    yield Scenario.OTHER_FIRST, "Our sellers have an open lead", _lead(Other.VENDOR, First.OTHER)
    yield Scenario.OTHER_FIRST, "Another partner has registered the customer", _lead(Other.PARTNER, First.OTHER)
    yield Scenario.INDEPENDENT, "The partner and we, independently", _lead(Other.VENDOR, First.SAME)
    yield Scenario.INDEPENDENT, "Two partners, independently", _lead(Other.PARTNER, First.SAME)
    for other, whose in ((Other.VENDOR, "our"), (Other.PARTNER, "another partner's")):
        account = Facts(other=other, relation=Relation.ACCOUNT, first=First.OTHER)
        called = structs.replace(account, customer_called=True)
        yield Scenario.CUSTOMER_CALLED, f"{whose.capitalize()} customer turned to the partner by himself", called
        yield Scenario.EXISTING_ACCOUNT, f"The customer is {whose} account", account
    own = structs.replace(_lead(Other.VENDOR, First.OTHER), own_account=True)
    yield Scenario.EXISTING_ACCOUNT, "The customer is the partner's own account, and we have a lead there", own
    for days in _marks(old, new, "lost_days"):
        lost = Facts(other=Other.VENDOR, relation=Relation.LOST, first=First.OTHER, lost_days=days)
        yield Scenario.LOST_CUSTOMER, f"We lost the customer {_days(days)} ago", lost
    for days in _marks(old, new, "idle_days"):
        idle = structs.replace(_lead(Other.PARTNER, First.OTHER), idle_days=days)
        yield Scenario.DISENGAGE, f"Another partner's approved deal saw nothing for {_days(days)}", idle


def _lead(other: Other, first: First) -> Facts:
    return Facts(other=other, relation=Relation.LEAD, first=first)


def _marks(old: Rules, new: Rules, name: str) -> list[int]:
    """Each number of days that a clause of either version waits for, and the day before the first of them."""
    found = {getattr(clause.when, name) for clause in (*old.clauses, *new.clauses)} - {None}
    return sorted({*found, min(found) - 1}) if found else [30]
