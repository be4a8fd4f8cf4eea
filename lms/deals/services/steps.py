"""One step of a deal: the state, the row of the log, the audit entry and the event, in one transaction. For this
package: use cases are in moving, registering and upkeep."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Q

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.deals.engagement import Facts
from lms.deals.errors import IllegalMove
from lms.deals.events import DealMoved
from lms.deals.models import CrmSystem, Deal, DealMove
from lms.deals.moves import HOLDING, MOVES, OPEN, State
from lms.deals.services.crm_queueing import queue_move
from lms.events.services import emit

# How often a customer is looked at again when somebody took him between the look and the write.
TRIES = 5
TAKEN = "Somebody else has just registered this customer. Try it again; nothing was changed."


def locked(deal: Deal) -> Deal:
    """The deal as it is now, locked for the rest of the transaction: moves of one deal come one after the other."""
    wanted = Deal.objects.select_related("partner", "rules").select_for_update(of=("self",))
    return wanted.get(pk=deal.pk)


def lock_customer(deal: Deal) -> None:
    """Locks the deal with all open registrations of its customer and of theirs (one shares the name, the next one the
    domain): in one statement and in the order of their keys, so that nobody who moves one waits for another in a
    circle. To be called before anything else is locked that belongs to a deal.
    """
    near = Deal.objects.open().filter(product=deal.product).of_customer(**_customer(deal))
    names, domains = {deal.name_key}, {deal.domain_key}
    for name_key, domain_key in near.values_list("name_key", "domain_key"):
        names.add(name_key)
        domains.add(domain_key)
    same = Q(name_key__in=sorted(names)) | Q(domain_key__in=sorted(domains - {""}))
    wanted = Deal.objects.filter(Q(pk=deal.pk) | (Q(product=deal.product, state__in=OPEN) & same))
    list(wanted.select_for_update(of=("self",)).order_by("pk").only("pk"))


def _customer(deal: Deal) -> dict[str, str]:
    return {"name_key": deal.name_key, "country": deal.customer_country, "domain_key": deal.domain_key}


def advance(
    deal: Deal,
    name: str,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    text: str = "",
    clause: str = "",
    facts: Sequence[Facts] | None = None,
    source: CrmSystem | None = None,
    **changes: Any,
) -> DealMove:
    """Makes a move of the table with a locked deal, and lets go of the customer where the target holds none. `source`
    is the CRM that reported it, which is not told of it.

    Raises IllegalMove and WordsMissing. Emits DealMoved.
    """
    move = MOVES[name]
    move.check_words(reason, text)
    before = deal.state
    if move.target not in HOLDING:
        changes["holds"] = False
    if clause:
        changes["clause"] = clause
    Deal.objects.advance(deal, move, state_since=at, **changes)
    return log(deal, name, before, by=by, at=at, reason=reason, text=text, clause=clause, facts=facts, source=source)


def log(
    deal: Deal,
    name: str,
    before: str,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    text: str = "",
    clause: str = "",
    facts: Sequence[Facts] | None = None,
    source: CrmSystem | None = None,
) -> DealMove:
    """Writes the step down: for people, for the audit, for the CRM systems and for the handlers. `facts` are those by
    which the clause was found, so that other rules can be asked the same later.
    """
    made = DealMove.objects.create(
        deal=deal,
        number=deal.moves.count() + 1,
        move=name,
        from_state=before,
        to_state=deal.state,
        at=at,
        by=by,
        reason=reason,
        text=text.strip(),
        clause=clause,
        facts=None if facts is None else msgspec.to_builtins(list(facts)),
    )
    record_audit(
        action="deals.move_deal",
        actor=by,
        at=at,
        target=deal,
        partner_id=deal.partner.public_id,
        detail={"move": name, "from": before, "to": deal.state, "clause": clause},
    )
    queue_move(move=made, at=at, source=source)
    emit(DealMoved(at=at, deal_id=deal.public_id, number=made.number))
    return made


def claim(deal: Deal) -> bool:
    """Lets the deal hold its customer, unless another does: the database decides."""
    try:
        with transaction.atomic():
            Deal.objects.filter(pk=deal.pk).update(holds=True)
    except IntegrityError:
        return False
    deal.holds = True
    return True


def advance_holding(deal: Deal, name: str, *, otherwise: str, at: datetime, **step: Any) -> DealMove:
    """Makes the move with the customer held again; where another holds him by now, the move `otherwise` without. The
    other is locked, so he does not let go of the customer without seeing who waits. Raises IllegalMove.
    """
    for _ in range(TRIES):
        if rivals_of(deal):
            step |= {"level": 1, "answer_due_at": level_due(deal, 1, at)}
            return advance(deal, otherwise, at=at, **step)
        with suppress(IntegrityError), transaction.atomic():  # taken since the look: look again
            return advance(deal, name, at=at, holds=True, **step)
    raise IllegalMove(TAKEN)


def rivals_of(deal: Deal) -> list[Deal]:
    """The registrations that hold the customer of this one, locked: one by his name, perhaps another by his domain."""
    rivals = Deal.objects.holding().of_customer(**_customer(deal)).filter(product=deal.product).exclude(pk=deal.pk)
    return list(rivals.select_related("partner", "rules").select_for_update(of=("self",)).order_by("pk"))


def pass_on(deal: Deal, *, at: datetime) -> None:
    """A customer was let go: the earliest registration that waits for him in conflict review is looked at as if it
    were the first ("other registrations are reconsidered in chronological order")."""
    waiting = Deal.objects.of_customer(**_customer(deal)).filter(product=deal.product)
    waiting = waiting.filter(state=State.IN_CONFLICT, holds=False)
    heirs = waiting.select_related("partner", "rules").select_for_update(of=("self",))
    for heir in heirs.order_by("registered_at", "pk"):
        if claim(heir):
            text = "The registration that came before is over."
            advance(heir, "settle", by=None, at=at, text=text, level=0, answer_due_at=answer_due(heir, at))
            return


def answer_due(deal: Deal, at: datetime) -> datetime:
    """When an answer is promised that is asked for now."""
    return at + timedelta(hours=deal.rules.rules.answer_hours)


def level_due(deal: Deal, level: int, at: datetime) -> datetime:
    """When a level of escalation must have decided."""
    return at + timedelta(hours=deal.rules.rules.level(level).hours)
