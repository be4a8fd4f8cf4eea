"""The pipeline and its forecast, for both sides, as a page and as files; and the vendor's weights."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.accounts.requests import person_of
from lms.common import exports
from lms.common.errors import DomainError
from lms.deals import exporting, services
from lms.deals.forms import WeightsForm
from lms.deals.models import Deal, StageWeights
from lms.deals.requests import deals_of
from lms.deals.stages import OPEN_STAGES
from lms.partners.middleware import membership_of

SHOWN_VERSIONS = 10


@require_safe
@login_required
def pipeline(request: HttpRequest) -> HttpResponse:
    """The board: stages with sums per currency, and what open deals should bring by month, weighted by stage."""
    deals, partner = deals_of(request)
    now, weights = timezone.now(), services.weights_in_force()
    newest = deals.select_related("partner", "rules").order_by("-state_since", "-pk")
    context = {
        "partner": partner,
        "columns": [
            {
                "stage": stage,
                "deals": newest.filter(state__in=stage.states)[:8],
                "weight": weights.by_stage.get(stage.key),
            }
            for stage in services.board(deals)
        ],
        "forecast": services.forecast(deals, weights=weights, at=now),
        "is_all": partner is None,
        "query": f"?partner={partner.slug}" if partner is not None and membership_of(request) is None else "",
        "may_see_weights": request.user.has_perm("deals.view_queue"),
        **_weighed(deals, weights, now),
    }
    return render(request, "deals/pipeline.html", context)


def _weighed(deals: QuerySet[Deal], weights: services.Weights, now: Any) -> dict[str, Any]:
    """The weight of each stage, and beside it what these deals measured."""
    since, until = services.measured_quarters(now)
    shares = services.measured_shares(deals, at=now)
    return {
        "weights": weights,
        "stages": [
            {"label": kind.label, "weight": weights.by_stage[kind.key], "measured": shares[kind.key]}
            for kind in OPEN_STAGES
        ],
        "measured_since": since.date(),
        "measured_until": until.date(),
        "fewest": services.FEWEST_ENDED,
    }


def _file(name: str, sheet: str, form: str, rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """CSV is streamed row by row, XLSX written row by row into a spooled file."""
    if form == "csv":
        response = StreamingHttpResponse(exports.csv_lines(rows), content_type=exports.CSV)
    else:
        response = StreamingHttpResponse(
            exports.in_pieces(exports.xlsx_file([(sheet, rows)])), content_type=exports.XLSX
        )
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y-%m-%d}.{form}"'
    return response


@require_safe
@login_required
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The deals of the pipeline as a file."""
    deals, _ = deals_of(request)
    return _file("deals", "Deals", form, exporting.rows(deals))


@require_safe
@login_required
def forecast_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The lines that the forecast of the page adds up, as a file."""
    deals, _ = deals_of(request)
    found = services.forecast(deals, weights=services.weights_in_force(), at=timezone.now())
    return _file("forecast", "Forecast", form, exporting.forecast_rows(found))


@login_required
def weights(request: HttpRequest) -> HttpResponse:
    """The weights of the forecast, what was measured over all deals, and who set what before; with the form for who may
    set them.
    """
    user = person_of(request)
    if not user.has_perm("deals.view_queue"):
        raise PermissionDenied
    may_set, status = user.has_perm("deals.set_weights"), 200
    form, current = None, services.weights_in_force()
    seen = request.POST.get("seen", services.mark_of_weights(current.said))
    if may_set:
        form = WeightsForm(request.POST if request.method == "POST" else None, initial=dict(current.by_stage))
    if request.method == "POST":
        if form is None:
            raise PermissionDenied
        status, seen = _set(request, form, seen)
        if not form.errors:
            return redirect("deals:weights")
        current = services.weights_in_force()
    context: dict[str, Any] = {
        "form": form,
        "seen": seen,
        "crumbs": [{"label": "Pipeline", "url": reverse("deals:pipeline")}],
        "versions": StageWeights.objects.select_related("set_by").order_by("-set_at", "-pk")[:SHOWN_VERSIONS],
        **_weighed(Deal.objects.visible_to(user), current, timezone.now()),
    }
    return render(request, "deals/weights.html", context, status=status)


def _set(request: HttpRequest, form: WeightsForm, seen: str) -> tuple[int, str]:
    """The status, and the mark of the weights that were seen by now; what is refused is written to the form."""
    if not form.is_valid():
        return 200, seen
    try:
        services.set_weights(by=person_of(request), at=timezone.now(), seen=seen, **form.words())
    except services.BadWeights as error:
        form.add_error(error.field, error.message)
        return error.status, seen
    except services.WeightsOvertaken as error:  # he reads what the other set, and may save over it
        form.add_error(None, error.message)
        return error.status, services.mark_of_weights(services.weights_in_force().said)
    except DomainError as error:
        form.add_error(None, error.message)
        return error.status, seen
    messages.success(request, "The forecast counts with these weights from now on.")
    return 302, seen
