"""Rules of engagement in versions: what each changed, who accepted it, and publishing the next one."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import yaml
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import rules_changes, services
from lms.deals.engagement import Rules, parse
from lms.deals.forms import RulesForm
from lms.deals.models import EngagementRules
from lms.partners.models import Partner

SHOWN_RULINGS = 50


def _require(request: HttpRequest, permission: str) -> User:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    return person_of(request)


def _crumbs(*more: dict[str, str]) -> list[dict[str, str]]:
    return [{"label": "Versions of the rules", "url": reverse("deals:rules_versions")}, *more]


@require_safe
@login_required
def versions(request: HttpRequest) -> HttpResponse:
    """All versions, the newest first: who published each, when and why, and how many accepted it."""
    user, now = _require(request, "deals.view_queue"), timezone.now()
    found = EngagementRules.objects.select_related("published_by", "withdrawal").annotate(accepted=Count("acceptances"))
    in_force = EngagementRules.objects.in_force(now)
    context = {
        "rows": [
            {"version": one, "is_in_force": one == in_force, "is_upcoming": one.effective_at > now}
            for one in found.order_by("-number")
        ],
        "may_publish": user.has_perm("deals.publish_rules"),
    }
    return render(request, "deals/rules_versions.html", context)


@require_safe
@login_required
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One version: what it changed against the one before, who accepted it, and who did not yet."""
    _require(request, "deals.view_queue")
    rows = EngagementRules.objects.select_related("published_by", "withdrawal__withdrawn_by")
    found = get_object_or_404(rows, number=number)
    before = EngagementRules.objects.standing().filter(number__lt=number).order_by("-number").first()
    accepted = found.acceptances.select_related("partner", "accepted_by").order_by("-accepted_at", "-pk")
    waiting = Partner.objects.filter(suspended_at=None).exclude(pk__in=found.acceptances.values("partner"))
    context = {
        "version": found,
        "before": before,
        "is_upcoming": found.effective_at > timezone.now(),
        "withdrawal": getattr(found, "withdrawal", None),
        "may_withdraw": request.user.has_perm("deals.publish_rules"),
        "changes": [] if before is None else rules_changes.changes(before.rules, found.rules),
        "accepted": accepted,
        "waiting": waiting.order_by("name", "pk"),
        "text": _as_text(found),
        "crumbs": _crumbs(),
    }
    return render(request, "deals/rules_version.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Takes back a version that has not taken effect."""
    user = _require(request, "deals.publish_rules")
    found = get_object_or_404(EngagementRules, number=number)
    try:
        services.withdraw_rules(version=found, reason=request.POST.get("reason", ""), by=user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Version {number} is withdrawn.")
    return redirect("deals:rules_version", number)


@require_safe
@login_required
def text(request: HttpRequest, number: int) -> HttpResponse:
    """A version as a file, to be edited and uploaded as the next one."""
    _require(request, "deals.view_queue")
    found = get_object_or_404(EngagementRules, number=number)
    response = HttpResponse(_as_text(found), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rules-{number}.yaml"'
    return response


def _as_text(version: EngagementRules) -> str:
    """As it was written; of a version that kept no text, its document."""
    return version.text or yaml.safe_dump(version.document, sort_keys=False, allow_unicode=True, width=100)


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """The next version: written or uploaded, compared with the one before, and published once that was looked at."""
    user, now = _require(request, "deals.publish_rules"), timezone.now()
    newest = services.newest_rules()
    if request.method != "POST":
        initial = {"effective_on": now.date(), "text": "" if newest is None else _as_text(newest)}
        return _page(request, RulesForm(on=now.date(), initial=initial), newest)
    form = RulesForm(request.POST, request.FILES, on=now.date())
    if not form.is_valid():
        return _page(request, _with_text(request, form), newest, status=400)
    if request.POST.get("step") != "publish":
        return _page(request, _with_text(request, form), newest)
    if request.POST.get("seen") != _seal(form, newest):
        if newest is not None and newest.text == form.cleaned_data["text"] and newest.published_by == user:
            return redirect("deals:rules_version", newest.number)  # the button was pressed twice
        messages.warning(request, "Nothing was published: this is not what you looked at. Look at what changes now.")
        return _page(request, _with_text(request, form), newest)
    try:
        made = services.publish_rules(
            document=form.document,
            text=form.cleaned_data["text"],
            why=form.cleaned_data["why"],
            effective_at=_moment(form.cleaned_data["effective_on"], now),
            by=user,
            at=now,
            after=0 if newest is None else newest.number,
        )
    except DomainError as error:
        form.add_error(None, error.message)
        newest = services.newest_rules()
        return _page(request, _with_text(request, form), newest, status=error.status)
    messages.success(request, f"Version {made.number} is published. Partners are asked to accept it.")
    return redirect("deals:rules_version", made.number)


def _moment(day: date, now: datetime) -> datetime:
    """Now for today, else the first minute of the day, UTC."""
    return now if day == now.date() else datetime.combine(day, datetime.min.time(), UTC)


def _seal(form: RulesForm, newest: EngagementRules | None) -> str:
    """Of what is compared with what: only what was looked at is published."""
    number = 0 if newest is None else newest.number
    seen = f"{number}\n{form.cleaned_data['effective_on']}\n{form.cleaned_data['text']}"
    return hashlib.sha256(seen.encode()).hexdigest()


def _with_text(request: HttpRequest, form: RulesForm) -> RulesForm:
    """The form with the text that was read, so that an uploaded file is shown and sent again."""
    data = request.POST.copy()
    if "text" in form.cleaned_data:
        data["text"] = form.cleaned_data["text"]
    form.data = data
    return form


def _page(request: HttpRequest, form: RulesForm, newest: EngagementRules | None, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "newest": newest, "crumbs": _crumbs()}
    if form.is_bound and form.document is not None and not form.errors:
        context |= _comparison(form, newest)
    return render(request, "deals/rules_new.html", context, status=status)


def _comparison(form: RulesForm, newest: EngagementRules | None) -> dict[str, Any]:
    """What would change. Without an earlier version there is nothing to compare with, and the clauses are shown."""
    read = parse(form.document)
    context: dict[str, Any] = {
        "read": read,
        "seal": _seal(form, newest),
        "effective_on": form.cleaned_data["effective_on"],
        "number": services.next_number(),
        "partners": services.asked_partners(at=timezone.now()).count(),
    }
    return context if newest is None else context | _against(newest.rules, read)


def _against(old: Rules, new: Rules) -> dict[str, Any]:
    replay = services.replay_rulings(old=old, new=new)
    return {
        "changes": rules_changes.changes(old, new),
        "answers": rules_changes.answers(old, new),
        "replay": replay,
        "rulings": replay.different[:SHOWN_RULINGS],
    }
