"""What the home page says: where the person was, what the needs offer, what ends, what changed. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from certifications.models import Certification, Credential
from certifications.progress import Progress, Record, way
from courses.models import CourseVersion, Enrolment, Need
from courses.progress import Progress as CourseProgress
from lms.accounts.models import User
from lms.common.needs import NeedLink, links_for
from lms.deals.lead_moves import LeadState
from lms.deals.models import Deal, Lead
from lms.partners.middleware import membership_of
from lms.partners.models import Membership, Partner
from lms.portal.words import count_words, listed, minutes_words
from lms.tiers.models import Decision, ProgrammeDraft
from lms.tiers.services import Row, TierStatus, drafts_waiting_for, statuses

EXPIRES_WITHIN_DAYS = 90
CHANGES_SHOWN = 3


def greeting(user: User, now: datetime) -> str:
    """ "Good morning, Inès", by the person's own clock."""
    hour = timezone.localtime(now).hour
    part = "morning" if 4 <= hour < 12 else "afternoon" if 12 <= hour < 18 else "evening"
    return f"Good {part}, {user.first_name or user.email}"


def tier_status(membership: Membership | None, at: datetime) -> TierStatus | None:
    """Where the person's partner stands, by the newest decision; None without partner or decision."""
    if membership is None:
        return None
    return statuses(partners=[membership.partner], at=at).get(membership.partner_id)


def tier_sentence(membership: Membership, status: TierStatus | None) -> str:
    """What the partner needs for the next tier, in one sentence."""
    name = membership.partner.name
    if status is None:
        return f"{name} has no tier yet: it comes with the first evaluation."
    if status.next_tier is None:
        return f"{name} holds {status.tier}, the highest tier."
    lacking = [row.missing or _lack(row) for row in status.missing]
    if not lacking:
        return f"{name} meets everything for {status.next_tier}."
    if len(lacking) > 2:
        return f"{status.met} of {status.total} requirements for {status.next_tier} are met at {name}."
    return f"{name} needs {listed(lacking)} for {status.next_tier}."


def _lack(row: Row) -> str:
    """ "a signed story (0 of 1)" of what is counted, "training completion at 60% (now 50%)" of a measure, the words
    alone of what is there or not."""
    what = row.label.lower()
    if row.finding.unit == "yes":
        return what
    if row.need_text.isdigit() and row.have_text.isdigit():
        return f"{what} ({row.have_text} of {row.need_text})"
    return f"{what} at {row.need_text} (now {row.have_text})"


def visitor_sentence(user: User, at: datetime) -> str:
    """For who belongs to no partner: the vendor's people, and those who have left."""
    if user.has_perm("partners.view_all_partners"):
        standings = statuses(partners=Partner.objects.visible_to(user), at=at).values()
        at_risk = sum(standing.risk is not None for standing in standings)
        partners = count_words(Partner.objects.visible_to(user).count(), "partner")
        return f"{partners}, {at_risk or 'none'} of them about to lose a tier."
    if user.has_perm("portal.edit_content"):
        return "Here is what your partners see. You write and review it under Content."
    return "You belong to no partner at the moment. What you learned and earned stays yours."


def certification_ways(user: User, on: date, record: Record) -> list[Progress]:
    """The certifications that are for this person, those begun first."""
    certifications = Certification.objects.visible_to(user).offered().order_by("position", "pk")
    ways = way(user, certifications, on, record)
    return sorted(ways, key=lambda one: (_is_settled(one, on), -one.done))


def _is_settled(one: Progress, on: date) -> bool:
    """Held, and not yet to be renewed."""
    credential = one.credential
    return credential is not None and not one.is_renewal and credential.status(on) == Credential.Status.VALID


def open_ways(ways: list[Progress], on: date) -> list[Progress]:
    """Those that are still to be earned or renewed."""
    return [one for one in ways if not _is_settled(one, on)]


@dataclass(frozen=True, kw_only=True)
class Continue:
    """The one big card: the course last worked on, and its next lesson."""

    enrolment: Enrolment
    progress: CourseProgress
    then: str

    @property
    def left(self) -> str:
        """ "4 of 7 lessons done · 14 min left · then the exam opens"."""
        done = f"{self.progress.done} of {count_words(self.progress.total, 'lesson')} done"
        return " · ".join(
            part for part in (done, f"{minutes_words(self.progress.minutes_left)} left", self.then) if part
        )


def continue_card(record: Record, ways: list[Progress]) -> Continue | None:
    """Where the person was: the open enrolment whose lesson he opened last, else the newest."""
    running = {one: progress for one, progress in record.learning.items() if one.completed_at is None}
    touched = {one: progress.touched_at for one, progress in running.items() if progress.touched_at}
    enrolment = max(touched, key=lambda one: touched[one]) if touched else next(iter(running), None)
    if enrolment is None or running[enrolment].next_lesson is None:
        return None
    course = enrolment.course
    is_for_exam = any(
        step.kind == "exam" and not step.is_done
        for one in ways
        if any(course.slug in (arg.strip("/") for arg in step.url_args) for step in one.steps)
        for step in one.steps
    )
    return Continue(enrolment=enrolment, progress=running[enrolment], then="then the exam opens" if is_for_exam else "")


