"""Pages on rules that are put up for approval, what functions say to them, and who speaks for a function."""

from dataclasses import dataclass
from difflib import unified_diff
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.tiers import services
from lms.tiers.forms import AppointmentForm, OpinionForm
from lms.tiers.models import Approver, ProgrammeDraft, ProgrammeVersion

PAGE_SIZE = 25
MAX_COMPARED = 5000  # lines; longer texts are shown without a comparison


def _require(request: HttpRequest, permission: str) -> User:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    return person_of(request)


def _draft(request: HttpRequest, draft_id: UUID) -> ProgrammeDraft:
    found = ProgrammeDraft.objects.visible_to(person_of(request))
    found = found.select_related(
        "programme", "proposed_by", "withdrawn_by", "version__programme", "version__published_by"
    )
    return get_object_or_404(found, public_id=draft_id)


@require_safe
@login_required
def drafts(request: HttpRequest) -> HttpResponse:
    """Drafts with what each function says: those that wait for the reader, the open ones, the others."""
    user = _require(request, "tiers.view_drafts")
    open_ = set(ProgrammeDraft.objects.open().values_list("pk", flat=True))
    waiting = {one.pk for one in services.drafts_waiting_for(user)}
    found = ProgrammeDraft.objects.visible_to(user).select_related("programme", "proposed_by", "version")
    page = Paginator(found.order_by("-proposed_at", "-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    states = services.states_of_each(page)
    context = {
        "rows": [
            {"draft": one, "states": states[one.pk], "is_open": one.pk in open_, "is_mine": one.pk in waiting}
            for one in page
        ],
        "page": page,
        "may_publish": user.has_perm("tiers.publish_programme"),
    }
    return render(request, "tiers/drafts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """One draft: what it changes, what each function says, and the form of who speaks for one."""
    found, user = _draft(request, draft_id), person_of(request)
    is_open = ProgrammeDraft.objects.open().filter(pk=found.pk).exists()
    functions = services.functions_of(found)
    states = services.states_of(found, functions=functions)
    spoken_for = [(one.function, one.name) for one in states if any(person.pk == user.pk for person in one.approvers)]
    if request.method == "POST" and not spoken_for:
        raise PermissionDenied
    form = OpinionForm(
        request.POST if request.method == "POST" else None, functions=spoken_for, initial={"digest": found.digest}
    )
    if request.method == "POST" and form.is_valid() and _said(found, user, form):
        messages.success(request, "It stands beside the draft, with your name and the day.")
        return redirect("tiers:draft", found.public_id)
    may_publish = user.has_perm("tiers.publish_programme")
    counting = services.states_of(found, functions=functions, publisher=user) if may_publish else states
    text = services.as_text(found.document)
    context = {
        "draft": found,
        "states": states,
        "is_open": is_open,
        "is_author": found.proposed_by_id == user.pk,
        "is_approved": all(one.answer is services.Answer.APPROVED for one in states),
        "is_complete": all(one.answer is services.Answer.APPROVED for one in counting),
        "form": form if spoken_for and (is_open or form.is_bound) else None,
        "opinions": found.opinions.select_related("said_by").order_by("-number"),
        "changes": _changes(found, text),
        "text": text,
        "may_publish": may_publish,
        "crumbs": [{"label": "Drafts of rules", "url": reverse("tiers:drafts")}],
    }
    return render(request, "tiers/draft.html", context, status=400 if form.errors else 200)


def _said(draft: ProgrammeDraft, by: User, form: OpinionForm) -> bool:
    """Whether the service took it; a refusal stands in the form."""
    try:
        services.give_opinion(draft=draft, **form.cleaned_data, by=by, at=timezone.now())
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class _Changes:
    """The lines that differ from the version before, with two lines around them; or why there are none."""

    lines: str = ""
    instead: str = ""


def _changes(draft: ProgrammeDraft, text: str) -> _Changes:
    before = ProgrammeVersion.objects.filter(programme=draft.programme, number=draft.number - 1).first()
    if before is None:
        return _Changes(instead="There is no version to compare it with.")
    old, new = services.as_text(before.document).splitlines(), text.splitlines()
    if max(len(old), len(new)) > MAX_COMPARED:
        return _Changes(instead=f"It is longer than {MAX_COMPARED} lines, so it is not compared here.")
    lines = "\n".join(list(unified_diff(old, new, n=2, lineterm=""))[2:])
    return _Changes(lines=lines, instead="" if lines else "Nothing but the day.")


@require_POST
@login_required
def draft_publish(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Publishes exactly what was approved."""
    found = _draft(request, draft_id)
    user = _require(request, "tiers.publish_programme")
    try:
        version = services.publish_draft(draft=found, by=user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{version} is published.")
    return redirect("tiers:draft", found.public_id)


@require_POST
@login_required
def draft_withdraw(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Takes a draft back, with a reason."""
    found = _draft(request, draft_id)
    user = _require(request, "tiers.publish_programme")
    reason = request.POST.get("reason", "")
    try:
        services.withdraw_draft(draft=found, reason=reason, by=user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The draft is withdrawn.")
    return redirect("tiers:draft", found.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def approvers(request: HttpRequest) -> HttpResponse:
    """Who speaks for which function, and who did; portal managers appoint here."""
    user = _require(request, "tiers.view_drafts")
    may_appoint = user.has_perm("tiers.appoint_approvers")
    if request.method == "POST" and not may_appoint:
        raise PermissionDenied
    form = AppointmentForm(request.POST if request.method == "POST" else None, by=user)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.appoint_approver(**form.cleaned_data, by=user, at=timezone.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{made.person.name} speaks for {made.function}.")
            return redirect("tiers:approvers")
    found = Approver.objects.select_related("person", "appointed_by", "ended_by")
    page = Paginator(
        found.order_by(F("ended_at").desc(nulls_first=True), "function", "person__name", "pk"), PAGE_SIZE
    ).get_page(request.GET.get("page"))
    functions = services.known_functions()
    held = set(Approver.objects.active().values_list("function", flat=True))
    context = {
        "page": page,
        "functions": functions,
        "vacant": [name for name in functions if name not in held],
        "form": form if may_appoint else None,
        "crumbs": [{"label": "Drafts of rules", "url": reverse("tiers:drafts")}],
    }
    return render(request, "tiers/approvers.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def approver_end(request: HttpRequest, approver_id: UUID) -> HttpResponse:
    """Ends an appointment, with a reason."""
    user = _require(request, "tiers.appoint_approvers")
    found = get_object_or_404(Approver.objects.select_related("person"), public_id=approver_id)
    try:
        services.end_appointment(appointment=found, reason=request.POST.get("reason", ""), by=user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{found.person.name} no longer speaks for {found.function}.")
    return redirect("tiers:approvers")
