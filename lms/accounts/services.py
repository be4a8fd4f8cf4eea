"""Every write about people who sign in."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, models, transaction

from lms.accounts.models import AuditEntry, User, normalise_email
from lms.accounts.network import current_network
from lms.common import guards
from lms.common.errors import DomainError


class AddressTaken(DomainError):
    """Another account has this e-mail address."""

    code = "address_taken"


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

    Raises AddressTaken (the unique constraint decides between two at once), and Django's ValidationError for a
    password that breaks the rules.
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