def answers(request: HttpRequest, ways: list[Progress], record: Record, on: date) -> dict[str, list[NeedLink]]:
    """Links for each need. Certifications and one's certificates stand first under "Get certified"."""
    found = links_for(request)
    certified = [
        NeedLink(
            title=one.certification.title,
            url=reverse("certifications:certification", args=[one.certification.slug]),
            meta=minutes_words(one.minutes_left),
            note="Renew it" if one.is_renewal else f"{one.done} of {count_words(one.total, 'step')} done",
        )
        for one in open_ways(ways, on)
    ]
    held = sum(
        credential.status(on) == Credential.Status.VALID
        for several in record.credentials.values()
        for credential in several
    )
    wallet = NeedLink(title="My certificates", url=reverse("certifications:wallet"), meta=str(held) if held else "")
    return {
        Need.GET_CERTIFIED: [*certified[:2], wallet, *certified[2:], *found.get(Need.GET_CERTIFIED, [])],
        Need.CLOSE_A_DEAL: [*deal_links(request), *found.get(Need.CLOSE_A_DEAL, [])],
        Need.IMPLEMENT_THE_PRODUCT: found.get(Need.IMPLEMENT_THE_PRODUCT, []),
    }


def waiting_rules(membership: Membership | None, user: User) -> list[ProgrammeDraft]:
    """Drafts of programme rules that wait for the word of a person of the vendor, or to which he objects. One query
    for most of them."""
    return [] if membership is not None else drafts_waiting_for(user)


def deal_links(request: HttpRequest) -> list[NeedLink]:
    """Before all else a lead that waits, then registering a deal, and what is open; for channel roles what waits for
    them. Two queries at most."""
    membership, user = membership_of(request), request.user
    if membership is not None:
        partner, now = membership.partner, timezone.now()
        count = Deal.objects.visible_to(user).open().filter(partner=partner).count()
        leads = Lead.objects.offered().filter(partner=partner, expires_at__gt=now).count()
        note = "Protects you from others who find the same customer."
        offered = f"{reverse('deals:leads')}?show={LeadState.OFFERED}"
        waiting = [NeedLink(title="Leads for us", url=offered, meta=f"{leads} to answer")] if leads else []
        return [
            *waiting,
            NeedLink(title="Register a deal", url=reverse("deals:register"), meta="90 s", note=note),
            NeedLink(title="Our deals", url=reverse("deals:mine"), meta=f"{count} open" if count else ""),
        ]
    if user.has_perm("deals.view_queue"):
        count = Deal.objects.visible_to(user).waiting().count()
        meta = f"{count} waiting" if count else "none waiting"
        return [NeedLink(title="Deals waiting for an answer", url=reverse("deals:queue"), meta=meta)]
    return []


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A certificate that ends soon, and what renewing it takes."""

    credential: Credential
    renewal: str


def endings(record: Record, ways: list[Progress], on: date) -> list[Ending]:
    """The person's certificates that end within 90 days, soonest first."""
    by_certification = {one.certification.pk: one for one in ways}
    found = []
    for credential in _ending(record, on):
        one = by_certification.get(credential.certification_id)
        renewal = f"Renewing takes {minutes_words(one.minutes_left)}." if one and one.minutes_left else ""
        found.append(Ending(credential=credential, renewal=renewal))
    return found


def _ending(record: Record, on: date) -> list[Credential]:
    end = on + timedelta(days=EXPIRES_WITHIN_DAYS)
    held = [one for one in record.newest if one.status(on) == Credential.Status.VALID]
    dated = [(one.expires_on, one.pk, one) for one in held if one.expires_on is not None and one.expires_on <= end]
    return [one for _, _, one in sorted(dated, key=lambda entry: entry[:2])]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that happened since the last visit."""

    at: datetime
    title: str
    text: str
    url: str


def changes(record: Record, membership: Membership | None, since: datetime) -> list[Change]:
    """What is new for the person since his last visit, newest first. Two queries."""
    found = [*_revised(record, since), *_credentials(record, since), *_tier_moves(membership, since)]
    return list(islice(sorted(found, key=lambda change: change.at, reverse=True), CHANGES_SHOWN))


def _revised(record: Record, since: datetime) -> list[Change]:
    courses = {enrolment.course_id for enrolment in record.learning}
    if not courses:
        return []
    revised = CourseVersion.objects.filter(published_at__gt=since, number__gt=1, course__in=courses).select_related(
        "course"
    )
    return [
        Change(
            at=version.published_at,
            title=f"“{version.title}” was revised",
            text="You need not take it again; you keep the edition you began with.",
            url=reverse("wagtail_serve", args=[f"{version.course.slug}/"]),
        )
        for version in revised.order_by("-published_at")[:CHANGES_SHOWN]
    ]


def _credentials(record: Record, since: datetime) -> list[Change]:
    return [
        Change(
            at=credential.issued_at,
            title=f"You are now {credential.certification.title}",
            text="Your certificate and badge are ready to download and share.",
            url=reverse("certifications:credential", args=[credential.public_id]),
        )
        for several in record.credentials.values()
        for credential in several
        if credential.issued_at > since
    ]


def _tier_moves(membership: Membership | None, since: datetime) -> list[Change]:
    if membership is None:
        return []
    moves = (
        Decision.objects.filter(partner_id=membership.partner_id, decided_at__gt=since, previous_tier__isnull=False)
        .exclude(tier=F("previous_tier"))
        .select_related("tier")
        .defer("inputs", "result")
    )
    name, partner_id = membership.partner.name, membership.partner.public_id
    return [
        Change(
            at=move.decided_at,
            title=f"{name} is now {move.tier.name}",
            text="See which requirements decided it.",
            url=reverse("tiers:decision", args=[partner_id, move.number]),
        )
        for move in moves.order_by("-number")[:CHANGES_SHOWN]
    ]
