"""Letters that deals call for."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from lms.accounts.models import User
from lms.common.letters import send_letter
from lms.deals.events import CommentAdded, CrmPaused, DealMoved, ProtectionEnding
from lms.deals.models import Comment, CrmSystem, Deal, DealMove
from lms.events.services import subscribe
from lms.partners.models import Membership
from lms.partners.rules import PORTAL_MANAGERS

# What the partner did is news for the vendor; all else is news for the partner.
_BY_PARTNER = {"answer", "dispute", "withdraw", "win", "lose", "extend"}
# Made by nobody of the partner when a CRM reports them: then it is news for both sides.
_ENDED_BY_CRM = {"win", "lose"}


def _url(deal: Deal) -> str:
    return f"{settings.SITE_URL}{reverse('deals:deal', args=[deal.public_id])}"


def _may_read(person: User | None, deal: Deal) -> bool:
    return person is not None and person.is_active and person.has_perm("deals.view_deal", deal)


@subscribe(DealMoved)
def send_move_letter(event: DealMoved) -> None:
    """To who registered the deal; of what the partner itself did, to its channel manager; of a deal that a CRM ended,
    to both. To nobody who left, and not to who did it.
    """
    move = (
        DealMove.objects.filter(deal__public_id=event.deal_id, number=event.number)
        .select_related("deal__partner__channel_manager", "deal__registered_by", "deal__rules", "by")
        .first()
    )
    if move is None:
        return
    for person in _told_of(move, event.at):
        send_letter(
            to=person.email,
            subject=f"{move.deal.customer_name}: {move.label}",
            template="deal_moved",
            context={
                "person": person,
                "deal": move.deal,
                "move": move,
                "url": _url(move.deal),
                "clause": _clause(move),
            },
        )


def _told_of(move: DealMove, at: datetime) -> list[User]:
    deal = move.deal
    if move.move in _ENDED_BY_CRM and move.by is None:
        partners = [deal.registered_by] if _may_read(deal.registered_by, deal) else _managers(deal, at)
        people = [*partners, deal.partner.channel_manager]
    elif move.move in _BY_PARTNER:
        people = [deal.partner.channel_manager]
    else:
        people = [deal.registered_by]
    wanted = {person.pk: person for person in people if person is not None and _may_read(person, deal)}
    if move.by is not None and move.number > 1:
        wanted.pop(move.by.pk, None)
    return list(wanted.values())


def _clause(move: DealMove) -> object:
    return move.deal.rules.rules.clause(move.clause) if move.clause else None


@subscribe(ProtectionEnding)
def send_protection_letter(event: ProtectionEnding) -> None:
    """To who registered the deal, while it is still protected; after he left, to the partner's managers."""
    deal = Deal.objects.protected().filter(public_id=event.deal_id).select_related("partner", "registered_by").first()
    if deal is None:
        return
    people = [deal.registered_by] if _may_read(deal.registered_by, deal) else _managers(deal, event.at)
    for person in people:
        send_letter(
            to=person.email,
            subject=f"{deal.customer_name}: protection ends on {deal.protected_until:%-d %B %Y}",
            template="deal_protection_ending",
            context={"person": person, "deal": deal, "days": event.days, "url": _url(deal)},
        )


def _managers(deal: Deal, at: datetime) -> list[User]:
    of_partner = Membership.objects.active(at.date()).filter(partner=deal.partner_id, role=Membership.Role.MANAGER)
    people = User.objects.filter(pk__in=of_partner.values("person")).order_by("pk")
    return [person for person in people if _may_read(person, deal)]


@subscribe(CommentAdded)
def send_comment_letter(event: CommentAdded) -> None:
    """To the other side: who registered the deal, or the partner's channel manager."""
    comment = (
        Comment.objects.filter(public_id=event.comment_id)
        .select_related("deal__partner__channel_manager", "deal__registered_by", "author")
        .first()
    )
    if comment is None:
        return
    deal = comment.deal
    is_ours = comment.author.has_perm("deals.change_deal", deal)
    to = deal.partner.channel_manager if is_ours else deal.registered_by
    if to is None or to == comment.author or not _may_read(to, deal):
        return
    send_letter(
        to=to.email,
        subject=f"{deal.customer_name}: a comment",
        template="deal_commented",
        context={"person": to, "deal": deal, "comment": comment, "url": _url(deal)},
    )


@subscribe(CrmPaused)
def send_crm_letter(event: CrmPaused) -> None:
    """To the portal managers, while it is still paused."""
    system = CrmSystem.objects.filter(public_id=event.system_id, paused_at__isnull=False).first()
    if system is None:
        return
    url = f"{settings.SITE_URL}{reverse('deals:crm_system', args=[system.public_id])}"
    for person in User.objects.filter(groups__name=PORTAL_MANAGERS, is_active=True).order_by("pk"):
        send_letter(
            to=person.email,
            subject=f"{system.name} is not told of deals any more",
            template="crm_paused",
            context={"person": person, "system": system, "url": url},
        )
