"""The alignment checklist of a partner: answering it, and the red flags that the answers raise."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.partners.alignment import (
    SENTENCE_LENGTH,
    Flag,
    Question,
    Verdict,
    by_question,
    current_questions,
    flag_of,
    flags,
    is_stale,
)
from lms.partners.models import AlignmentAnswer, Partner
from lms.partners.rules import side_of
from lms.partners.services.errors import NotYourSide, PartnerSuspended, UnknownQuestion
from lms.partners.services.memberships import lock_partner
from lms.partners.sides import Side


def _names(partner: Partner) -> dict[Side, str]:
    return {Side.VENDOR: settings.VENDOR_NAME, Side.PARTNER: partner.name}


@transaction.atomic
def answer_alignment(
    *, partner: Partner, question: str, version: int, verdict: Verdict, sentence: str, by: User, at: datetime
) -> AlignmentAnswer:
    """Keeps what the person's side says to a question; its answer before becomes history.

    The same answer again on the same day (UTC) changes nothing; on a later day it is an answer anew, for it says that
    it is still so. Raises NotYourSide, PartnerSuspended, UnknownQuestion (also for words that have changed since the
    form was opened), UnsafeInput. Locks the partner; a constraint keeps one answer per side and question in force.
    """
    partner = lock_partner(partner)
    side = side_of(by, partner)
    if side is None:
        raise NotYourSide("You don't speak for one of the sides. Nothing was changed.")
    if partner.suspended_at is not None:
        raise PartnerSuspended(f"{partner.name} is suspended. Nothing was changed.")
    asked = current_questions().get(question)
    if asked is None or asked.version != version:
        raise UnknownQuestion("This question has changed. Read it again, then answer; nothing was changed.")
    words = _sentence(sentence)
    before = AlignmentAnswer.objects.in_force().filter(partner=partner, side=side, question=question).first()
    if before is not None and _is_same(before, version, verdict, words, at):
        return before
    if before is not None:
        before.replaced_at = max(at, before.answered_at)
        before.save(update_fields=["replaced_at"])
    answer = AlignmentAnswer.objects.create(
        partner=partner,
        side=side,
        question=question,
        version=version,
        verdict=verdict,
        sentence=words,
        answered_at=at,
        answered_by=by,
    )
    detail: dict[str, object] = {"side": side, "question": question, "version": version, "verdict": verdict}
    record_audit(
        action="partners.answer_alignment",
        actor=by,
        at=at,
        target=answer,
        partner_id=partner.public_id,
        detail=detail,
    )
    return answer


def _sentence(text: str) -> str:
    words = guards.clean_name(text)
    if not words or len(words) > SENTENCE_LENGTH:
        raise guards.UnsafeInput(f"Say it in a sentence of at most {SENTENCE_LENGTH} characters. Nothing was saved.")
    return words


def _is_same(before: AlignmentAnswer, version: int, verdict: Verdict, words: str, at: datetime) -> bool:
    said = (before.version, before.verdict, before.sentence, before.answered_at.date())
    return said == (version, verdict, words, at.date())


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a side said to a question, or that it has not answered yet (`answer` None)."""

    side: Side
    name: str
    answer: AlignmentAnswer | None
    is_stale: bool


@dataclass(frozen=True, kw_only=True)
class AlignmentRow:
    """One question with both sides' answers and the flag they raise."""

    question: Question
    given: tuple[Given, ...]
    flag: Flag | None

    @property
    def is_open(self) -> bool:
        return any(one.answer is None for one in self.given)

    @property
    def is_aligned(self) -> bool:
        return all(one.answer is not None and one.answer.verdict == Verdict.ALIGNED for one in self.given)


def alignment_rows(partner: Partner, at: datetime) -> list[AlignmentRow]:
    """The checklist of a partner: flagged questions first, then as they are asked. One query.

    A suspended partner raises no flag: nobody talks to it for now.
    """
    answers = AlignmentAnswer.objects.in_force().filter(partner=partner).select_related("answered_by")
    given, names = by_question(answers), _names(partner)
    rows = [
        AlignmentRow(
            question=question,
            given=tuple(_given(given.get(slug, {}).get(side), question, side, names, at) for side in Side),
            flag=None if partner.suspended_at else flag_of(question, given.get(slug, {}), at, names),
        )
        for slug, question in current_questions().items()
    ]
    return sorted(rows, key=lambda row: (row.flag is None, 0 if row.flag is None else row.flag.gravity))


def _given(
    answer: AlignmentAnswer | None, question: Question, side: Side, names: dict[Side, str], at: datetime
) -> Given:
    return Given(
        side=side, name=names[side], answer=answer, is_stale=answer is not None and is_stale(answer, question, at)
    )


def red_flags(partners: Iterable[Partner], at: datetime) -> dict[int, list[Flag]]:
    """By partner (pk) its flags, the gravest first; partners without one are not in it. One query."""
    by_pk = {partner.pk: partner for partner in partners}
    answers: dict[int, list[AlignmentAnswer]] = {}
    for row in AlignmentAnswer.objects.in_force().filter(partner__in=by_pk):
        answers.setdefault(row.partner_id, []).append(row)
    found = {pk: flags(some, at, _names(by_pk[pk])) for pk, some in answers.items()}
    return {pk: some for pk, some in found.items() if some}
