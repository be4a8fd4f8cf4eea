"""What sign-ins, failures and the wish for a new password lead to."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.signals import authentication_failed
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lms.accounts import services, throttle
from lms.accounts.backends import login_of
from lms.accounts.events import PasswordResetRequested
from lms.accounts.middleware import SEEN_AT, SIGNED_IN_AT, VISITED_BEFORE
from lms.accounts.models import User
from lms.common.letters import send_letter
from lms.common.sealing import unseal
from lms.events.services import subscribe


@receiver(user_login_failed)
def count_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: object) -> None:
    if login := login_of(credentials):
        throttle.record_failure(request, login)


@receiver(authentication_failed)
def count_failed_code(user: User, request: HttpRequest, **kwargs: object) -> None:
    """A wrong second factor counts like a wrong password, in a ledger of its own."""
    throttle.record_failure(request, services.second_factor_login(user))


@receiver(user_logged_in)
def begin_session(user: User, request: HttpRequest, **kwargs: object) -> None:
    """Starts the session's clocks, forgives the failures before, and has the device remembered."""
    now = timezone.now().timestamp()
    request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = now
    # Our app stands before django.contrib.auth, so this receiver comes before the one that sets `last_login`.
    request.session[VISITED_BEFORE] = user.last_login.timestamp() if user.last_login else None
    throttle.forgive(request, user.email)
    throttle.forgive(request, services.second_factor_login(user))
    request.signed_in_login = user.email  # type: ignore[attr-defined]


@subscribe(PasswordResetRequested)
def send_reset_letter(event: PasswordResetRequested) -> None:
    """One letter per address and pause. An address nobody has gets one too, which takes the same time."""
    email = unseal(event.sealed_email, purpose=services.RESET_SEAL)
    if not services.may_send_reset_letter(email=email, at=event.at):
        return
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        send_letter(
            to=email, subject=f"Your password at {settings.SITE_NAME}", template="password_reset_unknown", context={}
        )
        return
    args = [user_pk_to_url_str(user), default_token_generator.make_token(user)]
    send_letter(
        to=email,
        subject=f"Choose a new password for {settings.SITE_NAME}",
        template="password_reset",
        context={"user": user, "url": settings.SITE_URL + reverse("account_reset_password_from_key", args=args)},
    )
