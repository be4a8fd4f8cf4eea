"""The learning records, for administrators: find them, see what each made, take one back."""

import json
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.portal.forms import RecordsForm, VoidForm
from lms.portal.reasons import reasons
from lms.portal.records import NEWS_COUNTED, news_count, place_of, record_page, record_rows
from lms.xapi.agents import verb_key
from lms.xapi.models import Statement
from lms.xapi.services import void_statement
from lms.xapi.vocabulary import VOIDED


def _allowed(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _filters(query: QueryDict) -> str:
    """The query of the filter alone, for links."""
    return urlencode([(name, value) for name, value in query.items() if value and name not in {"after", "newest"}])


@require_safe
@login_required
def listing(request: HttpRequest) -> HttpResponse:
    """All records by filter, newest first; htmx asks for the list alone."""
    _allowed(request, "portal.view_records")
    form = RecordsForm(request.GET)
    after = place_of(request.GET.get("after", ""))
    page = record_page(form.statements(), after)
    filters = _filters(request.GET)
    context = {
        "form": form,
        "page": page,
        "filters": filters,
        "is_first": after is None,
        "is_filtered": bool(filters),
        "older_url": f"?{_joined(filters, after=page.older)}" if page.older else "",
        "newest_url": f"?{filters}",
        "news_url": f"{reverse('portal:records_new')}?{_joined(filters, newest=page.newest)}",
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    return render(request, "portal/_records.html" if is_fragment else "portal/records.html", context)


def _joined(filters: str, **more: str) -> str:
    return "&".join(part for part in (filters, urlencode(more)) if part)


@require_safe
@login_required
def news(request: HttpRequest) -> HttpResponse:
    """How many records came since the page was shown, for htmx: a link that shows them, and asks again later."""
    _allowed(request, "portal.view_records")
    count = news_count(RecordsForm(request.GET).statements(), place_of(request.GET.get("newest", "")))
    filters = _filters(request.GET)
    context = {
        "count": count,
        "count_words": f"{NEWS_COUNTED}+" if count > NEWS_COUNTED else str(count),
        "list_url": f"{reverse('portal:records')}?{filters}",
        "news_url": f"{reverse('portal:records_new')}?{_joined(filters, newest=request.GET.get('newest', ''))}",
    }
    return render(request, "portal/_records_new.html", context)


@require_safe
@login_required
def detail(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """One record: in a sentence, why it counted or not, as JSON, and the way to take it back."""
    _allowed(request, "portal.view_records")
    return _detail(request, _statement(statement_id), VoidForm())


def _statement(statement_id: UUID) -> Statement:
    return get_object_or_404(Statement.objects.select_related("authority"), statement_id=statement_id)


def _detail(request: HttpRequest, statement: Statement, form: VoidForm, status: int = 200) -> HttpResponse:
    (row,) = record_rows([statement])
    is_voiding = statement.verb_key == verb_key(VOIDED)
    context = {
        "row": row,
        "statement": statement,
        "reasons": reasons(statement, row.body),
        "json": json.dumps(row.body, ensure_ascii=False, indent=2),
        "target": statement.object_key if is_voiding else None,
        "form": form,
        "may_void": not is_voiding and statement.voided_by is None and request.user.has_perm("portal.void_record"),
        "crumbs": [{"label": "Learning records", "url": reverse("portal:records")}],
    }
    return render(request, "portal/record.html", context, status=status)


@require_POST
@login_required
def void(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """Takes a record back in the platform's name, with a reason. Rates and tiers follow."""
    _allowed(request, "portal.void_record")
    statement, form = _statement(statement_id), VoidForm(request.POST)
    if not form.is_valid():
        return _detail(request, statement, form, status=400)
    try:
        void_statement(
            statement_id=statement_id, reason=form.cleaned_data["reason"], by=person_of(request), at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, error.message)
        return _detail(request, statement, form, status=error.status)
    messages.success(request, "The record is voided. Rates and tiers are made anew without it.")
    return redirect("portal:record", statement_id)
