"""Why a learning record counted or not, in plain words: who vouches for it, what it made, which decision used it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils.timesince import timesince, timeuntil

from certifications.models import Credential
from lms.partners.models import Partner
from lms.portal.words import listed
from lms.reporting.models import CourseRecord
from lms.reporting.projection import VERBS
from lms.tiers.models import Decision
from lms.xapi import vocabulary
from lms.xapi.agents import account_id
from lms.xapi.models import Statement
from lms.xapi.people import known_as

DECISIONS_NAMED = 5
SKEW = timedelta(hours=1)

_FACTS = {
    "registered_statement": "the enrolment",
    "completed_statement": "the completion",
    "withdrawn_statement": "the withdrawal",
}


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One point; `tone` as everywhere (accent: it counted, warn and danger: it did not), `url` where to read on."""

    text: str
    tone: str = "neutral"
    url: str = ""


def reasons(statement: Statement, body: Mapping[str, Any]) -> list[Reason]:
    """All points, in the order in which they decide. Constant queries; only decisions of the partner are looked at."""
    return [
        _vouched(statement),
        *_timed(statement),
        *_voided(statement),
        *_record(statement, body),
        *_certificates(statement, body),
        *_decisions(statement, body),
    ]


def _vouched(statement: Statement) -> Reason:
    authority = statement.authority
    if authority.is_platform:
        return Reason(text="This platform recorded it itself, so it can count.", tone="accent")
    if authority.is_trusted:
        text = f"{authority.name} vouches for it. An administrator trusts its completions, so it can count."
        return Reason(text=text, tone="accent")
    text = (
        f"{authority.name} vouches for it, which nobody trusts for completions: it is kept as a claim and never counts."
    )
    return Reason(text=text, tone="warn")


def _timed(statement: Statement) -> Iterator[Reason]:
    """Times that lie far apart: only who says when it happened can be wrong, the store's own time is its own."""
    early = statement.happened_at - statement.stored_at
    if early > SKEW:
        yield Reason(
            text=f"It is said to have happened {timeuntil(statement.happened_at, statement.stored_at)} after it was "
            "stored: a clock is wrong, or the time is made up.",
            tone="warn",
        )
    elif -early > SKEW:
        late = timesince(statement.happened_at, statement.stored_at)
        yield Reason(text=f"It was stored {late} after it is said to have happened.")


def _voided(statement: Statement) -> Iterator[Reason]:
    if statement.voided_by is None:
        return
    voiding = Statement.objects.select_related("authority").filter(statement_id=statement.voided_by).first()
    text = "It was voided, so it counts no more."
    if voiding is not None:
        day = format_date(voiding.stored_at, "j F Y")
        text = f"It was voided on {day} by {voiding.authority.name}, so it counts no more."
    yield Reason(text=text, tone="danger", url=reverse("portal:record", args=[statement.voided_by]))


def _record(statement: Statement, body: Mapping[str, Any]) -> Iterator[Reason]:
    """What it is in a course record, or why it is in none."""
    used = Q()
    for field in _FACTS:
        used |= Q(**{field: statement.statement_id})
    record = CourseRecord.objects.filter(used).select_related("person").first()
    if record is None:
        yield Reason(text=_why_in_no_record(statement, body))
        return
    facts = listed([words for field, words in _FACTS.items() if getattr(record, field) == statement.statement_id])
    sender = record.partner_public_id
    partner = Partner.objects.filter(public_id=sender).first() if sender else None
    rate = f" It counts in the completion rate of {partner.name}." if partner else ""
    if record.registered_at is None:
        rate = " Without an enrolment it counts in no completion rate."
    yield Reason(
        text=f"It is {facts} in the record of {record.activity_name or record.activity_iri}.{rate}",
        tone="accent",
        url=reverse("portal:partner", args=[partner.public_id]) if partner else "",
    )


def _why_in_no_record(statement: Statement, body: Mapping[str, Any]) -> str:
    if statement.verb_key not in VERBS:
        return "Completion rates are made of enrolments, completions and withdrawals only, and this is none of them."
    if body["object"].get("definition", {}).get("type") != vocabulary.COURSE:
        return "Completion rates are made of what is said about whole courses only."
    if statement.registration is None:
        return "It names no registration, and completion rates count registrations."
    if account_id(body["actor"]) is None:
        return "It is about somebody without an account here."
    if statement.voided_by is not None or not statement.authority.is_trusted:
        return "So it is in no course record."
    return "Another record of the same registration came first, or it is about somebody else than that one."


def _certificates(statement: Statement, body: Mapping[str, Any]) -> Iterator[Reason]:
    person = account_id(body["actor"])
    if person is None:
        return
    person = known_as([person]).get(person, person)
    held = Credential.objects.filter(person__public_id=person).select_related("certification").order_by("pk")
    for credential in held:
        issued = credential.as_issued
        if str(statement.statement_id) in (*issued.statement_ids, issued.statement_id):
            text = (
                f"The certificate “{issued.title}”, issued {format_date(credential.issued_at, 'j F Y')}, rests on it."
            )
            yield Reason(
                text=text, tone="accent", url=reverse("certifications:credential", args=[credential.public_id])
            )


def _decisions(statement: Statement, body: Mapping[str, Any]) -> Iterator[Reason]:
    """The newest decisions whose stored inputs name it, of the partners of its person and of its team."""
    found = (
        Decision.objects.filter(partner__in=_partners(statement, body))
        .annotate(text=Cast("inputs", TextField()))
        .filter(text__contains=str(statement.statement_id))
        .select_related("partner", "tier")
        .defer("inputs", "result")
        .order_by("-decided_at", "-pk")
    )
    decisions = list(found[: DECISIONS_NAMED + 1])
    for decision in decisions[:DECISIONS_NAMED]:
        day = format_date(decision.decided_at, "j F Y")
        named = f"Decision {decision.number} on {decision.partner.name} ({decision.tier.name}, {day})"
        yield Reason(
            text=f"{named} names it as evidence.",
            tone="gold",
            url=reverse("tiers:decision", args=[decision.partner.public_id, decision.number]),
        )
    if len(decisions) > DECISIONS_NAMED:
        yield Reason(text="Older decisions name it too.")
    if not decisions:
        yield Reason(text="No tier decision has used it.")


def _partners(statement: Statement, body: Mapping[str, Any]) -> list[int]:
    team: UUID | None = account_id(body.get("context", {}).get("team", {}))
    person = account_id(body["actor"])
    wanted = Q(public_id=team) if team else Q(pk__in=[])
    if person is not None:
        person = known_as([person]).get(person, person)
        wanted |= Q(memberships__person__public_id=person)
    return list(Partner.objects.filter(wanted).values_list("pk", flat=True).distinct())
