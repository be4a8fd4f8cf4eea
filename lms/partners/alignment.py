"""The alignment checklist: its questions, kept here with every wording they ever had, and what raises a red flag. Pure.

Each side answers for itself. A question raises one flag at most, the gravest: a side sees a misfit; the sides differ;
an answer is older than STALE_AFTER, or was given to an earlier wording. A question that a side has not answered yet is
open, which is no flag.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol, TypeVar

from django.db import models

from lms.partners.sides import Side

STALE_AFTER = timedelta(days=182)
STALE_WORDS = "six months"
SENTENCE_LENGTH = 300


class Verdict(models.TextChoices):
    ALIGNED = "aligned", "Aligned"
    UNSURE = "unsure", "Unsure"
    MISFIT = "misfit", "Misfit"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One wording of a question. Another wording that asks something else is the next version of the same slug."""

    slug: str
    version: int
    topic: str
    words: str


# Newest wordings and earlier ones alike, in the order in which they are asked. Nothing is taken out: answers of
# before are shown with the words they were given to. Published guides to alliances name these five, first of all
# that the incentives of the people who sell point the same way.
QUESTIONS = (
    Question(
        slug="goals",
        version=1,
        topic="Goals",
        words="Do we want the same from working together in the next twelve months?",
    ),
    Question(
        slug="incentives",
        version=1,
        topic="Incentives",
        words="Does selling this together pay for the people who do it, on both sides?",
    ),
    Question(
        slug="sales-forces",
        version=1,
        topic="Sales forces",
        words="Do our two sales teams help each other, and not compete for the same customer?",
    ),
    Question(
        slug="products",
        version=1,
        topic="Products",
        words="Do our products fit together, with none that replaces the other's?",
    ),
    Question(
        slug="territories",
        version=1,
        topic="Territories",
        words="Is it clear to both who works in which territory and industry?",
    ),
)


class Answer(Protocol):
    """What is asked of an answer (lms.partners.models.AlignmentAnswer)."""

    side: str
    question: str
    version: int
    verdict: str
    sentence: str
    answered_at: datetime


A = TypeVar("A", bound=Answer)


class Gravity(IntEnum):
    """The gravest first."""

    MISFIT = 0
    DIFFERENT = 1
    STALE = 2


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Why a question is red: `because` are the answers that made it, the vendor's first."""

    question: Question
    gravity: Gravity
    because: tuple[Answer, ...]
    title: str
    next_step: str


def current_questions(questions: Iterable[Question] = QUESTIONS) -> dict[str, Question]:
    """The newest wording of each question by slug, in the order in which they are asked."""
    newest: dict[str, Question] = {}
    for one in questions:
        if one.slug not in newest or newest[one.slug].version < one.version:
            newest[one.slug] = one
    return newest


def wording(slug: str, version: int) -> Question:
    """The question as it was asked in that version; without its words should somebody have taken it out."""
    gone = Question(slug=slug, version=version, topic=slug.replace("-", " ").capitalize(), words="")
    return next((one for one in QUESTIONS if (one.slug, one.version) == (slug, version)), gone)


def is_stale(answer: Answer, question: Question, at: datetime) -> bool:
    """Too old to rely on, or given to other words than are asked today."""
    return answer.version != question.version or at - answer.answered_at > STALE_AFTER


def flag_of(question: Question, answers: Mapping[str, Answer], at: datetime, names: Mapping[Side, str]) -> Flag | None:
    """The gravest flag that the sides' answers (by side) to the question raise, or None. `names` are the sides'."""
    both = tuple(answers[side] for side in Side if side in answers)
    misfits = tuple(one for one in both if one.verdict == Verdict.MISFIT)
    if misfits:
        title = "Both of us see a misfit" if len(misfits) == 2 else f"{names[Side(misfits[0].side)]} sees a misfit"
        step = "Agree who changes what by when, then both answer again."
        return Flag(question=question, gravity=Gravity.MISFIT, because=misfits, title=title, next_step=step)
    if len({one.verdict for one in both}) == 2:
        step = "Talk about it, then both answer again."
        return Flag(
            question=question, gravity=Gravity.DIFFERENT, because=both, title="We see it differently", next_step=step
        )
    old = tuple(one for one in both if is_stale(one, question, at))
    if old:
        step = "Both answer again." if len(old) == 2 else f"{names[Side(old[0].side)]} answers again."
        is_reworded = any(one.version != question.version for one in old)
        title = "The question has changed since" if is_reworded else f"Answered more than {STALE_WORDS} ago"
        return Flag(question=question, gravity=Gravity.STALE, because=old, title=title, next_step=step)
    return None


def flags(answers: Iterable[Answer], at: datetime, names: Mapping[Side, str]) -> list[Flag]:
    """The flags of one partner's answers in force, the gravest first. Answers to questions of before raise none."""
    given = by_question(answers)
    found = [flag_of(question, given.get(slug, {}), at, names) for slug, question in current_questions().items()]
    return sorted((flag for flag in found if flag is not None), key=lambda flag: flag.gravity)


def by_question(answers: Iterable[A]) -> dict[str, dict[str, A]]:
    """Answers by question and side."""
    given: dict[str, dict[str, A]] = {}
    for one in answers:
        given.setdefault(one.question, {})[one.side] = one
    return given
