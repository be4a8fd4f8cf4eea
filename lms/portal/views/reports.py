"""Reports as pages and files, and getting them by letter."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.accounts.requests import person_of
from lms.partners.models import Partner
from lms.portal import charts, reports
from lms.portal.forms import ReportLetterForm
from lms.portal.reports.links import letter_of
from lms.reporting import services
from lms.reporting.models import PartnerPeriod, ReportLetter
from lms.reporting.rules import PERMISSIONS

ROWS_ON_PAGE = 25
CHART_WEEKS = 12


def _subject(request: HttpRequest, kind: str, partner_id: UUID | None) -> Partner | None:
    """The partner of a partner report. Raises Http404 for one that the person doesn't see, then PermissionDenied."""
    partner = None
    if partner_id is not None:
        visible = Partner.objects.visible_to(person_of(request)).select_related("current_tier", "region")
        partner = get_object_or_404(visible, public_id=partner_id)
    if not request.user.has_perm(PERMISSIONS[kind], partner):
        raise PermissionDenied
    return partner


@require_safe
@login_required
def report(request: HttpRequest, kind: str, partner_id: UUID | None = None) -> HttpResponse:
    """What to do first, the figures, and the tables behind them."""
    partner, now = _subject(request, kind, partner_id), timezone.now()
    found = reports.build(kind=kind, partner=partner, at=now)
    may_open = request.user.has_perm("partners.view_all_partners")
    letter = ReportLetter.objects.visible_to(request.user).wanted().filter(report=kind, partner=partner).first()
    page: dict[str, Any] = {
        "report": found,
        "partner": partner,
        "first": reports.first_things(found, at=now, may_open_partners=may_open),
        "tables": [table for table in found.tables if not table.is_long],
        "rows_on_page": ROWS_ON_PAGE,
        "charts": _charts(partner, now),
        "file_url": _address("report_file", kind, partner, "pdf").removesuffix("pdf"),
        "letter_form": ReportLetterForm(
            initial={"report": kind, "partner": partner_id, "rhythm": letter.rhythm if letter else ""}
        ),
    }
    return render(request, "portal/report.html", page)


def _charts(partner: Partner | None, now: Any) -> list[dict[str, Any]]:
    rates = services.monthly_rates(partner=partner, until=now)
    weeks = services.usage_by_period(partner=partner, unit=PartnerPeriod.Unit.WEEK, at=now, count=CHART_WEEKS)
    found = [
        ("Training completion", charts.completion_chart(rates)),
        ("Active people", charts.people_chart(weeks)),
    ]
    return [{"title": title, "chart": chart} for title, chart in found if chart is not None]


def _address(name: str, kind: str, partner: Partner | None, *more: str) -> str:
    if partner is not None:
        return reverse(f"portal:partner_{name}", args=[partner.public_id, *more])
    return reverse(f"portal:{name}", args=[kind, *more])


@require_safe
@login_required
def report_file(request: HttpRequest, kind: str, form: str, partner_id: UUID | None = None) -> HttpResponseBase:
    """The report as CSV (figures, or the `table` asked for), XLSX or PDF."""
    partner = _subject(request, kind, partner_id)
    table = request.GET.get("table", "")
    found = reports.build(kind=kind, partner=partner, at=timezone.now())
    if table and table not in found.by_key:
        raise Http404("No such table")
    file = reports.as_file(found, form=form, table=table)
    response = StreamingHttpResponse(file.pieces, content_type=file.content_type)
    name = slugify(found.title) or "report"
    response["Content-Disposition"] = f'attachment; filename="{name}{file.suffix}"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@login_required
def want_letters(request: HttpRequest) -> HttpResponse:
    """Begins, changes or ends one's letters of a report."""
    form = ReportLetterForm(request.POST)
    if not form.is_valid():
        return HttpResponse("This choice could not be read. Nothing was changed.", status=400)
    kind, rhythm = form.cleaned_data["report"], form.cleaned_data["rhythm"]
    partner = _subject(request, kind, form.cleaned_data["partner"])
    user, now = person_of(request), timezone.now()
    if rhythm:
        services.want_letters(person=user, report=kind, partner=partner, rhythm=rhythm, at=now)
        messages.success(request, f"You get this report by e-mail: {ReportLetter.Rhythm(rhythm).label.lower()}.")
    else:
        for letter in ReportLetter.objects.visible_to(user).wanted().filter(report=kind, partner=partner):
            services.end_letters(letter=letter, at=now)
        messages.success(request, "You no longer get this report by e-mail.")
    return HttpResponseRedirect(_address("report", kind, partner))


@require_http_methods(["GET", "HEAD", "POST"])
def end_letters(request: HttpRequest, token: str) -> HttpResponse:
    """The link at the end of a letter, for whoever has it: it ends these letters and does nothing else.

    Opening it changes nothing, since mail scanners open links; the button does.
    """
    try:
        letter = letter_of(token)
    except BadSignature as error:
        raise Http404("This link is not one of ours.") from error
    if letter is None:
        raise Http404("There are no such letters.")
    if request.method == "POST":
        services.end_letters(letter=letter, at=timezone.now())
        return redirect(request.path)
    return render(request, "portal/report_letters_end.html", {"letter": letter})
