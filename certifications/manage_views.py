"""Pages of the admin for many credentials and for what happens to one: each asks for a named permission, calls one
service, and says what came of it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certifications import services
from certifications.forms import BulkIssueForm, BulkRevokeForm, CorrectionForm, DesignForm, RevocationForm
from certifications.models import CertificateDesign, Certification, Credential
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.partners.models import today

View = Callable[..., HttpResponseBase]
MAX_ROWS_IN_PAGE = 500  # more takes longer than a page should: `manage.py credentials issue --csv`
ROWS_IN_STEP = 25  # issued by one request; the page then says how far it is, and goes on
BOARD_DAYS = 90


def needs(permission: str) -> Callable[[View], View]:
    """403 without the permission."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def _changed(request: HttpRequest, public_id: str, form: Any, deed: Callable[..., object], done: str) -> HttpResponse:
    """Reads the form, does the deed, says so on the credential's page."""
    credential = get_object_or_404(Credential.objects.select_related("certification", "person"), public_id=public_id)
    if not form.is_valid():
        messages.error(request, "Say why: the reason stays on record. Nothing was changed.")
        return redirect("credentials:revoke", public_id)
    try:
        made = deed(credential=credential, by=person_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("credentials:revoke", public_id)
    messages.success(request, done)
    return redirect("credentials:revoke", made.public_id if isinstance(made, Credential) else public_id)


@require_POST
@needs("certifications.revoke_credential")
def suspend(request: HttpRequest, public_id: str) -> HttpResponse:
    """Lets a credential rest, with a reason."""
    form = RevocationForm(request.POST)
    return _changed(request, public_id, form, services.suspend_credential, "The certificate is suspended.")


@require_POST
@needs("certifications.revoke_credential")
def reinstate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ends the suspension, with a reason."""
    form = RevocationForm(request.POST)
    return _changed(request, public_id, form, services.reinstate_credential, "The certificate holds again.")


@require_POST
@needs("certifications.revoke_credential")
def correct(request: HttpRequest, public_id: str) -> HttpResponse:
    """Issues it anew with the right name; the page then shows the new one."""
    form, done = CorrectionForm(request.POST), "A corrected certificate is issued. The old one is revoked."
    return _changed(request, public_id, form, services.reissue_credential, done)


@require_safe
@needs("certifications.view_board")
def board(request: HttpRequest) -> HttpResponse:
    """What ends when, of everybody, soonest first: by the weeks that are left."""
    ending = services.expiring(on=today(), within_days=BOARD_DAYS)[:MAX_ROWS_IN_PAGE]
    groups: dict[int, list[Credential]] = {days: [] for days in (7, 30, 60, 90)}
    for credential in ending:
        left = (credential.expires_on - today()).days if credential.expires_on else 0
        groups[next(days for days in groups if left <= days)].append(credential)
    context = {"groups": groups.items(), "count": sum(map(len, groups.values())), "page_title": "What ends when"}
    return render(request, "certifications/admin/board.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("certifications.issue_by_decision")
def bulk(request: HttpRequest) -> HttpResponse:
    """Many at once: first what would come of it, then, when it is asked for, done: some by each request, so that a
    bar shows how far it is. Each step reads the file again and issues what is still due: a step that is sent twice, or
    never, issues nothing twice."""
    form = BulkIssueForm(request.POST, request.FILES) if request.method == "POST" else BulkIssueForm()
    context: dict[str, Any] = {"form": form, "revoke_form": BulkRevokeForm(), "page_title": "Many certificates"}
    context["certifications"] = Certification.objects.order_by("position", "pk")
    if request.method == "POST" and form.is_valid():
        try:
            _plan(request, form, context)
        except DomainError as error:
            form.add_error(None, error.message)
    return render(request, "certifications/admin/bulk.html", context)


def _plan(request: HttpRequest, form: BulkIssueForm, context: dict[str, Any]) -> None:
    content, at = form.cleaned_data["text"].encode(), timezone.now()
    rows = services.plan_issue(content=content, at=at)
    if len(rows) > MAX_ROWS_IN_PAGE:
        form.add_error(
            None, f"{len(rows)} rows: for more than {MAX_ROWS_IN_PAGE} use `manage.py credentials issue --csv`."
        )
        return
    due, total = [row for row in rows if row.is_due], form.cleaned_data["total"] or 0
    if "issue" in request.POST:
        total = max(total, len(due))
        issued = services.issue_planned(rows=due[:ROWS_IN_STEP], by=person_of(request), at=at)
        rows = services.plan_issue(content=content, at=at)
        due = [row for row in rows if row.is_due]
        if not due or not issued:
            messages.success(request, f"{total - len(due)} certificates are issued.")
            total = 0
    context |= {"rows": rows, "due": len(due), "text": form.cleaned_data["text"]}
    context |= {"total": total, "done": total - len(due)}


@require_POST
@needs("certifications.revoke_credential")
def bulk_revoke(request: HttpRequest) -> HttpResponse:
    """Revokes each number; says how many, and which nobody knows."""
    form = BulkRevokeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Numbers and a reason are needed. Nothing was changed.")
        return redirect("credentials:bulk")
    numbers = form.cleaned_data["numbers"].split()
    try:
        revoked, unknown = services.revoke_many(
            public_ids=numbers, by=person_of(request), reason=form.cleaned_data["reason"], at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("credentials:bulk")
    messages.success(request, f"{revoked} certificates are revoked.")
    if unknown:
        messages.warning(request, f"Nobody knows {', '.join(unknown[:20])}.")
    return redirect("credentials:bulk")


@require_safe
@needs("certifications.issue_by_decision")
def bulk_download(request: HttpRequest) -> HttpResponseBase:
    """The PDFs of all valid credentials of a certification as one archive, sent while it is made."""
    certification = get_object_or_404(Certification, slug=request.GET.get("certification", ""))
    wanted = Credential.objects.valid(today()).filter(certification=certification).order_by("pk")
    pieces = services.zip_of_pdfs(credentials=wanted.iterator(chunk_size=200), at=timezone.now())
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{certification.slug}.zip"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@xframe_options_sameorigin
@needs("certifications.manage_certifications")
def preview(request: HttpRequest) -> HttpResponse:
    """A specimen in the design as the form says it now, shown in the frame beside the form. Nothing is stored."""
    form = DesignForm(request.POST, instance=CertificateDesign(), for_user=request.user)
    form.is_valid()
    design: CertificateDesign = form.instance
    kept = CertificateDesign.objects.filter(name=request.POST.get("name", "")).first()
    design.logo = kept.logo if kept else ""
    try:
        content = services.preview(design=design, at=timezone.now())
    except DomainError as error:
        return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="specimen.pdf"'
    return response
