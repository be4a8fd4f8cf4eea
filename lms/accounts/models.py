"""People who sign in, their API tokens, and the ledger of failed sign-ins."""

import unicodedata
from datetime import datetime
from typing import Any, ClassVar

import rules
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from lms.accounts.passwords import MAXIMUM_POSTED
from lms.common.models import PublicIdModel


def normalise_email(email: str) -> str:
    """The form in which addresses are stored and compared: NFKC, case-folded, no blanks, no dot at the end."""
    return unicodedata.normalize("NFKC", email).casefold().strip().rstrip(".")


def not_closed_at(at: datetime, person: str = "") -> Q:
    """For figures of a past moment: accounts that were not closed then; `person` is the path to it, such as "person__".

    `is_active` says what is so today. One that was just closed counts until that is noted, within minutes.
    Opening an account again forgets when it was closed: figures of the time between count it again.
    """
    return Q(**{f"{person}closed_at": None}) | Q(**{f"{person}closed_at__gt": at})


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=normalise_email(email or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=normalise_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_superuser=True, **fields)


class User(PublicIdModel, AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A person, of a partner or of the vendor. What he may do comes from memberships (partners) and groups (vendor).

    The e-mail address is stored normalised and is unique; `public_id` is the account name in xAPI statements and
    never changes, so records survive a change of name or address.
    """

    class Theme(models.TextChoices):
        SYSTEM = "", "Like my device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField("full name", max_length=150)
    language = models.CharField(max_length=12, default="en-gb")
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.SYSTEM)
    session_generation = models.PositiveIntegerField(default=0, help_text="Part of what a session is checked against")
    is_active = models.BooleanField(default=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it was found that the account is closed"
    )
    joined_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session holds while the password and the generation are those it was begun with."""
        value = f"{self.password}:{self.session_generation}"
        return salted_hmac("lms.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    def check_password(self, raw_password: str | None) -> bool:
        """Never hashes what cannot be a password."""
        return len(raw_password or "") <= MAXIMUM_POSTED and super().check_password(raw_password)

    @property
    def is_staff(self) -> bool:
        """Django asks for it; Laurel has no Django admin, and the Wagtail admin asks for its own permission."""
        return self.is_superuser

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Our named permissions are decided by their rule alone; Django's and Wagtail's by the backends."""
        if not rules.perm_exists(perm):
            return super().has_perm(perm, obj)
        return self.is_active and (self.is_superuser or bool(rules.has_perm(perm, self, obj)))

    @property
    def initials(self) -> str:
        """One or two characters for the avatar."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name else ""

    @property
    def last_name(self) -> str:
        return " ".join(self.name.split()[1:])

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.first_name


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def active(self, at: datetime) -> "ApiTokenQuerySet":
        """Neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)

    def visible_to(self, user: "User | AnonymousUser") -> "ApiTokenQuerySet":
        """One's own and nobody else's."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class ApiToken(models.Model):
    """A secret that speaks for one person over the API. Only its SHA-256 is kept; `prefix` finds and names it."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        WRITE = "write", "Read and write"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="laurel_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.READ)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SignInFailure(models.Model):
    """One failed try at a door. Kept in the database, so the limit holds when the cache is down."""

    account_key = models.CharField(max_length=64, help_text="SHA-256 of the normalised address, known or not")
    network = models.CharField(max_length=64, help_text="IPv4 address or IPv6 /64")
    failed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["account_key", "failed_at"], name="accounts_failure_account"),
            models.Index(fields=["network", "failed_at"], name="accounts_failure_network"),
            models.Index(fields=["failed_at"], name="accounts_failure_age"),
        ]

    def __str__(self) -> str:
        return f"{self.network} {self.failed_at:%Y-%m-%d %H:%M}"


class ResetLetter(models.Model):
    """When the last letter for a new password went to an address, known or not: the limit on letters."""

    account_key = models.CharField(max_length=64, unique=True, help_text="As in SignInFailure")
    sent_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.account_key[:8]} {self.sent_at:%Y-%m-%d %H:%M}"


class AuditEntry(models.Model):
    """Who did what to which object, from where: written in the same transaction, never changed, never deleted."""

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=100, help_text='"app.verb_noun"')
    object_type = models.CharField(max_length=100, blank=True)
    object_id = models.CharField(max_length=64, blank=True, help_text="public id")
    partner_id = models.CharField(max_length=64, blank=True, help_text="public id of the organisation concerned")
    network = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["object_type", "object_id", "at"], name="accounts_audit_object")]
        constraints = [models.CheckConstraint(condition=~Q(action=""), name="accounts_audit_has_action")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
