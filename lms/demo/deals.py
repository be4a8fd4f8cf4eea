"""The demo's deals: registered, answered, won and lost over its history, by the people of fixtures/demo/deals.yaml."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import Deal, EngagementRules, JointPlan, WinStory
from lms.deals.moves import State
from lms.demo.calendar import Calendar
from lms.demo.people import FOLDER, Cast, joined
from lms.demo.timeline import Timeline, told_when_refused
from lms.partners.models import Membership, Partner


def build_rules(cast: Cast, calendar: Calendar) -> None:
    """Version 1 of the rules of engagement, accepted by a manager of each partner on its first day."""
    document = yaml.safe_load((FOLDER / "engagement.yaml").read_text())
    by, at = cast.staff["portal_manager"], calendar.first_morning
    version = services.publish_rules(document=document, effective_at=at, by=by, at=at)
    for membership in cast.memberships:
        if membership.is_manager:
            _accept(version, membership)


def _accept(version: EngagementRules, membership: Membership) -> None:
    at = joined(membership.partner)
    services.accept_rules(version=version, partner=membership.partner, by=membership.person, at=at)


def plan_deals(cast: Cast, timeline: Timeline, calendar: Calendar) -> None:
    """Puts registrations and what follows on the timeline; days count back from the day of the visit."""
    data = yaml.safe_load((FOLDER / "deals.yaml").read_text())
    for row in data["accounts"]:
        at = calendar.now - timedelta(days=row.pop("days_ago"))
        timeline.add(at, told_when_refused(partial(_add_account, row, cast)))
    for row in data["deals"]:
        at = calendar.now - timedelta(days=row["days_ago"]) + timedelta(hours=row.get("hour", 3))
        timeline.add(at, told_when_refused(partial(_register, row, cast, timeline)))

    for row in data["leads"]:
        timeline.add(calendar.now - timedelta(days=row["days_ago"]), told_when_refused(partial(_give, row, cast)))
    for row in data["stories"]:
        timeline.add(
            calendar.now - timedelta(days=row["days_ago"]), told_when_refused(partial(_tell, row, cast, timeline))
        )
    for row in data["plans"]:
        _plan_plan(row, cast, timeline, calendar.now - timedelta(days=row["days_ago"]))


def _plan_plan(row: dict[str, Any], cast: Cast, timeline: Timeline, begun: datetime) -> None:
    """A joint plan that its channel manager begins, and what becomes of its first actions and reviews."""
    by = cast.staff["channel_manager"]

    def start(at: datetime) -> None:
        services.start_plan(
            partner=Partner.objects.get(slug=row["partner"]),
            template=row["template"],
            title=row["title"],
            starts_on=at.date(),
            months=row["months"],
            by=by,
            request_key=uuid5(NAMESPACE_URL, f"laurel:plan:{row['partner']}:{row['days_ago']}"),
            at=at,
        )

    def act(at: datetime) -> None:
        plan = JointPlan.objects.get(partner__slug=row["partner"], title=row["title"])
        for action in plan.actions.order_by("due_on", "pk")[: row["done"]]:
            services.finish_action(action=action, by=action.owner, at=at)
        _plan_activities(row.get("activities", []), plan, by, at)
        first = plan.reviews.order_by("due_on").first()
        if first is not None and "note" in row:
            services.hold_review(review=first, note=row["note"], decision=row["decision"], by=by, at=at)

    timeline.add(begun, told_when_refused(start))
    timeline.add(begun + timedelta(days=row["acts_after"]), told_when_refused(act))


def _plan_activities(rows: list[list[Any]], plan: JointPlan, by: User, at: datetime) -> None:
    """[kind, title, days after the plan's first, customers, prospects] and what came of it, where its day is over."""
    theirs = Membership.objects.managers().filter(partner=plan.partner).order_by("pk")[0].person
    for kind, title, days, customers, prospects, *result in rows:
        activity = services.add_activity(
            plan=plan,
            kind=kind,
            title=title,
            held_on=plan.starts_on + timedelta(days=days),
            our_owner=by,
            their_owner=theirs,
            customers=customers,
            prospects=prospects,
            by=by,
            at=at,
        )
        if result:
            services.tell_result(activity=activity, result=result[0], by=theirs, at=at)


def _tell(row: dict[str, Any], cast: Cast, timeline: Timeline, at: datetime) -> None:
    """The story of a deal that was won, sent to review by who won it, and what channel marketing made of it."""
    deal = Deal.objects.get(customer_name=row["customer"], state=State.WON)
    by, says = deal.registered_by, ("problem", "done", "outcome", "naming")
    words = services.StoryWords(
        **{name: row[name] for name in says}, consent_by=row["consent"], consent_on=(at - timedelta(days=1)).date()
    )
    story = services.begin_story(deal=deal, words=words, by=by, at=at)
    services.move_story(story=story, move="submit", by=by, at=at)
    if "judged" in row:
        judge = partial(_judge, story, row["judged"], cast)
        timeline.add(at + timedelta(days=1), told_when_refused(judge))


def _judge(story: WinStory, move: str, cast: Cast, at: datetime) -> None:
    services.move_story(
        story=story,
        move=move,
        by=cast.staff["channel_marketing_author"],
        at=at,
        review_on=(at + timedelta(days=700)).date(),
    )


def _give(row: dict[str, Any], cast: Cast, at: datetime) -> None:
    names = ("customer_name", "customer_domain", "customer_country", "product", "need", "contact", "value", "currency")
    lead = services.give_lead(
        draft=services.LeadDraft(**{name: str(row.get(name, "")) for name in names}),
        partner=Partner.objects.get(slug=row["partner"]),
        days=14,
        by=cast.staff["channel_manager"],
        at=at,
    )
    if "declined" in row:
        rep = User.objects.get(email=f"{row['rep']}@{row['partner']}.example")
        services.decline_lead(lead=lead, reason=row["declined"], by=rep, at=at + timedelta(hours=5))


def _add_account(row: dict[str, Any], cast: Cast, at: datetime) -> None:
    services.save_account(
        account=None,
        name=row["name"],
        domain="",
        country=row["country"],
        relation=row["relation"],
        since_on=at.date(),
        lost_on=None,
        seller=None,
        by=cast.staff["portal_manager"],
        at=at,
    )


def _register(row: dict[str, Any], cast: Cast, timeline: Timeline, at: datetime) -> None:
    rep = User.objects.get(email=f"{row['rep']}@{row['partner']}.example")
    deal = services.register_deal(
        partner=Partner.objects.get(slug=row["partner"]),
        by=rep,
        draft=services.Draft(
            customer_name=row["customer"],
            customer_domain=row.get("domain", ""),
            customer_country=row["country"],
            product=row["product"],
            value=str(row["value"]),
            currency=row["currency"],
            close_month=(at + timedelta(days=75)).date().replace(day=1),
            need=row["need"],
            next_step=row["next"],
        ),
        request_key=uuid5(NAMESPACE_URL, f"laurel:deal:{row['partner']}:{row['customer']}"),
        at=at,
    )
    for after, name, *words in row.get("then", []):
        timeline.add(at + timedelta(hours=after), told_when_refused(partial(_move, deal, rep, cast, name, words)))


def _move(deal: Deal, rep: User, cast: Cast, name: str, words: list[str], at: datetime) -> None:
    deal.refresh_from_db()
    is_partner = name in {"answer", "win", "lose", "extend", "withdraw", "dispute", "comment"}
    by = rep if is_partner else deal.partner.channel_manager or cast.staff["channel_manager"]
    text = words[0] if words else ""
    if name == "comment":
        services.add_comment(deal=deal, text=text, by=by, at=at)
    elif name in {"lose", "reject"}:
        services.move_deal(deal=deal, move=name, by=by, at=at, reason=text, text=" ".join(words[1:]))
    else:
        services.move_deal(deal=deal, move=name, by=by, at=at, text=text)
