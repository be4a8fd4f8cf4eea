"""Version 3 of the programme's rules as a draft: who has to approve it, who did, and who objects."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import yaml

from lms.demo.calendar import Calendar
from lms.demo.people import FOLDER, Cast
from lms.demo.timeline import Timeline, told_when_refused
from lms.tiers.models import Programme, ProgrammeDraft
from lms.tiers.services import appoint_approver, give_opinion, propose_programme


def plan_approvals(cast: Cast, timeline: Timeline, calendar: Calendar) -> None:
    """Puts the appointments, the draft and what is said to it on the timeline."""
    data = yaml.safe_load((FOLDER / "approvals.yaml").read_text())
    timeline.add(calendar.now - timedelta(days=data["appointed_days_ago"]), partial(_appoint, data, cast))
    timeline.add(calendar.now - timedelta(days=data["days_ago"]), told_when_refused(partial(_propose, data, cast)))
    for row in data["opinions"]:
        at = calendar.now - timedelta(days=row["days_ago"])
        timeline.add(at, told_when_refused(partial(_say, row, cast)))


def _appoint(data: dict[str, Any], cast: Cast, at: datetime) -> None:
    by = cast.staff["portal_manager"]
    for function, role in data["functions"].items():
        appoint_approver(function=function, person=cast.staff[role], reason=data["reasons"][function], by=by, at=at)


def _propose(data: dict[str, Any], cast: Cast, at: datetime) -> None:
    programme = Programme.objects.get(slug=data["programme"])
    newest = programme.versions.latest("number")
    propose_programme(
        programme=programme,
        document={**newest.document, "approvals": list(data["functions"]), "lifecycle": data["lifecycle"]},
        effective_at=at + timedelta(days=data["begins_after"]),
        purpose=data["purpose"],
        by=cast.staff["portal_manager"],
        at=at,
    )


def _say(row: dict[str, Any], cast: Cast, at: datetime) -> None:
    draft = ProgrammeDraft.objects.open().latest("proposed_at")
    give_opinion(
        draft=draft,
        function=row["function"],
        is_approval=row["is_approval"],
        reason=row["reason"],
        digest=draft.digest,
        by=cast.staff[row["role"]],
        at=at,
    )
