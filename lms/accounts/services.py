"""Every write about people who sign in."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from lms.accounts.events import PasswordResetRequested
from lms.accounts.models import ApiToken, AuditEntry, ResetLetter, User, normalise_email
from lms.accounts.network import current_network
from lms.accounts.throttle import account_key
from lms.common import guards
from lms.common.errors import DomainError
from lms.common.sealing import seal
from lms.events.services import emit

RESET_SEAL = "accounts.password_reset"
RESET_PAUSE = timedelta(minutes=10)
TOKENS_ALLOWED = 20
_TOKEN_USE_EVERY = timedelta(minutes=1)


class AddressTaken(DomainError):
    """Another account has this e-mail address."""

    code = "address_taken"


class TooManyTokens(DomainError):
    """A person may hold so many tokens at once and no more."""

    code = "too_many_tokens"


def record_audit(
    *,
    action: str,
    actor: User | None,
    at: datetime,
    target: models.Model | None = None,
    partner_id: object = "",
    detail: dict[str, object] | None = None,
) -> AuditEntry:
    """Writes who did what to which object, from where. Call it in the transaction of the deed.

    `action` is "app.verb_noun", `actor` None is the platform itself, `detail` holds JSON primitives and no secret.
    """
    return AuditEntry.objects.create(
        at=at,
        actor=actor,
        action=action,
        object_type="" if target is None else target._meta.label_lower,
        object_id="" if target is None else str(getattr(target, "public_id", target.pk)),
        partner_id=str(partner_id),
        network=current_network.get(),
        detail=detail or {},
    )


@transaction.atomic
def create_account(*, email: str, name: str, password: str, at: datetime) -> User:
    """Makes the account of a person who proved to read mail at `email`.

    Raises AddressTaken (the unique constraint decides between two at once), UnsafeInput for a name or address no
    database can store, and Django's ValidationError for a password that breaks the rules.
    """
    user = User(email=normalise_email(guards.check_text(email)), name=guards.clean_name(name), joined_at=at)
    validate_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise AddressTaken("This address has an account already. Sign in, or ask for a new password.") from error
    record_audit(action="accounts.create_account", actor=user, at=at, target=user)
    return user


@transaction.atomic
def update_profile(*, user: User, name: str, language: str, time_zone: str) -> User:
    """Keeps what a person says about himself. Credentials already issued keep the name they were issued to."""
    user.name, user.language, user.time_zone = guards.clean_name(name), language, time_zone
    user.save(update_fields=["name", "language", "time_zone"])
    return user


@transaction.atomic
def set_theme(*, user: User, theme: str) -> User:
    """Keeps light, dark, or as the device does."""
    user.theme = theme
    user.save(update_fields=["theme"])
    return user


@transaction.atomic
def sign_out_everywhere(*, user: User, at: datetime) -> User:
    """Ends every session of the person. The caller renews his own with `update_session_auth_hash`."""
    User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
    user.refresh_from_db(fields=["session_generation"])
    record_audit(action="accounts.sign_out_everywhere", actor=user, at=at, target=user)
    return user


def second_factor_login(user: User) -> str:
    """The name under which wrong second factors are counted, apart from wrong passwords."""
    return f"second-factor:{user.public_id}"


@transaction.atomic
def request_password_reset(*, email: str, at: datetime) -> None:
    """Has a letter sent, later. Does the same for an address with an account and for one without.

    Emits PasswordResetRequested.
    """
    emit(PasswordResetRequested(at=at, sealed_email=seal(normalise_email(email), purpose=RESET_SEAL)))


@transaction.atomic
def may_send_reset_letter(*, email: str, at: datetime) -> bool:
    """Takes the one place for a letter to this address; False within 10 minutes of the last one."""
    ResetLetter.objects.filter(sent_at__lt=at - timedelta(days=1)).delete()
    key = account_key(email)
    _, is_first = ResetLetter.objects.get_or_create(account_key=key, defaults={"sent_at": at})
    return is_first or bool(
        ResetLetter.objects.filter(account_key=key, sent_at__lte=at - RESET_PAUSE).update(sent_at=at)
    )


@transaction.atomic
def create_token(
    *, user: User, name: str, scope: str, expires_at: datetime | None, at: datetime
) -> tuple[ApiToken, str]:
    """Makes a token. Returns it with its text "laurel_<prefix>_<secret>", which is shown once and kept nowhere.

    Raises TooManyTokens.
    """
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if ApiToken.objects.active(at).filter(user=user).count() >= TOKENS_ALLOWED:
        raise TooManyTokens(f"You have {TOKENS_ALLOWED} tokens. Revoke one you no longer use first.")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=guards.clean_name(name),
        prefix=prefix,
        secret_hash=_hash(secret),
        scope=scope,
        created_at=at,
        expires_at=expires_at,
    )
    record_audit(action="accounts.create_token", actor=user, at=at, target=token, detail={"scope": scope})
    return token, f"laurel_{prefix}_{secret}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User, at: datetime) -> ApiToken:
    """Makes a token worthless. Twice changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        record_audit(action="accounts.revoke_token", actor=by, at=at, target=token)
    token.refresh_from_db(fields=["revoked_at"])
    return token


def find_token(*, text: str, at: datetime) -> ApiToken | None:
    """The token behind its text while it holds and its person is active; notes its use at most once a minute."""
    brand, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if brand != "laurel" or not text.isascii() or "\x00" in text:
        return None
    token = ApiToken.objects.active(at).select_related("user").filter(prefix=prefix, user__is_active=True).first()
    if token is None or not hmac.compare_digest(token.secret_hash, _hash(secret)):
        return None
    ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=at - _TOKEN_USE_EVERY), pk=token.pk).update(
        last_used_at=at
    )
    return token


def note_closed_accounts(*, at: datetime) -> int:
    """Notes the moment at which accounts are found closed, and takes it from those that are open again. Accounts are
    closed in more places than one (the admin's form, its bulk action), so nobody else sets it. Returns how many."""
    closed = User.objects.filter(is_active=False, closed_at=None).update(closed_at=at)
    return closed + User.objects.filter(is_active=True, closed_at__isnull=False).update(closed_at=None)
