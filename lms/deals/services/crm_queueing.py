"""What CRM systems are to be told, written down in the transaction of the fact. For this package.

Facts of one deal come one after the other, since each changes or locks its row. So their messages get ascending keys
and are seen by a sender in that order, which no handler of the outbox could promise: of two workers the second may be
the first one done.
"""

from datetime import datetime

from django.db.models import Q

from lms.deals.crm import MessageType, body_of_change, body_of_move, type_of_move
from lms.deals.models import CrmLink, CrmMessage, CrmSystem, Deal, DealChange, DealMove


def queue_move(*, move: DealMove, at: datetime, source: CrmSystem | None) -> None:
    """Messages of a move for every system that wants to hear it, except the one that reported it. To be called in the
    transaction of the move.
    """
    type_ = type_of_move(move)
    systems = _listeners(move.deal, type_, source)
    if not systems:
        return
    move = DealMove.objects.select_related("deal__partner").get(pk=move.pk)  # as it is stored, not as it was typed
    links = _links(move.deal)
    CrmMessage.objects.bulk_create(
        CrmMessage(
            system=system,
            deal=move.deal,
            type=type_,
            cause=f"move:{move.deal.public_id}:{move.number}",
            body=body_of_move(move, links.get(system.pk)).decode(),
            created_at=at,
        )
        for system in systems
    )


def queue_change(*, change: DealChange, at: datetime) -> None:
    """Messages of a changed field for every system that wants to hear it, except the one it came from. To be called in
    the transaction of the change, with the deal locked.
    """
    systems = _listeners(change.deal, MessageType.CHANGED, change.system)
    if not systems:
        return
    change = DealChange.objects.select_related("deal__partner").get(pk=change.pk)
    links = _links(change.deal)
    CrmMessage.objects.bulk_create(
        CrmMessage(
            system=system,
            deal=change.deal,
            type=MessageType.CHANGED,
            cause=f"change:{change.pk}",
            body=body_of_change(change, links.get(system.pk)).decode(),
            created_at=at,
        )
        for system in systems
    )


def _listeners(deal: Deal, type_: str, source: CrmSystem | None) -> list[CrmSystem]:
    """Systems that may know of the deal and want to hear this. Few, so their lists are read here: a list in JSON is
    asked differently on SQLite.
    """
    allowed = CrmSystem.objects.filter(Q(partner=None) | Q(partner=deal.partner_id)).exclude(address="")
    return [one for one in allowed.order_by("pk") if type_ in one.events and one != source]


def _links(deal: Deal) -> dict[int, CrmLink]:
    return {link.system_id: link for link in CrmLink.objects.filter(deal=deal)}
