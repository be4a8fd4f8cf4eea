"""Who stands for whom in the demo, and what both sides say of their partnership: fixtures/demo/relations.yaml."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import yaml

from lms.accounts.models import User
from lms.demo.calendar import Calendar
from lms.demo.people import FOLDER
from lms.demo.timeline import Timeline, told_when_refused
from lms.partners.alignment import Verdict, current_questions
from lms.partners.models import Counterpart, Membership, Partner
from lms.partners.services import answer_alignment, end_counterpart, name_counterpart
from lms.partners.sides import Function, Side


def plan_relations(timeline: Timeline, calendar: Calendar) -> None:
    """Puts names and answers on the timeline."""
    data = yaml.safe_load((FOLDER / "relations.yaml").read_text())
    for row in data["counterparts"]:
        timeline.add(calendar.now - timedelta(days=row["days_ago"]), told_when_refused(partial(_name, row)))
        if "ended" in row:
            timeline.add(calendar.now - timedelta(days=row["ended"]), told_when_refused(partial(_end, row)))
    for row in data["answers"]:
        timeline.add(calendar.now - timedelta(days=row["days_ago"]), told_when_refused(partial(_answer, row)))


def _partner(row: dict[str, Any]) -> Partner:
    return Partner.objects.select_related("channel_manager").get(slug=row["partner"])


def _speakers(partner: Partner, at: datetime) -> dict[Side, User]:
    managers = Membership.objects.active(at.date()).managers().filter(partner=partner).select_related("person")
    ours = partner.channel_manager
    theirs = managers.order_by("pk").first()
    if ours is None or theirs is None:
        raise LookupError(f"Nobody speaks for {partner}.")
    return {Side.VENDOR: ours, Side.PARTNER: theirs.person}


def _name(row: dict[str, Any], at: datetime) -> None:
    partner = _partner(row)
    speakers = _speakers(partner, at)
    for side, key, host in ((Side.VENDOR, "ours", "halden"), (Side.PARTNER, "theirs", partner.slug)):
        if key in row:
            person = User.objects.get(email=f"{row[key]}@{host}.example")
            function = Function(row["function"])
            name_counterpart(partner=partner, side=side, function=function, person=person, by=speakers[side], at=at)


def _end(row: dict[str, Any], at: datetime) -> None:
    partner = _partner(row)
    speakers = _speakers(partner, at)
    for one in Counterpart.objects.named().filter(partner=partner, function=row["function"]).select_related("partner"):
        end_counterpart(counterpart=one, by=speakers[Side(one.side)], at=at)


def _answer(row: dict[str, Any], at: datetime) -> None:
    partner = _partner(row)
    speakers = _speakers(partner, at)
    for side, key in ((Side.VENDOR, "ours"), (Side.PARTNER, "theirs")):
        verdict, sentence = row[key]
        answer_alignment(
            partner=partner,
            question=row["question"],
            version=current_questions()[row["question"]].version,
            verdict=Verdict(verdict),
            sentence=sentence,
            by=speakers[side],
            at=at,
        )
