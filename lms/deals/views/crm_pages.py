"""CRM systems: which there are, how it goes, and what a person can do about it. For portal managers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.forms import CrmForm
from lms.deals.models import CrmSystem
from lms.deals.services import Secrets

SHOWN = 20
# How long after they were made the secrets are shown to who made them, if he has not seen them yet.
_SHOWN_WITHIN = timedelta(minutes=10)
_MADE: dict[str, tuple[Callable[..., object], str]] = {
    "pause": (services.pause_crm, "Nothing is sent until you resume it."),
    "resume": (services.resume_crm, "Sending goes on where it stood."),
    "replay": (services.replay_messages, "What it did not take is sent again."),
    "end-old": (services.end_old_secrets, "The old secrets are valid no more."),
}


def _manager(request: HttpRequest) -> User:
    if not request.user.has_perm("deals.manage_crm"):
        raise PermissionDenied
    return person_of(request)


@never_cache
@login_required
def systems(request: HttpRequest) -> HttpResponse:
    """All systems, and a form for one more. Its secrets are shown on the page that follows, and never again."""
    user, status = _manager(request), 200
    form = CrmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            system, _ = services.add_crm(by=user, at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            return _show_once(request, system)
    listed = CrmSystem.objects.with_buried().select_related("partner").order_by("name")
    return render(request, "deals/crm.html", {"systems": listed, "form": form}, status=status)


@never_cache
@require_safe
@login_required
def system(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """One system: how sending goes, what waits, what was given up; once, the secrets that were just made."""
    _manager(request)
    found = get_object_or_404(CrmSystem.objects.select_related("partner"), public_id=system_id)
    return _page(request, found, _secrets_to_show(request, found))


def _show_once(request: HttpRequest, found: CrmSystem) -> HttpResponse:
    """To the system's page, which shows the secrets this once: the session remembers that, and never the secrets."""
    request.session[_key(found)] = timezone.now().isoformat()
    return redirect("deals:crm_system", system_id=found.public_id)


def _secrets_to_show(request: HttpRequest, found: CrmSystem) -> Secrets | None:
    if request.method != "GET":
        return None
    made_at = request.session.pop(_key(found), None)
    if made_at is None or timezone.now() - datetime.fromisoformat(made_at) > _SHOWN_WITHIN:
        return None
    return services.secrets_of(found)


def _key(found: CrmSystem) -> str:
    return f"deals.crm.show.{found.public_id}"


def _page(request: HttpRequest, found: CrmSystem, secrets: Secrets | None = None) -> HttpResponse:
    count = found.messages.buried().count()
    context = {
        "system": found,
        "secrets": secrets,
        "old_until": found.old_secret_until if found.has_old_secrets(timezone.now()) else None,
        "inbox": request.build_absolute_uri(reverse("api-v1:crm-messages", args=[found.public_id])),
        "waiting": found.messages.waiting().count(),
        "not_taken": f"{count} message{'s were' if count > 1 else ' was'} not taken" if count else "",
        "buried": found.messages.buried().select_related("deal").order_by("-buried_at", "-pk")[:SHOWN],
        "received": found.receipts.order_by("-received_at", "-pk")[:SHOWN],
        "crumbs": [{"label": "CRM systems", "url": reverse("deals:crm")}],
    }
    return render(request, "deals/crm_system.html", context)


@never_cache
@login_required
@require_POST
def act(request: HttpRequest, system_id: UUID, action: str) -> HttpResponse:
    """Pauses, resumes, sends again, changes the secrets, ends the old ones or removes."""
    user, now = _manager(request), timezone.now()
    found = get_object_or_404(CrmSystem.objects.select_related("partner"), public_id=system_id)
    if action == "rotate":
        return _rotate(request, found, user, now)
    if action == "remove":
        services.remove_crm(system=found, by=user, at=now)
        messages.success(request, f"{found.name} is removed.")
        return redirect("deals:crm")
    if action not in _MADE:
        raise Http404
    make, words = _MADE[action]
    make(system=found, by=user, at=now)
    messages.success(request, words)
    return redirect("deals:crm_system", system_id=system_id)


def _rotate(request: HttpRequest, found: CrmSystem, user: User, at: datetime) -> HttpResponse:
    try:
        services.rotate_secret(system=found, by=user, at=at)
    except services.SecretsJustChanged as error:
        messages.error(request, error.message)
        return redirect("deals:crm_system", system_id=found.public_id)
    return _show_once(request, found)
