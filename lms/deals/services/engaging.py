"""Publishing rules of engagement, and accepting them."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.common.documents import Problem
from lms.deals.engagement import parse
from lms.deals.errors import (
    NoRulesInForce,
    NotYourMove,
    RulesInEffect,
    RulesNotAccepted,
    RulesOvertaken,
    RulesRefused,
    WordsMissing,
)
from lms.deals.events import AcceptanceAsked
from lms.deals.models import Acceptance, EngagementRules, RulesWithdrawal
from lms.events.services import emit
from lms.partners.models import Membership, Partner

MAX_WHY = 1000
MAX_REASON = 300
# Published rules are for good, and none begin before them: a year mistyped would close the book.
FARTHEST = timedelta(days=366)


@transaction.atomic
def publish_rules(
    *,
    document: Any,
    effective_at: datetime,
    by: User | None,
    at: datetime,
    text: str = "",
    why: str = "",
    after: int | None = None,
) -> EngagementRules:
    """Appends the next version, for good, and asks each partner to accept it. Deals keep the version they were
    registered under. `after` is the number of the `newest_rules` that its publisher compared it with, 0 for none; of
    two at once one wins, and the other is told. `text` is the document as it was written.

    Raises RulesRefused for a document that is none, and for one that would begin before it is published, more than a
    year later, or before a version already published; RulesOvertaken for who did not see the newest one. Emits
    AcceptanceAsked per partner.
    """
    parse(document)
    number = next_number(is_locked=True)
    newest = newest_rules()
    seen = 0 if newest is None else newest.number
    if after is not None and after != seen:
        raise RulesOvertaken(_OVERTAKEN)
    if newest is not None and effective_at < newest.effective_at:
        words = f"Version {newest.number} begins on {newest.effective_at:%Y-%m-%d}. Choose a later moment."
        raise RulesRefused([Problem((), words)])
    if effective_at < at:
        raise RulesRefused([Problem((), "Rules begin when they are published, or later. Choose a later moment.")])
    if effective_at > at + FARTHEST:
        raise RulesRefused(
            [Problem((), "Rules begin within a year: none can begin before them. Choose an earlier day.")]
        )
    try:
        with transaction.atomic():
            version = EngagementRules.objects.create(
                number=number,
                document=document,
                text=text,
                why=guards.check_text(why).strip()[:MAX_WHY],
                effective_at=effective_at,
                published_at=at,
                published_by=by,
            )
    except IntegrityError as error:  # published since the look
        raise RulesOvertaken(_OVERTAKEN) from error
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    detail = {"number": version.number, "sha256": digest, "why": version.why}
    record_audit(action="deals.publish_rules", actor=by, at=at, target=version, detail=detail)
    _ask_partners(version, at)
    return version


def newest_rules() -> EngagementRules | None:
    """The version that was published last and stands: the next one is compared with it."""
    return EngagementRules.objects.standing().order_by("-number").first()


def next_number(*, is_locked: bool = False) -> int:
    """Of the version that is published next. Those of withdrawn ones are not given again. `is_locked` locks the newest
    version, withdrawn or not.
    """
    rows = EngagementRules.objects.select_for_update(of=("self",)) if is_locked else EngagementRules.objects.all()
    latest = rows.order_by("-number").first()
    return 1 if latest is None else latest.number + 1


@transaction.atomic
def withdraw_rules(*, version: EngagementRules, reason: str, by: User, at: datetime) -> RulesWithdrawal:
    """Takes a published version back before it takes effect; it stays on the list with who, when and why, and its
    number is not given again. Twice changes nothing.

    Raises NotYourMove, WordsMissing, UnsafeInput, RulesInEffect from its first moment on. Locks the version.
    """
    if not by.has_perm("deals.publish_rules"):
        raise NotYourMove("Our channel managers withdraw rules. Nothing was changed.")
    reason = guards.clean_name(reason)
    if not reason or len(reason) > MAX_REASON:
        raise WordsMissing(f"Say in at most {MAX_REASON} characters why. Nothing was changed.")
    version = EngagementRules.objects.select_for_update(of=("self",)).get(pk=version.pk)
    made = RulesWithdrawal.objects.filter(version=version).first()
    if made is not None:
        return made
    if version.effective_at <= at or version.deals.exists():
        raise RulesInEffect(
            f"Version {version.number} is in effect, so it is not withdrawn. Publish another version in its place."
        )
    made = RulesWithdrawal.objects.create(version=version, withdrawn_at=at, withdrawn_by=by, reason=reason)
    detail = {"number": version.number, "reason": reason}
    record_audit(action="deals.withdraw_rules", actor=by, at=at, target=version, detail=detail)
    return made


_OVERTAKEN = "Somebody published another version meanwhile. Look at what changes against it; nothing was published."


def asked_partners(*, at: datetime) -> QuerySet[Partner]:
    """Those that somebody manages on the day: who is asked to accept a version that is published then."""
    managed = Membership.objects.active(at.date()).managers()
    return Partner.objects.filter(suspended_at=None, pk__in=managed.values("partner"))


def _ask_partners(version: EngagementRules, at: datetime) -> None:
    """One event each, so that a letter that fails holds up no other."""
    for partner_id in asked_partners(at=at).order_by("pk").values_list("public_id", flat=True):
        emit(AcceptanceAsked(at=at, version=version.number, partner_id=partner_id))


def acceptable(*, at: datetime) -> list[EngagementRules]:
    """The version in force and those that are published for later: what can be accepted now. Two queries."""
    in_force = EngagementRules.objects.in_force(at)
    return [*([in_force] if in_force is not None else []), *EngagementRules.objects.upcoming(at)]


@transaction.atomic
def accept_rules(*, version: EngagementRules, partner: Partner, by: User, at: datetime) -> Acceptance:
    """A manager accepts a version for his partner. Twice changes nothing. Raises NotYourMove for anybody else,
    RulesOvertaken for a version that was withdrawn.
    """
    if not by.has_perm("deals.accept_rules", partner):
        raise NotYourMove(f"A manager of {partner.name} accepts the rules. Nothing was changed.")
    if RulesWithdrawal.objects.filter(version=version).exists():
        raise RulesOvertaken(f"Version {version.number} was withdrawn. There is nothing to accept.")
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


def counts_until(accepted: EngagementRules, *, newest: EngagementRules) -> datetime:
    """How long the acceptance of a version counts after those that follow it, up to `newest`: as long as the first of
    them says that runs out. A third version gives no time back that the second has taken. One query.
    """
    later = EngagementRules.objects.standing().filter(number__gt=accepted.number, number__lte=newest.number)
    return min(one.effective_at + timedelta(days=one.rules.accept_within_days) for one in later)


def standing(*, partner: Partner, at: datetime) -> Standing:
    """Two queries, and one where an older version was accepted. Raises NoRulesInForce."""
    version = rules_in_force(at=at)
    accepted = (
        Acceptance.objects.filter(partner=partner, version__number__lte=version.number, version__withdrawal=None)
        .select_related("version", "accepted_by")
        .order_by("-version__number")
        .first()
    )
    until = None
    if accepted is not None and accepted.version_id != version.pk:
        until = counts_until(accepted.version, newest=version)
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
