"""What those who run exams find in the demo: an accommodation, a result that is held, an essay that waits for marks."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from lms.assessments.formats import Meta
from lms.assessments.items import builders
from lms.assessments.models import Accommodation, Assessment, Attempt, ItemBank, Section
from lms.assessments.services import (
    add_item_version,
    get_or_create_bank,
    grant_accommodation,
    save_response,
    start_attempt,
    submit_attempt,
)
from lms.demo.calendar import Calendar
from lms.demo.exams import answer_of
from lms.demo.people import Cast
from lms.demo.protagonists import ENGINEER
from lms.partners.models import Membership, Persona

SURVEY, REVIEW = "halden-site-survey", "halden-pilot-review"
Levels = tuple[tuple[Decimal, str], ...]


def _levels(*words: str) -> Levels:
    """The first words are worth the most points, the last none."""
    return tuple((Decimal(len(words) - 1 - place), text) for place, text in enumerate(words))


RUBRIC = (
    ("Finds what is at risk", _levels("Power, link and staff", "Two of the three", "One of the three", "None")),
    ("Says what to do first", _levels("First step, owner and date", "A first step", "Nothing that helps today")),
    ("Writes so that the customer understands it", _levels("Clear and short", "With some effort", "Not clear")),
)
ANSWER = """The site has one power line and one link, and both end in the same cabinet. If that cabinet fails, the shop
floor stands still, and nobody on site knows how to start again by hand.

Before anything is installed I would agree with the plant manager on a second link by radio, to be ordered this week,
and on two people who are shown the restart. The pilot begins on a weekend."""


def show_marking(cast: Cast, calendar: Calendar) -> None:
    """Two small exams: one with an essay that waits for two people, one whose result is held."""
    people = [one for one in cast.memberships if one.persona.slug == "presales_engineer" and one.ends_on is None]
    engineer = next(one for one in people if one.person.email == ENGINEER)
    others = [one for one in people if one.partner_id != engineer.partner_id]
    bank = get_or_create_bank("Site survey")
    at = calendar.now - timedelta(days=9)
    _write_items(bank, at)
    survey = _exam(SURVEY, "Site survey", bank, at, draw=3)
    review = _exam(REVIEW, "Pilot review", bank, at, draw=2, topic="Basics", is_result_held=True)
    grant_accommodation(
        accommodation=Accommodation(
            person=engineer.person, assessment=survey, extra_percent=25, reason="As agreed with her partner manager"
        ),
        by=cast.staff["portal_manager"],
        at=at,
    )
    _sit(survey, others[0], calendar.now - timedelta(days=2, hours=3))
    _sit(review, others[1], calendar.now - timedelta(days=1, hours=5))


def _write_items(bank: ItemBank, at: datetime) -> None:
    essay = builders.essay(
        "<p>A plant with one power line, one link and a night shift of four wants Halden. Write to its manager what is "
        "at risk and what is to be done first.</p>",
        RUBRIC,
        notes="<p>The cabinet is the point: everything ends there.</p>",
        worth=Decimal(3),
        words=(60, 250),
    )
    link = builders.choice(
        "<p>What does a site do when its link is gone?</p>",
        [
            ("It goes on and sends what it has later", Decimal(1), ""),
            ("It stops until the link is back", Decimal(0), ""),
            ("It forgets what it has not sent", Decimal(0), ""),
        ],
        general="<p>Every site keeps what it has not sent for thirty days.</p>",
    )
    first = builders.true_false("<p>A survey comes before the first offer.</p>", True)
    for code, topic, fields in (
        ("letter", "Letter", essay),
        ("link", "Basics", link),
        ("survey first", "Basics", first),
    ):
        meta = Meta(topic=topic)
        add_item_version(bank=bank, code=code, meta=meta, by=None, at=at, is_live=True, **fields)


def _exam(
    slug: str, title: str, bank: ItemBank, at: datetime, *, draw: int, topic: str = "", **more: bool
) -> Assessment:
    exam = Assessment.objects.create(
        slug=slug,
        title=f"{title} exam",
        description="A short exam before the first visit.",
        time_limit_minutes=40,
        attempts_allowed=2,
        cut_score=Decimal(60),
        opened_at=at,
        review_shows="feedback",
        **more,
    )
    exam.personas.set(Persona.objects.filter(slug="presales_engineer"))
    Section.objects.create(assessment=exam, position=1, title=title, bank=bank, topic=topic, draw=draw)
    return exam


def _sit(exam: Assessment, membership: Membership, at: datetime) -> Attempt:
    rng = Random(f"laurel:{exam.slug}:{membership.person.email}")  # noqa: S311  not a secret
    attempt = start_attempt(assessment=exam, person=membership.person, membership=membership, at=at, rng=rng)
    for response in attempt.responses.select_related("item_version").order_by("position"):
        at += timedelta(minutes=6)
        is_essay = response.item_version.type == "essay"
        save_response(
            attempt=attempt,
            position=response.position,
            answer=ANSWER if is_essay else answer_of(response, rng, is_right=True),
            version=1,
            nonce=UUID(int=rng.getrandbits(128), version=4),
            at=at,
        )
    return submit_attempt(attempt=attempt, at=at + timedelta(minutes=1))
