"""Pages that cross apps: home, needs, my learning, partners and their people."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from certifications.models import Certification, Credential
from certifications.progress import record_of, way
from courses.models import Enrolment, Need
from courses.progress import for_enrolments
from lms.accounts.middleware import VISITED_BEFORE
from lms.accounts.requests import person_of
from lms.partners.middleware import membership_of
from lms.partners.models import Invitation, Membership, Partner, today
from lms.portal import home as front
from lms.portal.charts import completion_chart
from lms.portal.deals import deal_card
from lms.portal.people import PersonRow, rows, search
from lms.portal.relations import contact_link, red_rows, relations
from lms.portal.table import DEFAULT_SORT, heads, partner_rows, sort_rows
from lms.reporting.services import monthly_rates
from lms.tiers.services import NoProgrammeInForce, TierStatus, status

PEOPLE_PER_PAGE = 20
PEOPLE_ON_PARTNER_PAGE = 8
PARTNERS_PER_PAGE = 50
ANSWERS_ON_HOME = 3


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """One glance says where the person stands, one click goes on."""
    user, membership, now = person_of(request), membership_of(request), timezone.now()
    record = record_of(user)
    ways = front.certification_ways(user, today(), record)
    tier = front.tier_status(membership, now)
    before = request.session.get(VISITED_BEFORE)
    since = datetime.fromtimestamp(before, UTC) if before else user.joined_at
    found = front.answers(request, ways, record, today())
    page = {
        "greeting": front.greeting(user, now),
        "sentence": front.tier_sentence(membership, tier) if membership else front.visitor_sentence(user, now),
        "looks_after_partners": membership is None and user.has_perm("partners.view_all_partners"),
        "tier": tier,
        "waiting_rules": front.waiting_rules(membership, user),
        "reads_drafts": membership is None and user.has_perm("tiers.view_drafts"),
        "continuing": front.continue_card(record, ways),
        "next_way": next(iter(front.open_ways(ways, today())), None),
        "needs": [{"need": need, "links": found[need][:ANSWERS_ON_HOME]} for need in Need],
        "endings": front.endings(record, ways, today()),
        "changes": front.changes(record, membership, since),
        "since": since,
    }
    return render(request, "portal/home.html", page)


@require_safe
@login_required
def need(request: HttpRequest, need: str) -> HttpResponse:
    """Everything there is for one need."""
    if need not in Need.values:
        raise Http404
    user = person_of(request)
    record = record_of(user)
    ways = front.certification_ways(user, today(), record)
    links = front.answers(request, ways, record, today())[need]
    page = {"need": Need(need), "links": links, "contact": contact_link(request, Need(need))}
    return render(request, "portal/need.html", page)


@require_safe
@login_required
def my_learning(request: HttpRequest) -> HttpResponse:
    """The courses a person has begun and completed."""
    user = person_of(request)
    mine = Enrolment.objects.visible_to(user).current().filter(person=user).select_related("course", "version")
    enrolments = list(mine.order_by(F("completed_at").desc(nulls_first=True), "-enrolled_at"))
    progress = for_enrolments(enrolments)
    page = {
        "open": [
            {"enrolment": enrolment, "progress": progress[enrolment.pk]}
            for enrolment in enrolments
            if enrolment.completed_at is None
        ],
        "completed": [enrolment for enrolment in enrolments if enrolment.completed_at is not None],
    }
    return render(request, "portal/my_learning.html", page)


def _partner(request: HttpRequest, partner_id: UUID) -> Partner:
    partners = Partner.objects.visible_to(person_of(request)).select_related("current_tier", "partner_type")
    return get_object_or_404(partners, public_id=partner_id)


def _people(request: HttpRequest, partner: Partner) -> QuerySet[Membership]:
    """The partner's people of today as far as the person sees them, by name."""
    people = Membership.objects.visible_to(person_of(request)).active(today()).filter(partner=partner)
    return people.select_related("person", "persona").order_by("person__name", "pk")


def _status(partner: Partner, at: datetime) -> TierStatus | None:
    try:
        return status(partner=partner, at=at)
    except NoProgrammeInForce:
        return None


