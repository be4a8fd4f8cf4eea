"""Switching partners, inviting people, and what changes about them."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.partners import services
from lms.partners.forms import InvitationForm, MembershipForm, NewAccountForm, SuspensionForm
from lms.partners.middleware import SESSION_KEY
from lms.partners.models import Invitation, Membership, Partner, today
from lms.partners.rules import todays_memberships

SESSION_BACKEND = "django.contrib.auth.backends.ModelBackend"


def _partner(request: HttpRequest, partner_id: UUID, permission: str) -> Partner:
    """The partner as far as it exists for this person (404), if he may do what is asked (403)."""
    partner = get_object_or_404(Partner.objects.visible_to(person_of(request)), public_id=partner_id)
    if not request.user.has_perm(permission, partner):
        raise PermissionDenied
    return partner


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Chooses the partner for whom the person acts from now on. Somebody else's membership is not found."""
    wanted = request.POST.get("membership", "")
    chosen = next((m for m in todays_memberships(request.user) if str(m.public_id) == wanted), None)
    if chosen is None or chosen.partner.suspended_at is not None:
        return render(request, "404.html", status=404)
    request.session[SESSION_KEY] = wanted
    messages.success(request, f"You now act for {chosen.partner.name}.")
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "portal:home")


@login_required
def invite(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Invites one person to the partner."""
    partner = _partner(request, partner_id, "partners.invite_person")
    form = InvitationForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            invitation = services.invite_person(
                partner=partner, by=person_of(request), at=timezone.now(), **form.cleaned_data
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"A letter with the invitation is on its way to {invitation.email}.")
            return redirect("portal:partner_people", partner_id=partner.public_id)
    return render(request, "partners/invite.html", {"partner": partner, "form": form}, status=status)


@login_required
@require_POST
def invitation_withdraw(request: HttpRequest, partner_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Makes an invitation's link worthless."""
    partner = _partner(request, partner_id, "partners.invite_person")
    invitations = Invitation.objects.visible_to(person_of(request)).filter(partner=partner)
    invitation = get_object_or_404(invitations, public_id=invitation_id)
    services.withdraw_invitation(invitation=invitation, by=person_of(request), at=timezone.now())
    messages.success(request, f"The invitation to {invitation.email} no longer works.")
    return redirect("portal:partner_people", partner_id=partner.public_id)


def _membership(request: HttpRequest, partner_id: UUID, membership_id: UUID) -> Membership:
    partner = _partner(request, partner_id, "partners.manage_people")
    people = Membership.objects.visible_to(person_of(request)).active(today()).filter(partner=partner)
    return get_object_or_404(people.select_related("partner", "person", "persona"), public_id=membership_id)


@login_required
def membership_edit(request: HttpRequest, partner_id: UUID, membership_id: UUID) -> HttpResponse:
    """Gives a member another persona or role."""
    membership = _membership(request, partner_id, membership_id)
    form = MembershipForm(request.POST or None, initial={"persona": membership.persona_id, "role": membership.role})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.change_membership(
                membership=membership, by=person_of(request), at=timezone.now(), **form.cleaned_data
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"The change for {membership.person.name} is saved.")
            return redirect("portal:person", partner_id=partner_id, membership_id=membership_id)
    page = {"membership": membership, "partner": membership.partner, "form": form}
    return render(request, "partners/membership_edit.html", page, status=status)


@login_required
@require_POST
def membership_end(request: HttpRequest, partner_id: UUID, membership_id: UUID) -> HttpResponse:
    """Ends a membership at once."""
    membership = _membership(request, partner_id, membership_id)
    try:
        services.leave_partner(membership=membership, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("portal:person", partner_id=partner_id, membership_id=membership_id)
    messages.success(request, f"{membership.person.name} no longer belongs to {membership.partner.name}.")
    if membership.person_id == request.user.pk:
        return redirect("portal:home")
    return redirect("portal:partner_people", partner_id=partner_id)


@login_required
def access(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Suspends the access of a partner's people, or gives it back."""
    partner = _partner(request, partner_id, "partners.suspend_partner")
    form = SuspensionForm(request.POST if request.POST.get("action") == "suspend" else None)
    now, by = timezone.now(), person_of(request)
    if request.method == "POST" and request.POST.get("action") == "reinstate":
        services.reinstate_partner(partner=partner, by=by, at=now)
        messages.success(request, f"The people of {partner.name} have their access back.")
        return redirect("portal:partner", partner_id=partner.public_id)
    if request.method == "POST" and form.is_valid():
        services.suspend_partner(partner=partner, by=by, reason=form.cleaned_data["reason"], at=now)
        messages.success(request, f"{partner.name} is suspended. Its people are refused from now on.")
        return redirect("portal:partner", partner_id=partner.public_id)
    people = Membership.objects.active(today()).filter(partner=partner).count()
    return render(request, "partners/access.html", {"partner": partner, "form": form, "people_count": people})


@sensitive_post_parameters("password", "again")
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation's letter leads: join with the account of that address, or make it."""
    try:
        invitation = services.find_invitation(token=token, at=timezone.now())
    except services.InvitationClosed as error:
        response = render(request, "partners/invitation_closed.html", {"message": error.message}, status=error.status)
    else:
        response = _accept(request, token, invitation)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _accept(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    person = request.user if isinstance(request.user, User) else None
    has_account = User.objects.filter(email=invitation.email).exists()
    form = NewAccountForm(request.POST if request.method == "POST" and person is None else None)
    form.initial = {"name": invitation.name}
    refusal, status = "", 200
    if request.method == "POST" and (person is not None or form.is_valid()):
        data = {} if person is not None else {k: form.cleaned_data[k] for k in ("name", "password")}
        try:
            membership = services.accept_invitation(token=token, by=person, at=timezone.now(), **data)
        except DomainError as error:
            refusal, status = error.message, error.status
        except ValidationError as error:
            form.add_error("password", error)
        else:
            return _welcome(request, membership, is_new=person is None)
    page = {
        "invitation": invitation,
        "form": form,
        "refusal": refusal,
        "has_account": has_account,
        "is_other": person is not None and person.email != invitation.email,
    }
    return render(request, "partners/accept_invitation.html", page, status=status)


def _welcome(request: HttpRequest, membership: Membership, *, is_new: bool) -> HttpResponse:
    if is_new:
        login(request, membership.person, backend=SESSION_BACKEND)
    request.session[SESSION_KEY] = str(membership.public_id)
    messages.success(request, f"Welcome to {membership.partner.name}.")
    return redirect("portal:home")
