"""Publishing rules of engagement, and accepting them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.deals.engagement import parse
from lms.deals.errors import NoRulesInForce, NotYourMove, RulesNotAccepted, RulesRefused
from lms.deals.models import Acceptance, EngagementRules
from lms.partners.models import Partner


@transaction.atomic
def publish_rules(*, document: Any, effective_at: datetime, by: User | None, at: datetime) -> EngagementRules:
    """Appends the next version. Deals keep the version they were registered under.

    Raises RulesRefused for a document that is none, and for one that would begin before a version already published.
    """
    parse(document)
    newest = EngagementRules.objects.select_for_update(of=("self",)).order_by("-number").first()
    if newest is not None and effective_at < newest.effective_at:
        raise RulesRefused(f"Version {newest.number} begins on {newest.effective_at:%Y-%m-%d}. Choose a later moment.")
    version = EngagementRules.objects.create(
        number=1 if newest is None else newest.number + 1,
        document=document,
        effective_at=effective_at,
        published_at=at,
        published_by=by,
    )
    record_audit(action="deals.publish_rules", actor=by, at=at, target=version, detail={"number": version.number})
    return version


@transaction.atomic
def accept_rules(*, version: EngagementRules, partner: Partner, by: User, at: datetime) -> Acceptance:
    """A manager accepts a version for his partner. Twice changes nothing. Raises NotYourMove for anybody else."""
    if not by.has_perm("deals.accept_rules", partner):
        raise NotYourMove(f"A manager of {partner.name} accepts the rules. Nothing was changed.")
    acceptance, is_new = Acceptance.objects.get_or_create(
        version=version, partner=partner, defaults={"accepted_at": at, "accepted_by": by}
    )
    if is_new:
        record_audit(
            action="deals.accept_rules",
            actor=by,
            at=at,
            target=version,
            partner_id=partner.public_id,
            detail={"number": version.number},
        )
    return acceptance


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a partner stands with the rules: the version in force, and the one it has accepted last.

    `until` is set while an older acceptance still counts: then the new version must be accepted by that moment.
    """

    in_force: EngagementRules
    accepted: Acceptance | None
    until: datetime | None

    @property
    def is_current(self) -> bool:
        return self.accepted is not None and self.accepted.version_id == self.in_force.pk


def rules_in_force(*, at: datetime) -> EngagementRules:
    """Raises NoRulesInForce."""
    version = EngagementRules.objects.in_force(at)
    if version is None:
        raise NoRulesInForce("Deal registration is not open yet: no rules of engagement are in force.")
    return version


def standing(*, partner: Partner, at: datetime) -> Standing:
    """Two queries. Raises NoRulesInForce."""
    version = rules_in_force(at=at)
    accepted = (
        Acceptance.objects.filter(partner=partner, version__number__lte=version.number)
        .select_related("version", "accepted_by")
        .order_by("-version__number")
        .first()
    )
    until = None
    if accepted is not None and accepted.version_id != version.pk:
        until = version.effective_at + timedelta(days=version.rules.accept_within_days)
    return Standing(in_force=version, accepted=accepted, until=until)


def rules_for(*, partner: Partner, at: datetime) -> EngagementRules:
    """The version a deal registered now is judged by: the newest accepted one. After a change an older acceptance
    counts for as long as the new rules say. Raises NoRulesInForce, RulesNotAccepted.
    """
    now = standing(partner=partner, at=at)
    if now.accepted is None or (now.until is not None and at > now.until):
        raise RulesNotAccepted(
            f"A manager of {partner.name} must accept version {now.in_force.number} of the rules of engagement first."
        )
    return now.accepted.version
