"""Moves that people make. The table in lms.deals.moves says from where to where; here is what else they do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from lms.accounts.models import User
from lms.common import guards
from lms.deals.engagement import last_protected_day
from lms.deals.errors import IllegalMove, NotYourMove, WordsMissing
from lms.deals.models import Deal
from lms.deals.moves import MOVES, RejectReason, State
from lms.deals.services import steps
from lms.deals.services.conflicts import judge
from lms.deals.services.interest import require_level, require_no_interest, sides_of
from lms.deals.services.registering import approval
from lms.deals.table import Side

MAX_TEXT = 1000


@transaction.atomic
def move_deal(
    *,
    deal: Deal,
    move: str,
    by: User,
    at: datetime,
    reason: str = "",
    text: str = "",
    customer_called: bool = False,
    independently: bool = False,
) -> Deal:
    """Makes one move of the table. In a conflict review the two facts that only people know go into the ruling whose
    clause is logged.

    Guarantees that of two at once one moves and the other is told; that nobody decides with an interest of his own.
    Raises IllegalMove, WordsMissing, NotYourMove, OwnInterest, UnsafeInput. Locks the deal and the others of its
    customer. Emits DealMoved.
    """
    steps.lock_customer(deal)
    deal = steps.locked(deal)
    wanted = MOVES.get(move)
    if wanted is None:
        raise NotYourMove("There is no such move. Nothing was changed.")
    text = _clean(text)
    deal.require(wanted)
    sides = sides_of(by, deal) & wanted.sides
    if not sides:
        raise NotYourMove("This move is not yours. Nothing was changed.")
    if Side.VENDOR in sides and Side.PARTNER not in sides:
        require_no_interest(deal=deal, by=by, at=at)
        require_level(deal=deal, move=wanted, by=by)
    wanted.check_words(reason, text)
    ruled: dict[str, Any] = {"clause": ""}
    if deal.level and move in {"settle", "reject"}:
        ruled = _ruling(deal, at, customer_called, independently)
    changes = _EFFECTS.get(move, _nothing)(deal, by, at)
    if Side.PARTNER in sides:
        changes["touched_at"] = at
    step: dict[str, Any] = {"by": by, "at": at, "reason": reason, "text": text, **ruled, **changes}
    held = deal.holds
    if move == "overturn":
        steps.advance_holding(deal, move, otherwise="recontest", **step)
        return deal
    if move == "settle":
        _overrule_rivals(deal, by, at, ruled["clause"])
    if move == "uphold" and _came_from(deal) == State.EXPIRED:
        move = "uphold_expiry"
    steps.advance(deal, move, **step)
    if held and not deal.holds:
        steps.pass_on(deal, at=at)
    return deal


def _ruling(deal: Deal, at: datetime, customer_called: bool, independently: bool) -> dict[str, Any]:
    """What the table says of a conflict that a person decides: the clause, and the facts it was found by."""
    clause, facts = judge(deal=deal, at=at, customer_called=customer_called, independently=independently)
    return {"clause": clause.id, "facts": facts}


def _clean(text: str) -> str:
    text = guards.check_text(text).strip()
    if len(text) > MAX_TEXT:
        raise WordsMissing(f"At most {MAX_TEXT} characters. Nothing was changed.")
    return text


def _overrule_rivals(deal: Deal, by: User, at: datetime, clause: str) -> None:
    """The customer goes from the registration that holds him to this one. The words of the decision are for who gets
    him; who loses him reads the clause. Raises IllegalMove when somebody took him meanwhile.
    """
    found = deal.rules.rules.clause(clause)
    text = found.title if found is not None else ""
    rivals = steps.rivals_of(deal)
    for rival in rivals:
        require_no_interest(deal=rival, by=by, at=at)
        reason = RejectReason.GIVEN_TO_ANOTHER
        steps.advance(rival, "overrule", by=by, at=at, reason=reason, text=text, clause=clause, level=0)
    if not steps.claim(deal):
        raise IllegalMove(steps.TAKEN)
    for rival in rivals:  # somebody may have waited for this one alone, by a name or domain that is not the deal's
        steps.pass_on(rival, at=at)


def _came_from(deal: Deal) -> str:
    """The state whose decision is disputed."""
    disputes = deal.moves.filter(move="dispute").order_by("-number")
    return disputes.values_list("from_state", flat=True)[0]


def _nothing(deal: Deal, by: User, at: datetime) -> dict[str, Any]:
    return {}


def _answered(deal: Deal, by: User, at: datetime) -> dict[str, Any]:
    """The first answer of a person ends the time that is measured."""
    return {"answered_at": deal.answered_at or at, "answer_due_at": None, "level": 0}


def _asked_again(deal: Deal, by: User, at: datetime) -> dict[str, Any]:
    return {"answer_due_at": steps.answer_due(deal, at), "level": 0}


def _reopened(deal: Deal, by: User, at: datetime) -> dict[str, Any]:
    """It needs a new approval: until then it is neither protected nor counted."""
    none = dict.fromkeys(("approved_at", "approved_by", "protected_until", "extended_at"))
    return {**_asked_again(deal, by, at), **none}


def _extended(deal: Deal, by: User, at: datetime) -> dict[str, Any]:
    """From the last protected day on, so that who extends early loses nothing. Raises IllegalMove after that day."""
    assert deal.protected_until is not None  # noqa: S101  an approved deal has one
    if deal.protected_until < at.astimezone(UTC).date():
        raise IllegalMove("The protection is over, so it cannot be extended. Nothing was changed.")
    until = last_protected_day(deal.protected_until, deal.rules.rules.extension_days)
    return {"extended_at": at, "protected_until": until}


def _disputed(deal: Deal, by: User, at: datetime) -> dict[str, Any]:
    """Rejected by its first level, it begins there again; a person other than the one who decided looks at it."""
    return {"level": 1, "answer_due_at": steps.level_due(deal, 1, at)}


def _level_up(deal: Deal, by: User, at: datetime) -> dict[str, Any]:
    level = min(deal.level + 1, len(deal.rules.rules.escalation))
    return {"level": level, "answer_due_at": steps.level_due(deal, level, at)}


_EFFECTS: dict[str, Callable[[Deal, User, datetime], dict[str, Any]]] = {
    "ask": _answered,
    "reject": _answered,
    "uphold": _answered,
    "approve": approval,
    "answer": _asked_again,
    "settle": _asked_again,
    "overturn": _reopened,
    "extend": _extended,
    "dispute": _disputed,
    "escalate": _level_up,
    "escalate_conflict": _level_up,
}
