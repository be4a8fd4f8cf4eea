"""Who has to approve rules before they are published, and what each function says. Reads only (ADR 42)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from lms.accounts.models import User
from lms.tiers.models import Approver, DraftOpinion, Programme, ProgrammeDraft, ProgrammeVersion
from lms.tiers.services.errors import ApprovalsMissing


class Answer(StrEnum):
    APPROVED = "approved"
    OBJECTS = "objects"
    WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class FunctionState:
    """What a function says to a draft: by which opinion, and who may still say it (nobody of the authors)."""

    function: str
    name: str
    answer: Answer
    opinion: DraftOpinion | None
    approvers: tuple[User, ...]
    objectors: frozenset[int] = frozenset()  # primary keys

    @property
    def words(self) -> str:
        """ "Legal objects (Ada Kerr)", "Finance waits for Mo Lind", "Sales has nobody who speaks for it"."""
        if self.answer is Answer.OBJECTS and self.opinion is not None:
            return f"{self.name} objects ({self.opinion.said_by.name})"
        people = " or ".join(person.name for person in self.approvers)
        return f"{self.name} waits for {people}" if people else f"{self.name} has nobody who could speak for it"


def draft_digest(*, programme: Programme, number: int, effective_at: datetime, document: Mapping[str, Any]) -> str:
    """SHA-256 in hex over what an approval is for: programme, number, day and document, as JSON with sorted names."""
    content = {
        "programme": programme.slug,
        "version": number,
        "effective_at": effective_at.astimezone(UTC).isoformat(),
        "document": document,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def functions_asked(
    *, programme: Programme | None, document: Mapping[str, Any], effective_at: datetime
) -> tuple[str, ...]:
    """The functions that approve the document before it is published: those it names, and those that the rules name
    which it takes the place of. So a draft can't take a function off the list without that function. One query.
    """
    known = None if programme is None else programme.pk
    return _asked(_published(), known, document, effective_at)


def functions_of(draft: ProgrammeDraft) -> tuple[str, ...]:
    """Those asked when it was put up, and while it is open those that rules published since would ask. One query."""
    return _functions(draft, _published())


@dataclass(frozen=True, kw_only=True)
class _Published:
    """Of a version that is published: what it takes to know whom the next rules ask."""

    programme_id: int
    number: int
    effective_at: datetime
    approvals: Sequence[str]


def _published() -> list[_Published]:
    """All versions, those in force last at the end."""
    fields = ("programme_id", "number", "effective_at", "document__approvals")
    found = ProgrammeVersion.objects.order_by("effective_at", "number").values_list(*fields)
    return [
        _Published(programme_id=programme, number=number, effective_at=since, approvals=approvals or ())
        for programme, number, since, approvals in found
    ]


def _asked(
    published: Sequence[_Published], programme: int | None, document: Mapping[str, Any], effective_at: datetime
) -> tuple[str, ...]:
    newest = sorted((one for one in published if one.programme_id == programme), key=lambda one: one.number)[-1:]
    in_force = [one for one in published if one.effective_at <= effective_at][-1:]
    before = [name for one in (*newest, *in_force) for name in one.approvals]
    return tuple(dict.fromkeys(map(str, (*before, *document.get("approvals", ())))))


def _functions(draft: ProgrammeDraft, published: Sequence[_Published]) -> tuple[str, ...]:
    overtaken = any(one.programme_id == draft.programme_id and one.number >= draft.number for one in published)
    if draft.withdrawn_at is not None or overtaken:
        return tuple(draft.functions)
    asked = _asked(published, draft.programme_id, draft.document, draft.effective_at)
    return tuple(dict.fromkeys((*draft.functions, *asked)))


def name_of(function: str, document: Mapping[str, Any]) -> str:
    """In the document's words: its label, else the name itself."""
    label = document.get("labels", {}).get(function)
    return str(label or function.replace("_", " ").replace("-", " ").capitalize())


def states_of(
    draft: ProgrammeDraft, *, functions: Sequence[str], publisher: User | None = None
) -> tuple[FunctionState, ...]:
    """Each function's state, in their order. Two queries.

    The newest opinion of each person counts. A person's objection stands until he approves or his appointment ends: a
    colleague's approval does not lift it. An approval counts for good, but neither that of the draft's author nor
    `publisher`'s. Of a draft that is published it is what counted when it was, whatever became of people since.
    """
    if draft.version is not None:
        publisher = draft.version.published_by
    opinions = list(draft.opinions.select_related("said_by").order_by("number"))
    return _states(draft, functions, opinions, _approvers(functions), publisher)


