"""Facts from outside training: the rules that ask for them since their second version, survey figures, documents."""

import io
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import yaml
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from lms.demo.calendar import Calendar
from lms.demo.people import FOLDER, Cast
from lms.demo.timeline import Timeline, told_when_refused
from lms.partners.models import Membership, Partner
from lms.tiers.models import Programme
from lms.tiers.services import METRIC_COLUMNS, hand_in_evidence, import_metrics, judge_evidence, publish_programme


def plan_outside(cast: Cast, timeline: Timeline, calendar: Calendar) -> None:
    """Puts version 2 of the rules, with its migration map, and what surveys and partners say on the timeline."""
    data = yaml.safe_load((FOLDER / "outside.yaml").read_text())
    rules = calendar.morning(data["effective_on"])
    timeline.add(rules, told_when_refused(partial(_publish, data, cast, calendar)))
    for row in data["figures"]:
        at = calendar.now - timedelta(days=row["days_ago"])
        timeline.add(at, told_when_refused(partial(_import, row, cast)))
    for row in data["documents"]:
        at = calendar.now - timedelta(days=row["days_ago"])
        timeline.add(at, told_when_refused(partial(_hand_in, row, cast, timeline)))


def _publish(data: dict[str, Any], cast: Cast, calendar: Calendar, at: datetime) -> None:
    document = second_version(data, no_loss_until=calendar.day(data["no_loss_until"]))
    programme = Programme.objects.get(slug=document["id"])
    by = cast.staff["portal_manager"]
    publish_programme(programme=programme, document=document, effective_at=at, by=by, at=at)


def second_version(data: dict[str, Any], *, no_loss_until: date) -> dict[str, Any]:
    """Version 1 with what it asks for besides. Who held a tier keeps it until the last day without loss,
    and a certification that is merged into another counts as that one as long."""
    document: dict[str, Any] = yaml.safe_load((FOLDER / "programme.yaml").read_text())
    document["labels"] |= data["labels"]
    document["cases"] = data["cases"]
    document["migration"] = {**data["migration"], "no_loss_until": no_loss_until.isoformat()}
    for tier in document["tiers"]:
        tier["requires"]["all"] += data["requires"].get(tier["id"], [])
    return document


def _import(row: dict[str, Any], cast: Cast, at: datetime) -> None:
    day = at.astimezone(UTC).date()
    until = day + timedelta(days=row["holds"])
    lines = [f"{partner},{row['metric']},{value},{day},{until},{row['source']}" for partner, value in row["of"].items()]
    import_metrics(text="\n".join((",".join(METRIC_COLUMNS), *lines)), by=cast.staff["portal_manager"], at=at)


def _hand_in(row: dict[str, Any], cast: Cast, timeline: Timeline, at: datetime) -> None:
    """By a manager of the partner; judged two days later, where somebody has."""
    partner, day = Partner.objects.get(slug=row["partner"]), at.astimezone(UTC).date()
    manager = Membership.objects.active(day).managers().filter(partner=partner).select_related("person").order_by("pk")
    document = hand_in_evidence(
        partner=partner,
        kind="reference-story",
        title=row["title"],
        valid_until=day + timedelta(days=row["holds"]),
        file=_paper(row["title"]),
        file_name="reference-story.pdf",
        by=manager[0].person,
        at=at,
    )

    def judge(now: datetime) -> None:
        is_accepted, reason = row["is_accepted"], row["reason"]
        by = partner.channel_manager or cast.staff["channel_manager"]
        judge_evidence(document=document, is_accepted=is_accepted, reason=reason, until=None, by=by, at=now)

    if "reason" in row:
        timeline.add(at + timedelta(days=2), told_when_refused(judge))


def _paper(title: str) -> bytes:
    out = io.BytesIO()
    sheet = Canvas(out, pagesize=A4, invariant=True)
    sheet.setTitle(title)
    sheet.setFont("Helvetica-Bold", 20)
    sheet.drawString(60, 760, title)
    sheet.showPage()
    sheet.save()
    return out.getvalue()
