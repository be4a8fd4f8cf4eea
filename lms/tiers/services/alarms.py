"""Cliff alarm: a tier that time alone will take away is said 180, 90 and 30 days ahead, once each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import transaction

from certifications.models import Certification
from lms.accounts.models import User
from lms.events.services import emit
from lms.partners.models import Membership, Partner
from lms.tiers import engine
from lms.tiers.engine.forecast import Loss, forecast
from lms.tiers.events import TierAtRisk
from lms.tiers.models import Alarm, Decision, ProgrammeVersion
from lms.tiers.services.facts import gather_many
from lms.tiers.services.programmes import rules_of

DAYS_AHEAD = (30, 90, 180)
BATCH = 200


@dataclass(frozen=True, kw_only=True)
class AlarmLine:
    """Somebody of whom something ends, in words: his name, what ends when, what renews it ("" for a leaver)."""

    name: str
    what: str
    last_day: date
    renewal: str


def raise_alarms(*, at: datetime) -> int:
    """Forecasts every partner's tier and says each loss that comes into 180, 90 or 30 days; returns how many were new.

    A loss is told by partner, day and tier: said once per distance, and only for the nearest distance it has reached
    (one first seen 80 days ahead is said at 90). Emits TierAtRisk for each manager of the partner and for its
    channel manager, in the transaction that stores the alarm. Nothing happens while no programme is in force.
    """
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    if version is None:
        return 0
    rules, raised = rules_of(version), 0
    partners = list(Partner.objects.filter(suspended_at=None, current_tier__isnull=False).order_by("pk"))
    for start in range(0, len(partners), BATCH):
        some = partners[start : start + BATCH]
        for partner, loss in _losses(some, rules, at):
            raised += _raise(partner, loss, rules, at)
    return raised


def _losses(partners: Sequence[Partner], rules: engine.Programme, at: datetime) -> list[tuple[Partner, Loss]]:
    moment = at.astimezone(UTC)
    facts = gather_many(partners=partners, at=at)
    decided = Decision.objects.filter(partner__in=partners).newest().values_list("partner_id", "result__ruling")
    held = {pk: engine.Ruling.from_json(ruling) for pk, ruling in decided}
    found = []
    for partner in partners:
        now, ruling = engine.evaluate(rules, facts[partner.pk], moment), held.get(partner.pk)
        # A tier that is only kept is no longer reached: that was said by its decision, if not by a change of the rules.
        if ruling is not None and (ruling.kept_by or (now.tier is not None and now.tier == ruling.tier)):
            loss = forecast(rules, facts[partner.pk], now, days=max(DAYS_AHEAD), ruling=ruling)
            if loss is not None:
                found.append((partner, loss))
    return found


@transaction.atomic
def _raise(partner: Partner, loss: Loss, rules: engine.Programme, at: datetime) -> bool:
    """Stores the alarm and has its letters sent; False when it was said before. Locks the partner."""
    left = (loss.on - at.astimezone(UTC).date()).days
    ahead = next(days for days in DAYS_AHEAD if left <= days)
    partner = Partner.objects.select_for_update(of=("self",)).select_related("channel_manager").get(pk=partner.pk)
    tier = partner.current_tier
    if tier is None:
        return False
    names = {one.id: one.name for one in rules.tiers}
    detail = {
        "requirements": list(dict.fromkeys(finding.label for finding in loss.failing)),
        "endings": [
            {"person": ending.person, "code": ending.code, "last_day": ending.last_day.isoformat()}
            for ending in loss.endings
        ],
    }
    alarm, is_new = Alarm.objects.get_or_create(
        partner=partner,
        lost_on=loss.on,
        tier=tier,
        days_ahead=ahead,
        defaults={"tier_after": names.get(loss.tier or "", "no tier"), "raised_at": at, "detail": detail},
    )
    if is_new:
        emit(*(TierAtRisk(at=at, alarm_id=alarm.public_id, person_id=person) for person in _to(partner, at)))
    return is_new


def _to(partner: Partner, at: datetime) -> list[UUID]:
    """Public ids of the partner's managers of today and of its channel manager, each once."""
    managers = Membership.objects.active(at.astimezone(UTC).date()).managers()
    people = list(
        managers.filter(partner=partner, person__is_active=True)
        .order_by("person_id")
        .values_list("person__public_id", flat=True)
    )
    if partner.channel_manager is not None and partner.channel_manager.is_active:
        people.append(partner.channel_manager.public_id)
    return list(dict.fromkeys(people))


def alarm_lines(alarm: Alarm) -> tuple[AlarmLine, ...]:
    """Who has to do what, soonest first. Three queries. Names as they are today, so a forgotten person stays so."""
    endings = alarm.detail["endings"]
    people = User.objects.filter(public_id__in=[ending["person"] for ending in endings if ending["person"]])
    names = {str(person.public_id): person.name for person in people}
    wanted = Certification.objects.filter(slug__in=[ending["code"] for ending in endings if ending["code"]])
    known = {one.slug: one for one in wanted.prefetch_related("requirements__assessment")}
    names[""] = alarm.partner.name  # a document or a fee of the partner ends
    return tuple(_line(ending, names, known.get(ending["code"])) for ending in endings)


def _line(ending: dict[str, str], names: dict[str, str], certification: Certification | None) -> AlarmLine:
    what, renewal = ending["code"] or "leaves the partner", ""
    if not ending["person"]:
        what, renewal = f"{ending['code'].replace('_', ' ')} ends", "Renewed by a newer document or payment."
    if certification is not None:
        exams = [step.assessment.title for step in certification.requirements.all() if step.assessment is not None]
        what = f"{certification.title} ends"
        renewal = f"Renewed by passing {', '.join(exams)} again." if exams else "Renewed by its courses."
        if certification.retired_at is not None:
            renewal = "It is retired and can't be renewed."
    return AlarmLine(
        name=names.get(ending["person"], ""),
        what=what,
        last_day=date.fromisoformat(ending["last_day"]),
        renewal=renewal,
    )
