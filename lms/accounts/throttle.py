"""The ledger of failed sign-ins and the limits counted from it. In the database: it holds when the cache is down."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from lms.accounts.models import AuditEntry, SignInFailure, normalise_email
from lms.accounts.network import network_of
from lms.common.errors import DomainError

# An office behind one address has many people; a guesser of one password over many accounts has one address.
NETWORK_FACTOR = 10
DEVICE_COOKIE_AGE = timedelta(days=365)
_DEVICE_SALT = "lms.accounts.device"
_ACCOUNTS_PER_DEVICE = 5


class TooManyTries(DomainError):
    """An account or a network failed too often; `retry_after` seconds from now it may try again."""

    code = "too_many_tries"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many tries in a short time. Wait a little, then try again.")
        self.retry_after = retry_after


def account_key(login: str) -> str:
    """The SHA-256 under which failures of one account are counted; known and unknown addresses look alike."""
    return hashlib.sha256(normalise_email(login).encode("utf-8", "replace")).hexdigest()


def _window() -> timedelta:
    return timedelta(seconds=settings.SIGN_IN_WINDOW_SECONDS)


def _locked_until(at: datetime, limit: int, **counted_by: str) -> datetime | None:
    """When the limit-th newest failure leaves the window, if there are so many."""
    newest = SignInFailure.objects.filter(failed_at__gt=at - _window(), **counted_by).order_by("-failed_at")
    decisive = newest.values_list("failed_at", flat=True)[limit - 1 : limit].first()
    return None if decisive is None else decisive + _window()


def refuse_when_limited(request: HttpRequest | None, login: str) -> None:
    """Raises TooManyTries while the account or the network is over its limit.

    A device that this person signed in from before has a counter of its own, under no network limit: strangers who
    fail on purpose cannot lock the person out.
    """
    at = timezone.now()
    allowed = settings.SIGN_IN_FAILURES_ALLOWED
    device = device_key(request, login)
    locks = [_locked_until(at, allowed, account_key=device or account_key(login))]
    if device is None and request is not None:
        locks.append(_locked_until(at, allowed * NETWORK_FACTOR, network=network_of(request)))
    until = max((lock for lock in locks if lock is not None), default=None)
    if until is not None:
        raise TooManyTries(max(1, int((until - at).total_seconds()) + 1))


def record_failure(request: HttpRequest | None, login: str) -> None:
    """Counts one failed try, forgets those that no longer count, and notes in the audit log when a limit is reached."""
    at = timezone.now()
    SignInFailure.objects.filter(failed_at__lte=at - _window()).delete()
    network = network_of(request) if request is not None else "unknown"
    key = device_key(request, login) or account_key(login)
    SignInFailure.objects.create(account_key=key, network=network, failed_at=at)
    if SignInFailure.objects.filter(account_key=key).count() == settings.SIGN_IN_FAILURES_ALLOWED:
        AuditEntry.objects.create(
            at=at, action="accounts.limit_sign_in", object_type="account_key", object_id=key, network=network
        )


def forgive(request: HttpRequest | None, login: str) -> None:
    """A success ends the counting for the one who succeeded, not for strangers who fail elsewhere."""
    SignInFailure.objects.filter(account_key=device_key(request, login) or account_key(login)).delete()


def _device_cookie_name() -> str:
    return "__Host-device" if settings.SESSION_COOKIE_SECURE else "device"


def _read_device(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, accounts = signing.loads(request.COOKIES.get(_device_cookie_name(), ""), salt=_DEVICE_SALT)
    except (signing.BadSignature, ValueError):
        return secrets.token_urlsafe(16), []
    return device, accounts


def device_key(request: HttpRequest | None, login: str) -> str | None:
    """The counter of a device from which this account signed in before; None for any other."""
    if request is None:
        return None
    device, accounts = _read_device(request)
    key = account_key(login)
    return hashlib.sha256(f"{device}:{key}".encode()).hexdigest() if key in accounts else None


def remember_device(request: HttpRequest, response: HttpResponse, login: str) -> None:
    """Marks this browser as one from which the account signed in. The mark opens nothing; it only counts apart."""
    device, accounts = _read_device(request)
    key = account_key(login)
    accounts = [key, *(other for other in accounts if other != key)][:_ACCOUNTS_PER_DEVICE]
    response.set_cookie(
        _device_cookie_name(),
        signing.dumps([device, accounts], salt=_DEVICE_SALT),
        max_age=DEVICE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