@require_safe
@login_required
def partner(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Where a partner stands: tier and requirements for its people; figures and people for who looks after them."""
    partner, now = _partner(request, partner_id), timezone.now()
    page: dict[str, object] = {"partner": partner, "tier": _status(partner, now)}
    page["may_plan"] = request.user.has_perm("tiers.plan_way", partner)
    page["may_view_acts"] = page["tier"] is not None and request.user.has_perm("tiers.view_acts", partner)
    membership = membership_of(request)
    page["deals"] = deal_card(partner, person_of(request), None if membership is None else membership.partner, at=now)
    page["relations"] = relations(partner, person_of(request), now)
    page["can_suspend"] = request.user.has_perm("partners.suspend_partner", partner)
    if request.user.has_perm("reporting.view_figures", partner):
        rates = monthly_rates(partner=partner, until=now)
        page |= {"rate": rates[-1], "chart": completion_chart(rates)}
    if request.user.has_perm("partners.view_people", partner):
        people = _people(request, partner)
        page |= {"people": rows(people[:PEOPLE_ON_PARTNER_PAGE], today()), "people_count": people.count()}
    return render(request, "portal/partner.html", page)


@require_safe
@login_required
def partner_people(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Everybody at a partner, with a search; htmx asks for the table alone."""
    partner = _partner(request, partner_id)
    if not request.user.has_perm("partners.view_people", partner):
        raise PermissionDenied
    text = request.GET.get("q", "")[:100]
    found: Page[Membership] = Paginator(search(_people(request, partner), text), PEOPLE_PER_PAGE).get_page(
        request.GET.get("page")
    )
    table: list[PersonRow] = rows(found, today())
    page: dict[str, object] = {"partner": partner, "people": table, "page": found, "q": text}
    if request.headers.get("HX-Request") == "true":
        return render(request, "portal/_people.html", page)
    invitations = Invitation.objects.visible_to(person_of(request)).open(timezone.now()).filter(partner=partner)
    page["invitations"] = invitations.select_related("persona").order_by("-invited_at")[:50]
    return render(request, "portal/partner_people.html", page)


@require_safe
@login_required
def person(request: HttpRequest, partner_id: UUID, membership_id: UUID) -> HttpResponse:
    """One member: courses, way to certifications, certificates."""
    partner = _partner(request, partner_id)
    membership = get_object_or_404(_people(request, partner), public_id=membership_id)
    someone = membership.person
    enrolments = list(
        Enrolment.objects.visible_to(person_of(request))
        .current()
        .filter(membership=membership)
        .select_related("course", "version")
        .order_by(F("completed_at").desc(nulls_first=True), "-enrolled_at")
    )
    progress = for_enrolments(enrolments)
    offered = Certification.objects.visible_to(someone).offered().order_by("position", "pk")
    credentials = (
        Credential.objects.visible_to(person_of(request)).filter(person=someone).select_related("certification")
    )
    page = {
        "partner": partner,
        "membership": membership,
        "enrolments": [{"enrolment": enrolment, "progress": progress[enrolment.pk]} for enrolment in enrolments],
        "ways": front.open_ways(way(someone, offered, today()), today()),
        "credentials": [
            {"credential": credential, "status": credential.status(today())}
            for credential in credentials.order_by("-issued_at")
        ],
        "can_manage": request.user.has_perm("partners.manage_people", partner),
    }
    return render(request, "portal/person.html", page)


@require_safe
@login_required
def partners(request: HttpRequest) -> HttpResponse:
    """All partners for who looks after them: red flags and those at risk first, then the table."""
    user = person_of(request)
    if not user.has_perm("partners.view_all_partners"):
        raise PermissionDenied
    members = Membership.objects.active(today()).filter(partner=OuterRef("pk")).order_by()
    counted = members.values("partner").annotate(count=Count("pk")).values("count")
    visible = Partner.objects.visible_to(user).select_related("current_tier", "partner_type")
    now = timezone.now()
    found = partner_rows(visible.annotate(people_count=Coalesce(Subquery(counted), 0)), now)
    ordered, sort = sort_rows(found, request.GET.get("sort", DEFAULT_SORT))
    page = {
        "red": red_rows((row.partner for row in found), now),
        "risks": [row for row in sort_rows(found, "risk")[0] if row.is_at_risk],
        "page": Paginator(ordered, PARTNERS_PER_PAGE).get_page(request.GET.get("page")),
        "sort": sort,
        "heads": heads(sort),
        "count": len(found),
        "may_view_records": user.has_perm("portal.view_records"),
    }
    return render(request, "portal/partners.html", page)
