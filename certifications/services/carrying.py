"""What a holder decides: his public profile, and where his credentials count when he changes employer."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from certifications import errors
from certifications.events import CareerConsentChanged
from certifications.models import CareerConsent, Credential, PublicProfile
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.events.services import emit
from lms.partners.models import Membership

_ADDRESS = re.compile(r"[a-z0-9](?:[a-z0-9-]{3,58})[a-z0-9]")


@transaction.atomic
def save_profile(
    *,
    person: User,
    is_public: bool,
    address: str,
    headline: str,
    is_indexed: bool,
    credentials: Iterable[Credential],
    at: datetime,
) -> PublicProfile:
    """Stores what the person's public page shows, and whether there is one. Taken off, it is gone at once.

    An empty address keeps the one it has, which nobody can guess unless he chose another. Credentials that are not his
    are left out. Writes the audit log. Raises AddressTaken for an address that is in use or is none.
    """
    profile, _ = PublicProfile.objects.get_or_create(person=person)
    profile.address = _checked_address(address, profile)
    profile.headline = guards.clean_name(headline)[:150]
    profile.is_indexed = is_indexed and is_public
    profile.published_at = (profile.published_at or at) if is_public else None
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError as error:
        raise errors.AddressTaken("Choose another address: this one is in use. Nothing was changed.") from error
    profile.credentials.set(one for one in credentials if one.person_id == person.pk)
    detail: dict[str, object] = {"is_public": is_public, "is_indexed": profile.is_indexed}
    record_audit(action="certifications.save_profile", actor=person, at=at, target=profile, detail=detail)
    return profile


def _checked_address(address: str, profile: PublicProfile) -> str:
    address = address.strip().lower() or profile.address
    if not _ADDRESS.fullmatch(address):
        raise errors.AddressTaken("An address has 5 to 60 letters a to z, digits and hyphens. Nothing was changed.")
    return address


@transaction.atomic
def give_career_consent(*, membership: Membership, by: User, at: datetime) -> CareerConsent:
    """The person lets what he earned elsewhere count for the partner of his membership, from now on. Again: the one
    there is. Two at once: the unique constraint lets one through.

    Writes the audit log and emits CareerConsentChanged. Raises NotAllowed (a membership of
    somebody else, or an ended one).
    """
    is_open = Membership.objects.active(at.date()).filter(pk=membership.pk, person=by).exists()
    if not is_open:
        raise errors.NotAllowed("Only the person himself decides this, where he works. Nothing was changed.")
    consent, is_new = CareerConsent.objects.get_or_create(
        membership=membership, withdrawn_at=None, defaults={"given_at": at}
    )
    if is_new:
        _tell("give_career_consent", membership, by, at)
    return consent


@transaction.atomic
def withdraw_career_consent(*, membership: Membership, by: User, at: datetime) -> None:
    """What he earned elsewhere no longer counts there, from now on; what was decided with it stays. Writes the audit
    log and emits CareerConsentChanged. Raises NotAllowed."""
    if membership.person_id != by.pk:
        raise errors.NotAllowed("Only the person himself decides this. Nothing was changed.")
    if CareerConsent.objects.filter(membership=membership, withdrawn_at=None).update(withdrawn_at=at):
        _tell("withdraw_career_consent", membership, by, at)


def _tell(deed: str, membership: Membership, by: User, at: datetime) -> None:
    partner = membership.partner.public_id
    record_audit(action=f"certifications.{deed}", actor=by, at=at, target=membership, partner_id=partner)
    emit(CareerConsentChanged(at=at, person_id=by.public_id, partner_id=partner))
