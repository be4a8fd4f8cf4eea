"""The profile page and what it starts; allauth's pages where ours differ."""

from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from lms.accounts import services
from lms.accounts.forms import ProfileForm, ThemeForm, TokenForm
from lms.accounts.models import ApiToken, User
from lms.accounts.requests import person_of
from lms.accounts.throttle import record_failure, refuse_when_limited
from lms.common.errors import DomainError

THEME_COOKIE_AGE = 365 * 24 * 3600


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """What a person may see and say about himself."""
    user = person_of(request)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        services.update_profile(user=user, **form.cleaned_data)
        messages.success(request, "Your details are saved.")
        return redirect("accounts:profile")
    return _profile_page(request, form=form)


def _profile_page(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    user = person_of(request)
    tokens = ApiToken.objects.visible_to(user).active(timezone.now()).order_by("-created_at")
    page = {
        "form": ProfileForm(instance=user),
        "theme_form": ThemeForm(initial={"theme": user.theme or "system"}),
        "token_form": TokenForm(),
        "tokens": tokens,
        **context,
    }
    return render(request, "accounts/profile.html", page, status=status)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device does: in a cookie for this device, with the account for all others."""
    form = ThemeForm(request.POST)
    chosen = form.cleaned_data["theme"] if form.is_valid() else ""
    if isinstance(request.user, User):
        services.set_theme(user=request.user, theme=chosen)
    back = request.POST.get("next", "")
    response = redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "accounts:profile")
    response.set_cookie(
        "theme", chosen, max_age=THEME_COOKIE_AGE, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
    return response


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """Ends all sessions but this one."""
    user = services.sign_out_everywhere(user=person_of(request), at=timezone.now())
    update_session_auth_hash(request, user)
    messages.success(request, "You are signed out on all other devices.")
    return redirect("accounts:profile")


@login_required
@require_POST
def token_create(request: HttpRequest) -> HttpResponse:
    """Makes an API token and shows it, this once."""
    form = TokenForm(request.POST)
    now = timezone.now()
    if not form.is_valid():
        return _profile_page(request, token_form=form, status=400)
    data = form.cleaned_data
    try:
        token, text = services.create_token(
            user=person_of(request), name=data["name"], scope=data["scope"], expires_at=form.expires_at(now), at=now
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return _profile_page(request, token_form=form, status=error.status)
    return render(request, "accounts/token.html", {"token": token, "text": text})


@login_required
@require_POST
def token_revoke(request: HttpRequest, prefix: str) -> HttpResponse:
    """Makes one of one's own tokens worthless."""
    user = person_of(request)
    token = get_object_or_404(ApiToken.objects.visible_to(user), prefix=prefix)
    services.revoke_token(token=token, by=user, at=timezone.now())
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("accounts:profile")


@sensitive_post_parameters("password1", "password2")
def password_reset_from_key(request: HttpRequest, uidb36: str, key: str) -> HttpResponseBase:
    """allauth's page; its address, which holds the token until it is moved to the session, is told to nobody.

    Wrong tokens are counted in the database, like wrong passwords. Raises TooManyTries.
    """
    login = f"password-reset:{uidb36.lower()}"
    refuse_when_limited(request, login)
    response: HttpResponseBase = allauth_views.password_reset_from_key(request, uidb36=uidb36, key=key)
    if (getattr(response, "context_data", None) or {}).get("token_fail"):
        record_failure(request, login)
    response["Referrer-Policy"] = "no-referrer"
    return response
