"""What a holder decides: the public page about himself, and where his credentials count."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certifications import limits, services
from certifications.forms import ProfileForm
from certifications.models import CareerConsent, PublicProfile
from certifications.views import Shown
from lms.accounts.network import network_of
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.partners.models import Membership, today


@require_safe
def profile(request: HttpRequest, address: str) -> HttpResponse:
    """What a person chose to show. No page of this address and one that is not public are the same 404 by the same
    query. Limited per network (429), kept by nobody, for no search engine unless he wants it."""
    wait = limits.seconds_to_wait(network_of(request), timezone.now())
    if wait:
        response = render(request, "429.html", {"retry_after_text": f"{wait} seconds"}, status=429)
        response["Retry-After"] = str(wait)
        return response
    public = PublicProfile.objects.filter(published_at__isnull=False).select_related("person")
    found = public.filter(address=address[:60], person__is_active=True).first()
    if found is None:
        raise Http404
    chosen = found.credentials.filter(person=found.person, revoked_at=None).select_related("award")
    page = {"profile": found, "shown": [Shown.of(one) for one in chosen.order_by("-issued_at", "-pk")]}
    response = render(request, "certifications/profile.html", page)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    if not found.is_indexed:
        response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile_edit(request: HttpRequest) -> HttpResponse:
    """Whether there is a public page, and what it shows."""
    person = person_of(request)
    found = PublicProfile.objects.filter(person=person).first()
    form = ProfileForm(request.POST, person=person) if request.method == "POST" else _filled(found, person)
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_profile(person=person, at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error("address", error.message)
        else:
            is_public = saved.published_at is not None
            messages.success(request, "Your page is public." if is_public else "Nobody but you sees a page of yours.")
            return redirect("certifications:profile_edit")
    return render(request, "certifications/profile_edit.html", {"form": form, "profile": found})


def _filled(found: PublicProfile | None, person: Any) -> ProfileForm:
    if found is None:
        return ProfileForm(person=person)
    initial = {
        "is_public": found.published_at is not None,
        "address": found.address,
        "headline": found.headline,
        "is_indexed": found.is_indexed,
        "credentials": found.credentials.all(),
    }
    return ProfileForm(initial=initial, person=person)


@login_required
@require_safe
def moving(request: HttpRequest) -> HttpResponse:
    """Where what the person earned counts: where he earned it, until his last day there, and where he lets it count."""
    person = person_of(request)
    rows = person.memberships.select_related("partner").order_by("-starts_on", "-pk")
    given = set(
        CareerConsent.objects.filter(membership__in=rows, withdrawn_at=None).values_list("membership", flat=True)
    )
    current = set(Membership.objects.active(today()).filter(person=person).values_list("pk", flat=True))
    page = {
        "rows": [{"membership": one, "is_current": one.pk in current, "is_given": one.pk in given} for one in rows],
    }
    return render(request, "certifications/moving.html", page)


@require_POST
@login_required
def consent(request: HttpRequest, membership_id: object) -> HttpResponse:
    """Gives the consent for one employer, or takes it back."""
    person = person_of(request)
    found = get_object_or_404(person.memberships.select_related("partner"), public_id=membership_id)
    is_given = "give" in request.POST
    deed = services.give_career_consent if is_given else services.withdraw_career_consent
    try:
        deed(membership=found, by=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        word = "counts" if is_given else "no longer counts"
        messages.success(request, f"What you earned elsewhere {word} for {found.partner}.")
    return redirect("certifications:moving")
