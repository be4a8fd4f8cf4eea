"""What is stored about me: a person's own learning records in plain sentences, and all of it as a file."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.accounts.requests import person_of
from lms.portal.forms import OwnRecordsForm
from lms.portal.records import export_own, own_documents, own_page, place_of


@require_safe
@login_required
def listing(request: HttpRequest) -> HttpResponse:
    """What the store holds about the person, newest first."""
    person, form = person_of(request), OwnRecordsForm(request.GET)
    after = place_of(request.GET.get("after", ""))
    page = own_page(person, form.chosen(), after)
    filters = urlencode([(name, value) for name, value in request.GET.items() if value and name != "after"])
    older = "&".join(part for part in (filters, urlencode({"after": page.older})) if part)
    context = {
        "form": form,
        "page": page,
        "documents": own_documents(person) if after is None and not filters else [],
        "is_filtered": bool(filters),
        "is_first": after is None,
        "older_url": f"?{older}" if page.older else "",
        "newest_url": f"?{filters}",
        "crumbs": [{"label": "Your profile", "url": reverse("accounts:profile")}],
    }
    return render(request, "portal/my_records.html", context)


@require_safe
@login_required
def download(request: HttpRequest) -> StreamingHttpResponse:
    """All of it as JSON, streamed: own records whole, of others' only that they name the person."""
    response = StreamingHttpResponse(export_own(person_of(request)), content_type="application/json")
    name = f"my-learning-records-{timezone.localdate():%Y-%m-%d}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
