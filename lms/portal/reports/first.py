"""What to do first: at most four things per report, the most urgent first, each with where to do it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.urls import reverse

from lms.partners.models import Partner
from lms.portal.reports.model import Cell, Report
from lms.portal.words import count_words, listed
from lms.tiers.services import NoProgrammeInForce, TierStatus, status, statuses

MOST = 4
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing to do. `url` "" where the reader has no page for it; `tone` as badges have it."""

    title: str
    text: str
    url: str
    tone: str = "neutral"


def first_things(report: Report, *, at: datetime, may_open_partners: bool = True) -> tuple[Action, ...]:
    """From the tiers as they stand and from the report itself; empty when nothing is urgent."""
    if report.partner is not None:
        found = _of_partner(report, report.partner, at)
    else:
        found = _of_all(report, at, may_open_partners)
    return tuple(islice(found, MOST))


def _of_partner(report: Report, partner: Partner, at: datetime) -> Iterator[Action]:
    standing = _status(partner, at)
    if standing is not None and standing.risk is not None:
        yield Action(
            title=f"{standing.tier} ends on {standing.risk.on:%d %B %Y}",
            text=f"{listed(standing.risk.labels)} would no longer suffice.",
            url=reverse("portal:partner", args=[partner.public_id]),
            tone="warn",
        )
    if standing is not None and standing.next_tier and standing.missing:
        yield Action(
            title=f"{count_words(len(standing.missing), 'requirement')} to {standing.next_tier}",
            text=listed([row.label for row in standing.missing[:_NAMED]]),
            url=reverse("tiers:way", args=[partner.public_id]),
        )
    people = report.figure("active_people")
    idle = (people.denominator or 0) - (people.numerator or 0)
    if idle > 0:
        yield Action(
            title=f"{count_words(idle, 'person', 'people')} did nothing last month",
            text=f"{people.value} were active. Ask the others what stands in their way.",
            url=reverse("portal:partner_people", args=[partner.public_id]),
        )
    yield from _worst_lesson(report, reverse("portal:partner_people", args=[partner.public_id]))


def _status(partner: Partner, at: datetime) -> TierStatus | None:
    try:
        return status(partner=partner, at=at)
    except NoProgrammeInForce:
        return None


def _worst_lesson(report: Report, url: str) -> Iterator[Action]:
    table = report.by_key.get("drop_off")
    if table is None:
        return
    worst = max(table.shown, key=lambda row: row[2] or 0)
    if worst[2]:
        yield Action(
            title=f"{count_words(int(worst[2]), 'person', 'people')} stopped before “{worst[0]}”",  # type: ignore[arg-type]
            text=table.title.removeprefix("Where people stop: "),
            url=url,
        )


def _of_all(report: Report, at: datetime, may_open: bool) -> Iterator[Action]:
    standings = statuses(partners=Partner.objects.filter(suspended_at=None).select_related("current_tier"), at=at)
    at_risk = sorted(
        (one for one in standings.values() if one.risk is not None),
        key=lambda one: (one.risk.on, one.partner.name),  # type: ignore[union-attr]
    )
    if at_risk:
        yield Action(
            title=f"{count_words(len(at_risk), 'partner')} would lose the tier within 90 days",
            text=_names([one.partner.name for one in at_risk]),
            url=reverse("portal:partners") if may_open else "",
            tone="warn",
        )
    yield from _quiet(report, may_open)
    yield from _falling(report)


def _quiet(report: Report, may_open: bool) -> Iterator[Action]:
    """Partners of whom nobody did anything in the last whole month."""
    table = report.by_key.get("partners")
    if table is None:
        return
    quiet = [str(row[0]) for row in table.shown if not row[5]]
    if quiet:
        yield Action(
            title=f"{count_words(len(quiet), 'partner')} did nothing last month",
            text=_names(quiet),
            url=f"{reverse('portal:partners')}?sort=rate" if may_open else "",
        )


def _falling(report: Report) -> Iterator[Action]:
    """The two newest cohorts that can be compared: fewer complete within 30 days than before."""
    rows: Sequence[Sequence[Cell]] = [row for row in report.by_key["cohorts"].shown if row[1] and row[2] is not None]
    if len(rows) < 2:
        return
    before, newest = rows[-2], rows[-1]
    if int(newest[2]) * int(before[1]) < int(before[2]) * int(newest[1]):  # type: ignore[arg-type]
        yield Action(
            title=f"Fewer of {newest[0]} completed within 30 days",
            text=f"{newest[2]} of {newest[1]}, after {before[2]} of {before[1]} in {before[0]}.",
            url="",
        )


def _names(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    left = len(names) - len(shown)
    return listed([*shown, f"{left} more"] if left else shown)
