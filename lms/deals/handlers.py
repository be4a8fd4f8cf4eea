"""Letters that deals call for."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.common.letters import send_letter
from lms.deals import rules_changes, services
from lms.deals.events import (
    AcceptanceAsked,
    CommentAdded,
    CrmPaused,
    DealImportDue,
    DealMoved,
    DealsImported,
    LeadMoved,
    ProtectionEnding,
    ReviewsComing,
)
from lms.deals.lead_moves import MOVES as LEAD_MOVES
from lms.deals.lead_moves import LeadState
from lms.deals.models import Comment, CrmSystem, Deal, DealImport, DealMove, LeadMove, Origin, PlanReview, RowOutcome
from lms.deals.table import Side
from lms.events.services import subscribe
from lms.partners.models import Membership, Partner
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
    if deal.origin == Origin.FILE and move.at == deal.registered_at:
        return []  # told with all others of the file, in one letter
    if deal.origin == Origin.LEAD and move.number == 1:
        return []  # he has just accepted it; that it is approved follows
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
    return [person for person in _managers_of(deal.partner, at) if _may_read(person, deal)]


def _managers_of(partner: Partner, at: datetime) -> list[User]:
    managing = Membership.objects.active(at.date()).filter(partner=partner, role=Membership.Role.MANAGER)
    return list(User.objects.filter(pk__in=managing.values("person"), is_active=True).order_by("pk"))


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


@subscribe(AcceptanceAsked)
def send_acceptance_letter(event: AcceptanceAsked) -> None:
    """To a partner's managers: what the version changes against the one they accepted, in words. Not when it is
    accepted already, or overtaken by another.
    """
    partner = Partner.objects.filter(public_id=event.partner_id, suspended_at=None).first()
    version = next(
        (one for one in services.acceptable(at=max(event.at, timezone.now())) if one.number == event.version), None
    )
    if partner is None or version is None or version.acceptances.filter(partner=partner).exists():
        return
    earlier = partner.deal_acceptances.filter(version__withdrawal=None, version__number__lt=version.number)
    last = earlier.select_related("version").order_by("-version__number").first()
    changes = [] if last is None else rules_changes.changes(last.version.rules, version.rules)
    until = None if last is None else services.counts_until(last.version, newest=version)
    for person in _managers_of(partner, event.at):
        send_letter(
            to=person.email,
            subject=f"Rules of engagement, version {version.number}: please accept them",
            template="rules_published",
            context={
                "person": person,
                "partner": partner,
                "version": version,
                "accepted": last,
                "until": until if until is not None and until > timezone.now() else None,
                "changes": changes,
                "url": f"{settings.SITE_URL}{reverse('deals:engagement')}",
            },
        )


@subscribe(DealImportDue)
def continue_deal_import(event: DealImportDue) -> None:
    """The next rows of a file, at the time they are done."""
    services.continue_import(
        import_id=event.import_id,
        round_=event.round,
        start=event.start,
        is_dry_run=event.is_dry_run,
        at=max(event.at, timezone.now()),
    )


@subscribe(DealsImported)
def send_import_letters(event: DealsImported) -> None:
    """One to who imported the file, and one to each for whom deals were registered by it."""
    job = DealImport.objects.filter(public_id=event.import_id).select_related("asked_by").first()
    if job is None:
        return
    created = job.rows.filter(outcome=RowOutcome.CREATED)
    owners = User.objects.filter(pk__in=created.values("deal__registered_by"), is_active=True).exclude(
        pk=job.asked_by_id
    )
    counts = services.counts_of(job)
    page = f"{settings.SITE_URL}{reverse('deals:import', args=[job.public_id])}"
    mine = f"{settings.SITE_URL}{reverse('deals:mine')}"
    letters = [(job.asked_by, counts["created"], page)] if job.asked_by.is_active else []
    letters += [(one, created.filter(deal__registered_by=one).count(), mine) for one in owners.order_by("pk")]
    for person, count, url in letters:
        send_letter(
            to=person.email,
            subject=f"{count} deal{'s' if count != 1 else ''} registered from a file",
            template="deals_imported",
            context={
                "person": person,
                "job": job,
                "count": count,
                "left": counts["refused"] + counts["duplicate"] if person == job.asked_by else 0,
                "is_own": person == job.asked_by,
                "url": url,
            },
        )


@subscribe(LeadMoved)
def send_lead_letter(event: LeadMoved) -> None:
    """What the vendor did is news for the partner's managers; what the partner or the clock did, for who gave it."""
    move = (
        LeadMove.objects.filter(lead__public_id=event.lead_id, number=event.number)
        .select_related("lead__given_by", "lead__deal", "partner", "by")
        .first()
    )
    if move is None or (move.to_state == LeadState.OFFERED and not move.lead.is_offered):
        return  # an offer that is over by now
    is_ours = Side.VENDOR in LEAD_MOVES[move.move].sides
    giver = [move.lead.given_by] if move.lead.given_by.is_active else []
    url = f"{settings.SITE_URL}{reverse('deals:lead', args=[move.lead.public_id])}"
    for person in _managers_of(move.partner, event.at) if is_ours else giver:
        send_letter(
            to=person.email,
            subject=f"Lead {move.lead.customer_name}: {move.get_to_state_display().lower()}",
            template="lead_moved",
            context={"person": person, "move": move, "lead": move.lead, "is_ours": is_ours, "url": url},
        )


@subscribe(ReviewsComing)
def send_reviews_letter(event: ReviewsComing) -> None:
    """One letter of all reviews that are still to be held, of plans that the person still writes."""
    person = User.objects.filter(public_id=event.person_id, is_active=True).first()
    if person is None:
        return
    to_hold = PlanReview.objects.filter(pk__in=event.review_ids, held_at=None, plan__ended_at=None)
    reviews = to_hold.select_related("plan__partner").order_by("due_on", "pk")
    plans = [
        _upcoming(review, person, event.at)
        for review in reviews
        if person.has_perm("deals.write_plan", review.plan.partner)
    ]
    if plans:
        send_letter(
            to=person.email,
            subject="A joint plan is to be reviewed" if len(plans) == 1 else f"{len(plans)} joint plans to review",
            template="plan_reviews",
            context={"person": person, "plans": plans},
        )


def _upcoming(review: PlanReview, person: User, at: datetime) -> dict[str, object]:
    plan = review.plan
    return {
        "plan": plan,
        "review": review,
        "reached": services.reached(plan, plan.objectives.filter(dropped_at=None).order_by("pk"), at=at),
        "own": plan.actions.filter(owner=person, done_at=None, dropped_at=None).order_by("due_on", "pk"),
        "url": f"{settings.SITE_URL}{reverse('deals:plan', args=[plan.public_id])}",
    }
