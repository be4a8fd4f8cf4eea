"""Knowledge checks inside lessons: one item, answered as often as one likes, with feedback at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from django.core import signing
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from lms.accounts.models import User
from lms.assessments import items, statements
from lms.assessments.errors import NoSuchItem
from lms.assessments.media import addresses_for
from lms.assessments.models import Item, ItemVersion
from lms.assessments.services.hints import NO_HINTS, Hints, hints_from
from lms.partners.models import Membership
from lms.xapi import services as xapi

_SALT = "assessments.check"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """`outcome` is right, partly or wrong. `feedback` is for showing after the answer only."""

    outcome: str
    points: Decimal
    feedback: tuple[SafeString, ...]

    @property
    def words(self) -> str:
        return {"right": "Right.", "partly": "Partly right.", "wrong": "Not quite."}[self.outcome]

    @property
    def tone(self) -> str:
        return {"right": "accent", "partly": "warn", "wrong": "danger"}[self.outcome]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What `assessments/_check.html` shows. `ticket` proves that the item was shown to this person in a lesson."""

    item_id: UUID
    url: str
    ticket: str
    question: items.Question
    hints: Hints = NO_HINTS
    back: str = ""
    result: CheckResult | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """For element ids: unique on a page."""
        return f"check-{self.item_id.hex[:12]}"


@dataclass(frozen=True, kw_only=True)
class CheckContext:
    """Where a check stands: the lesson's activity, the enrolment's registration, the address to go back to."""

    parent_iri: str = ""
    registration: UUID | None = None
    back: str = ""


def prepare_checks(
    *, codes: Iterable[str], person: User, at: datetime, context: CheckContext | None = None
) -> dict[str, Check]:
    """Checks to show, by item code in the order asked for; a code is missing when no bank for checks has it live.
    One query.

    The order of options stays the same for a person and a day. Nothing of the key is in a check.
    """
    context, codes = context or CheckContext(), list(dict.fromkeys(codes))
    found = Item.objects.for_checks().filter(code__in=codes)
    versions = found.live_versions().exclude(type__in=items.MARKED).select_related("item")
    by_code = {version.item.code: version for version in versions.order_by("-item__bank__slug")}
    return {code: _check(by_code[code], person, at, context) for code in codes if code in by_code}


def prepare_check(*, code: str, person: User, at: datetime, context: CheckContext | None = None) -> Check:
    """One check to show. Raises NoSuchItem."""
    found = prepare_checks(codes=[code], person=person, at=at, context=context)
    if code not in found:
        raise NoSuchItem("This question is not available any more.")
    return found[code]


def _check(
    version: ItemVersion, person: User, at: datetime, context: CheckContext, answer: items.Answer = None
) -> Check:
    ticket = {
        "item": str(version.item.public_id),
        "person": str(person.public_id),
        "parent": context.parent_iri,
        "registration": str(context.registration or ""),
        "back": context.back,
    }
    return Check(
        item_id=version.item.public_id,
        url=reverse("assessments:check", args=[version.item.public_id]),
        ticket=signing.dumps(ticket, salt=_SALT),
        question=items.present(
            version.kind,
            version.loaded_content,
            _shown(version, person, at),
            answer,
            address=addresses_for(person.pk),
        ),
        hints=hints_from(version.loaded_key, 0, person.pk),
        back=context.back,
    )


def check_hints(*, item: Item, person: User, count: int) -> Hints:
    """The first `count` hints of a check, and which comes next. Raises NoSuchItem."""
    return hints_from(_newest(item).loaded_key, count, person.pk)


def _shown(version: ItemVersion, person: User, at: datetime) -> items.Shown:
    seed = f"{version.pk}|{person.public_id}|{at.date()}"
    rng = Random(seed)  # noqa: S311  the order of a check is no secret
    return items.show(version.kind, version.loaded_content, rng, with_tokens=False)


def open_check(*, item_id: UUID, ticket: str, person: User, at: datetime) -> tuple[Item, Check, CheckContext]:
    """The check that a ticket was made for. Raises NoSuchItem for a forged ticket or one of another item or person.

    Without it, anybody could ask for the answer of any item, those of exams included.
    """
    try:
        told = signing.loads(ticket, salt=_SALT)
    except signing.BadSignature:
        told = {}
    if (told.get("item"), told.get("person")) != (str(item_id), str(person.public_id)):
        raise NoSuchItem("This question is not available any more.")
    version = _newest(Item.objects.for_checks().filter(public_id=item_id).first())
    registration = UUID(told["registration"]) if told["registration"] else None
    context = CheckContext(parent_iri=told["parent"], registration=registration, back=told["back"])
    return version.item, _check(version, person, at, context), context


def _newest(item: Item | None) -> ItemVersion:
    live = item.versions.live() if item else ItemVersion.objects.none()
    version = live.select_related("item").order_by("-number").first()
    if version is None or version.kind.is_marked:  # nobody is there to mark what stands in a lesson
        raise NoSuchItem("This question is not available any more.")
    return version


def check_answer(
    *,
    item: Item,
    answer: Any,
    person: User,
    membership: Membership | None,
    at: datetime,
    context: CheckContext | None = None,
    hints: int = 0,
) -> CheckResult:
    """Scores an answer as posted and records it as `answered`, with how many hints it took; every answer is recorded,
    none is kept as a grade.

    Raises AnswerRefused for an answer that the check cannot have sent or that is empty, NoSuchItem for an item without
    a version.
    """
    context = context or CheckContext()
    version = _newest(item)
    parsed = items.parse_answer(version.type, version.loaded_content, _shown(version, person, at), answer)
    if parsed is None:
        raise items.AnswerRefused("Choose or write an answer first.")
    key = version.loaded_key
    points = items.score(version.type, key, parsed, Decimal(1))
    statement = statements.checked(
        person=person,
        membership=membership,
        item=item,
        answer=parsed,
        points=points,
        parent_iri=context.parent_iri,
        registration=context.registration,
        hints=hints,
        at=at,
    )
    xapi.record([statement], authority=xapi.platform_authority(), at=at)
    outcome = "right" if points == 1 else "partly" if points else "wrong"
    remarks = items.feedback(version.type, key, parsed)
    return CheckResult(
        outcome=outcome,
        points=points,
        feedback=tuple(
            mark_safe(items.with_addresses(remark, addresses_for(person.pk)))  # noqa: S308  cleaned when it was made
            for remark in remarks
        ),
    )