def states_of_each(drafts: Iterable[ProgrammeDraft]) -> dict[int, tuple[FunctionState, ...]]:
    """As `states_of`, of several drafts by primary key, for the functions of each. Three queries."""
    drafts = list(drafts)
    said: dict[int, list[DraftOpinion]] = defaultdict(list)
    for opinion in DraftOpinion.objects.filter(draft__in=drafts).select_related("said_by").order_by("number"):
        said[opinion.draft_id].append(opinion)
    published = _published()
    functions = {draft.pk: _functions(draft, published) for draft in drafts}
    approvers = _approvers({name for names in functions.values() for name in names})
    return {draft.pk: _states(draft, functions[draft.pk], said[draft.pk], approvers, None) for draft in drafts}


def drafts_waiting_for(user: User) -> list[ProgrammeDraft]:
    """Open drafts on which a function waits that the person speaks for, or his own objection stands; none that he put
    up. One query for who speaks for none, else five."""
    spoken_for = set(Approver.objects.active().filter(person=user).values_list("function", flat=True))
    if not spoken_for:
        return []
    drafts = ProgrammeDraft.objects.open().exclude(proposed_by=user).select_related("programme", "proposed_by")
    found = list(drafts.order_by("proposed_at", "pk"))
    states = states_of_each(found)
    return [
        draft for draft in found if any(_waits_for(user, one) for one in states[draft.pk] if one.function in spoken_for)
    ]


def _waits_for(user: User, state: FunctionState) -> bool:
    return state.answer is Answer.WAITING or user.pk in state.objectors


def check_approvals(
    *,
    programme: Programme,
    number: int,
    effective_at: datetime,
    document: Mapping[str, Any],
    by: User | None,
) -> ProgrammeDraft | None:
    """The open draft of exactly this content, if there is one. Raises ApprovalsMissing unless every function that is
    asked approved it. Call it with the programme locked."""
    digest = draft_digest(programme=programme, number=number, effective_at=effective_at, document=document)
    draft = ProgrammeDraft.objects.open().filter(programme=programme, digest=digest).first()
    if draft is None:
        functions = functions_asked(programme=programme, document=document, effective_at=effective_at)
        if not functions:
            return None
        names = ", ".join(name_of(name, document) for name in functions)
        raise ApprovalsMissing(
            f"These rules need the approval of {names} first, for exactly this text and day. "
            "Nothing was published; put them up for approval."
        )
    states = states_of(draft, functions=functions_of(draft), publisher=by)
    missing = [one.words for one in states if one.answer is not Answer.APPROVED]
    if missing:
        raise ApprovalsMissing(f"Nothing was published: {'; '.join(missing)}. {_advice(draft, states, by)}")
    return draft


def _advice(draft: ProgrammeDraft, states: Sequence[FunctionState], by: User | None) -> str:
    if any(one.answer is Answer.OBJECTS for one in states):
        return "Meet the objection with a changed draft, or ask who objects to approve."
    waiting = [one.function for one in states if one.answer is Answer.WAITING]
    if by is not None and draft.opinions.filter(said_by=by, is_approval=True, function__in=waiting).exists():
        return "What you approved yourself does not count when you publish: let somebody else publish."
    if any(one.answer is Answer.WAITING and not one.approvers for one in states):
        return "A portal manager appoints somebody for it."
    return "They find the draft on their home page."


def _approvers(functions: Iterable[str]) -> dict[str, list[User]]:
    found: dict[str, list[User]] = defaultdict(list)
    rows = Approver.objects.active().filter(function__in=list(functions)).select_related("person")
    for row in rows.order_by("person__name", "pk"):
        found[row.function].append(row.person)
    return found


def _states(
    draft: ProgrammeDraft,
    functions: Sequence[str],
    opinions: Iterable[DraftOpinion],
    approvers: Mapping[str, list[User]],
    publisher: User | None,
) -> tuple[FunctionState, ...]:
    newest: dict[str, dict[int, DraftOpinion]] = defaultdict(dict)
    for opinion in opinions:
        if opinion.digest == draft.digest:
            newest[opinion.function].pop(opinion.said_by_id, None)
            newest[opinion.function][opinion.said_by_id] = opinion
    left_out = {draft.proposed_by_id, publisher.pk if publisher is not None else None}
    states = []
    for function in functions:
        people = approvers.get(function, [])
        said = list(newest[function].values())
        in_office = {person.pk for person in people}
        standing = draft.version_id is None
        objections = [one for one in said if standing and not one.is_approval and one.said_by_id in in_office]
        approvals = [one for one in said if one.is_approval and one.said_by_id not in left_out]
        counting = [*objections, *reversed(approvals)]
        answer = Answer.OBJECTS if objections else Answer.APPROVED if approvals else Answer.WAITING
        states.append(
            FunctionState(
                function=function,
                name=name_of(function, draft.document),
                answer=answer,
                opinion=counting[0] if counting else None,
                approvers=tuple(person for person in people if person.pk not in left_out),
                objectors=frozenset(one.said_by_id for one in objections),
            )
        )
    return tuple(states)
