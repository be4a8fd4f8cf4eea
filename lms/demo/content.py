"""The demo's banks, exams, certifications, courses, playbooks and programme, from fixtures/demo."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from certifications.models import CertificateDesign, Certification, Requirement
from cms.services import build_course_page, build_playbook_page, library
from courses.models import Course
from lms.accounts.models import User
from lms.assessments.formats import Meta
from lms.assessments.items import builders
from lms.assessments.models import Assessment, ItemBank, Section
from lms.assessments.services import add_item_version, get_or_create_bank, import_items
from lms.demo.badges import build_badges
from lms.demo.calendar import Calendar
from lms.demo.people import FOLDER, Cast
from lms.demo.practice import build_practice
from lms.demo.progress import steps
from lms.partners.models import Persona
from lms.tiers.models import Programme
from lms.tiers.services import publish_programme

# When a course came out, in days after the history's first morning; the others were there from the start.
PUBLISHED_AFTER = {"what-changed-in-4-2": 400, "telling-the-halden-story": 60}


@dataclass(frozen=True)
class Exam:
    """One certification of the demo with its exam. `bank` is the name of its GIFT file and of its ordering items."""

    slug: str
    title: str
    bank: str
    minutes: int
    draw: int
    cut: int
    valid_months: int
    personas: tuple[str, ...]
    courses: tuple[str, ...]
    criteria: str


EXAMS = (
    Exam(
        slug="halden-associate",
        title="Halden Associate",
        bank="associate",
        minutes=25,
        draw=4,
        cut=70,
        valid_months=12,
        personas=(),
        courses=("halden-in-ten-minutes",),
        criteria="Explains what Halden does and does not do, for whom, and whom to call.",
    ),
    Exam(
        slug="halden-sales",
        title="Halden Sales Professional",
        bank="sales",
        minutes=30,
        draw=5,
        cut=70,
        valid_months=12,
        personas=("sales_rep", "executive"),
        courses=("selling-halden-to-many-sites",),
        criteria="Qualifies companies with many sites, states value in numbers, and claims nothing that does not hold.",
    ),
    Exam(
        slug="halden-presales",
        title="Halden Pre-sales Engineer",
        bank="presales",
        minutes=40,
        draw=5,
        cut=75,
        valid_months=12,
        personas=("presales_engineer",),
        courses=("designing-a-halden-deployment", "running-a-halden-pilot"),
        criteria="Designs, sizes and pilots a Halden deployment that survives a bad day, and hands it over.",
    ),
)


# What an author set beyond the ordinary, by exam.
SETTINGS: dict[str, dict[str, Any]] = {
    "halden-sales": {"later_wait_hours": "72, 168", "review_shows": "answers"},
    "halden-presales": {"has_calculator": True, "review_shows": "feedback", "review_when": "after_close"},
}


def build_content(cast: Cast, calendar: Calendar) -> tuple[dict[str, Course], dict[str, Assessment]]:
    """Everything there is to learn; returns courses and exams by slug."""
    author, reviewer = cast.staff["channel_marketing_author"], cast.staff["content_reviewer"]
    at = calendar.first_morning
    exams: dict[str, Assessment] = {}
    courses: dict[str, Course] = {}
    course_files = sorted((FOLDER / "courses").glob("*.yaml"))
    playbook_files = sorted((FOLDER / "playbooks").glob("*.yaml"))
    jobs: list[Callable[[], None]] = [
        partial(_import_checks, author, at),
        *(partial(_build_exam, exam, exams, author, at) for exam in EXAMS),
        *(partial(_build_course, path, courses, author, reviewer, calendar) for path in course_files),
        *(partial(_build_playbook, path, author, reviewer, calendar) for path in playbook_files),
        partial(_build_certifications, courses, exams),
        partial(build_practice, courses=courses, by=cast.staff["portal_manager"], at=at),
        partial(build_badges, by=cast.staff["portal_manager"], at=at),
        partial(_publish_programme, cast.staff["portal_manager"], at),
    ]
    for job in steps("Courses, exams and rules", jobs):
        job()
    return courses, exams


def _import_checks(author: User, at: datetime) -> None:
    bank = get_or_create_bank("Knowledge checks")
    import_items(bank=bank, data=(FOLDER / "checks.gift").read_bytes(), by=author, at=at, is_live=True)


def _build_exam(exam: Exam, exams: dict[str, Assessment], author: User, at: datetime) -> None:
    bank = get_or_create_bank(exam.title)
    import_items(bank=bank, data=(FOLDER / f"bank-{exam.bank}.gift").read_bytes(), by=author, at=at, is_live=True)
    for row in yaml.safe_load((FOLDER / "bank-ordering.yaml").read_text()):
        if row["bank"] == exam.bank:
            _add_ordering_item(bank, row, author, at)
    assessment = Assessment.objects.create(
        slug=exam.slug,
        title=f"{exam.title} exam",
        description=exam.criteria,
        time_limit_minutes=exam.minutes,
        attempts_allowed=4,
        wait_hours=24,
        renewable_after_days=270,
        cut_score=Decimal(exam.cut),
        opened_at=at,
        **SETTINGS.get(exam.slug, {}),
    )
    assessment.personas.set(Persona.objects.filter(slug__in=exam.personas))
    topics = list(dict.fromkeys(bank.items.order_by("pk").values_list("topic", flat=True)))
    Section.objects.bulk_create(
        Section(assessment=assessment, position=position, title=topic, bank=bank, topic=topic, draw=exam.draw)
        for position, topic in enumerate(topics, 1)
    )
    exams[exam.slug] = assessment


def _add_ordering_item(bank: ItemBank, row: dict[str, Any], author: User, at: datetime) -> None:
    fields = builders.ordering(row["stem"], row["sequence"], general=row["feedback"])
    meta = Meta(topic=row["topic"])
    add_item_version(bank=bank, code=row["code"], meta=meta, by=author, at=at, is_live=True, **fields)


def _build_course(path: Path, courses: dict[str, Course], author: User, reviewer: User, calendar: Calendar) -> None:
    page = build_course_page(
        parent=library(),
        data=yaml.safe_load(path.read_text()),
        media=FOLDER / "media",
        owner=author,
        publish_by=reviewer,
        at=calendar.first_morning + timedelta(days=PUBLISHED_AFTER.get(path.stem, 0)),
    )
    assert page.course is not None  # noqa: S101  publishing makes it
    courses[path.stem] = page.course


def _build_playbook(path: Path, author: User, reviewer: User, calendar: Calendar) -> None:
    build_playbook_page(
        parent=library(),
        data=yaml.safe_load(path.read_text()),
        media=FOLDER / "media",
        owner=author,
        publish_by=reviewer,
        at=calendar.first_morning + timedelta(days=30),
    )


def _build_certifications(courses: dict[str, Course], exams: dict[str, Assessment]) -> None:
    signatories = "Marit Solberg, Head of Partner Education\nJonas Lind, Director of Channel"
    designs = [
        CertificateDesign.objects.create(name="Halden green", layout="laurel", signatories=signatories),
        CertificateDesign.objects.create(name="Halden blue", layout="band", accent="#27408b", signatories=signatories),
    ]
    for position, exam in enumerate(EXAMS, 1):
        certification = Certification.objects.create(
            slug=exam.slug,
            title=exam.title,
            description=exam.criteria,
            criteria=exam.criteria,
            valid_months=exam.valid_months,
            position=position,
            grace_days=30,
            design=designs[position % 2],
        )
        certification.personas.set(Persona.objects.filter(slug__in=exam.personas))
        required = [Requirement(course=courses[slug]) for slug in exam.courses]
        required.append(Requirement(assessment=exams[exam.slug]))
        for number, requirement in enumerate(required, 1):
            requirement.certification, requirement.position = certification, number
        Requirement.objects.bulk_create(required)


def _publish_programme(by: User, at: datetime) -> None:
    document = yaml.safe_load((FOLDER / "programme.yaml").read_text())
    programme = Programme.objects.create(slug="halden-partners", name="Halden Partners")
    publish_programme(programme=programme, document=document, effective_at=at, by=by, at=at)
