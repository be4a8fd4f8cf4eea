"""The main job of Laurel, told once: an author publishes, a rep learns, an engineer is certified, the tier moves.

`play()` is run on SQLite with the outbox drained in the process, and on PostgreSQL with a real Celery worker.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import yaml
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import TaskState

from badges.models import Award
from certifications.models import Certification, Credential, Requirement
from cms.models import CoursePage
from cms.services import build_course_page, library
from courses.models import Enrolment
from lms.accounts.models import User
from lms.assessments.models import Assessment, Attempt, Section
from lms.assessments.services import get_or_create_bank, import_items
from lms.demo.exams import answer_of
from lms.demo.site import set_up
from lms.partners.models import Partner, Persona, TierName
from lms.reporting.services import completion_rate
from lms.tiers.models import Decision, Programme
from lms.tiers.services import publish_programme
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, UserFactory

Settle = Callable[[], None]

COURSE = {
    "slug": "sizing-basics",
    "title": "Sizing basics",
    "promise": "You can size three sites on a napkin.",
    "need": "get-certified",
    "personas": ["sales_rep", "presales_engineer"],
    "partner_types": [],
    "regions": [],
    "minimum_tier": "",
    "owner": "marketing",
    "review_in_months": 6,
    "objectives": ["Tell peaks from means"],
    "modules": [
        {
            "title": "Peaks",
            "objectives": ["Read a peak"],
            "resources": [{"title": "Sizing sheet", "text": "With your partner desk"}],
            "lessons": [
                {
                    "slug": "busiest-hour",
                    "title": "The busiest hour",
                    "minutes": 5,
                    "body": [
                        {"type": "rich_text", "value": "<p>Take the busiest hour.<script>alert(1)</script></p>"},
                        {"type": "knowledge_check", "value": {"item": "kc-peak"}},
                    ],
                },
                {
                    "slug": "growth",
                    "title": "Growth",
                    "minutes": 4,
                    "body": [{"type": "rich_text", "value": "<p>Add 40 percent.</p>"}],
                },
            ],
        }
    ],
}
CHECKS = b"::kc-peak:: What do you size for? {=The busiest hour#Yes. ~The average day#Averages hide peaks.}"
BANK = "\n\n".join(
    ["$CATEGORY: Sizing"]
    + [f"::size-{n}:: What is {n} and {n}? {{={2 * n} ~{2 * n + 1} ~{2 * n + 2}}}" for n in range(1, 6)]
    + ["::tf:: Peaks matter. {TRUE}", "::num:: Seven and three? {#10:0.1}", "::word:: Opposite of cold? {=hot =warm}"]
    + ["::match:: Match. {=collector -> site =hot node -> data centre}", "::two:: Even? {~%50%2 ~%50%4 ~%-50%5}"]
).encode()
PROGRAMME = """
id: halden-partners
tiers:
  - {id: registered, requires: {all: []}}
  - id: select
    requires:
      all:
        - {people: {any_of: [sizing], min: 1}}
        - {metric: completion_rate_12m, gte: 0.5}
"""


@dataclass
class World:
    """Who takes part."""

    partner: Partner
    author: User
    reviewer: User
    rep: User
    engineer: User
    manager: User
    channel_manager: User
    stranger: User


def make_world() -> World:
    set_up(timezone.now())
    partner = PartnerFactory(name="Kestrel Integrators")

    def staff(group: str) -> User:
        user: User = UserFactory()
        user.groups.add(Group.objects.get(name=group))
        return user

    def member(persona: str, **fields: Any) -> User:
        person: User = MembershipFactory(
            persona=Persona.objects.get(slug=persona), partner=fields.pop("partner", partner), **fields
        ).person
        return person

    return World(
        partner=partner,
        author=staff("Channel marketing"),
        reviewer=staff("Content reviewers"),
        rep=member("sales_rep", person__name="Tomasz Wiśniewski"),
        engineer=member("presales_engineer", person__name="Lê Thị Hồng Ánh"),
        manager=member("executive", role="manager"),
        channel_manager=staff("Channel managers"),
        stranger=member("presales_engineer", partner=PartnerFactory()),
    )


def signed_in(person: User) -> Client:
    """A browser in which the person signed in through the form."""
    client = Client()
    answer = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content[:500]
    return client


def play(settle: Settle, tmp_path: Path) -> None:
    world = make_world()
    page = author_publishes(world, tmp_path)
    exam, certification = manager_sets_the_exam(world, page)
    settle()
    rep_learns(world, page)
    settle()
    engineer_is_certified(world, page, exam, settle)
    settle()
    credential = Credential.objects.get(person=world.engineer)
    anybody_verifies(credential)
    badge_is_signed(credential)
    statements_tell_it(world)
    tier_has_moved(world, credential)
    others_see_nothing(world, credential)
    records_can_be_rebuilt()
    assert certification.credentials.count() == 1


def author_publishes(world: World, tmp_path: Path) -> CoursePage:
    """The author writes and submits; only the reviewer can publish; publishing freezes an outline."""
    import_items(bank=get_or_create_bank("Checks"), data=CHECKS, by=world.author, at=timezone.now(), is_live=True)
    page = build_course_page(
        parent=library(), data=COURSE, media=tmp_path, owner=world.author, publish_by=world.reviewer, at=timezone.now()
    )
    assert page.course is not None
    assert page.course.versions.count() == 1
    page.promise = "You can size three sites on one napkin."
    page.save_revision(user=world.author)
    page.get_workflow().start(page, world.author)
    assert page.course.versions.count() == 1  # submitted is not published
    task = TaskState.objects.get(workflow_state__object_id=str(page.pk), status="in_progress")
    task.approve(user=world.reviewer)
    assert page.course.versions.count() == 2
    return page


def manager_sets_the_exam(world: World, page: CoursePage) -> tuple[Assessment, Certification]:
    bank = get_or_create_bank("Sizing")
    report = import_items(bank=bank, data=BANK, by=world.author, at=timezone.now(), is_live=True)
    assert report.counts["refused"] == 0
    exam = Assessment.objects.create(
        slug="sizing", title="Sizing exam", time_limit_minutes=20, cut_score=70, opened_at=timezone.now()
    )
    exam.personas.set(Persona.objects.filter(slug="presales_engineer"))
    Section.objects.create(assessment=exam, position=1, title="Sizing", bank=bank, topic="Sizing", draw=8)
    certification = Certification.objects.create(
        slug="sizing", title="Sizing Engineer", criteria="Sizes three sites on a napkin.", valid_months=12
    )
    Requirement.objects.create(certification=certification, position=1, course=page.course)
    Requirement.objects.create(certification=certification, position=2, assessment=exam)
    programme = Programme.objects.create(slug="halden-partners", name="Halden Partners")
    now = timezone.now()
    publish_programme(
        programme=programme, document=yaml.safe_load(PROGRAMME), effective_at=now, by=world.channel_manager, at=now
    )
    return exam, certification


def take_course(client: Client, page: CoursePage) -> None:
    """Enrols and completes each lesson from its page."""
    assert page.course is not None
    answer = client.post(reverse("courses:enrol", args=[page.course.public_id]))
    while answer.status_code == 302 and "/learn/" in answer["Location"]:
        address = answer["Location"]
        lesson = client.get(address)
        assert lesson.status_code == 200
        assert b"<script>alert(1)" not in lesson.content
        slug = address.rstrip("/").rsplit("/", 1)[1]
        answer = client.post(reverse("courses:complete_lesson", args=[page.course.public_id, slug]))


def rep_learns(world: World, page: CoursePage) -> None:
    client = signed_in(world.rep)
    assert client.get(reverse("portal:home")).status_code == 200
    assert COURSE["title"] in client.get(reverse("cms:catalogue")).content.decode()
    assert client.get(reverse("assessments:start", args=["sizing"])).status_code == 404  # not for his persona
    take_course(client, page)
    assert Enrolment.objects.get(person=world.rep).completed_at is not None


def engineer_is_certified(world: World, page: CoursePage, exam: Assessment, settle: Settle) -> None:
    client = signed_in(world.engineer)
    start = reverse("assessments:start", args=[exam.slug])
    assert client.get(start).status_code == 200
    first, second = client.post(start), client.post(start)  # a double click
    assert (first.status_code, second.status_code) == (302, 302)
    attempt = Attempt.objects.get(person=world.engineer)
    for response in attempt.responses.select_related("item_version").order_by("position"):
        item = client.get(reverse("assessments:item", args=[attempt.public_id, response.position]))
        assert item.status_code == 200
        save(client, attempt, response)
    submit = reverse("assessments:submit", args=[attempt.public_id])
    client.post(submit)
    client.post(submit)
    attempt.refresh_from_db()
    assert (attempt.is_passed, attempt.points) == (True, attempt.max_points)
    assert client.get(reverse("assessments:result", args=[attempt.public_id])).status_code == 200
    settle()
    assert not Credential.objects.exists()  # the course is still to do
    take_course(client, page)


def save(client: Client, attempt: Attempt, response: Any) -> None:

    body = {
        "item": str(response.position),
        "seq": 1,
        "nonce": str(uuid4()),
        "answer": answer_of(response, Random(1), is_right=True),
    }
    saved = client.post(
        reverse("assessments:save", args=[attempt.public_id]), json.dumps(body), content_type="application/json"
    )
    assert saved.status_code == 200, saved.content


def anybody_verifies(credential: Credential) -> None:
    page = Client().get(reverse("certifications:verify", args=[credential.public_id]))
    text = page.content.decode()
    assert page.status_code == 200
    assert "Lê Thị Hồng Ánh" in text
    assert credential.person.email not in text
    holder = signed_in(credential.person)
    pdf = holder.get(reverse("certifications:pdf", args=[credential.public_id]))
    assert pdf.content.startswith(b"%PDF-")


def badge_is_signed(credential: Credential) -> None:
    award = Award.objects.get(credential=credential)
    document = json.loads(Client().get(reverse("badges:document", args=[award.public_id])).content)
    assert document["proof"]
    assert credential.person.email not in json.dumps(document)


def statements_tell_it(world: World) -> None:
    """Each step left its statement, and another system reads them with a key of its own."""
    out: list[str] = []

    class Out:
        def write(self, text: str) -> None:
            out.append(text)

    call_command("xapi", "credential", "create", "--name", "reader", "--scopes", "all/read", "--json", stdout=Out())
    made = json.loads("".join(out))
    basic = base64.b64encode(f"{made['key']}:{made['secret']}".encode()).decode()
    answer = Client().get(
        "/xapi/statements",
        {"limit": 100},
        headers={"Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3"},
    )
    verbs = [statement["verb"]["id"].rsplit("/", 1)[1] for statement in answer.json()["statements"]]
    told = {"registered", "initialized", "progressed", "completed", "attempted", "answered", "passed", "earned"}
    assert told <= set(verbs)
    assert (verbs.count("passed"), verbs.count("earned")) == (1, 1)


def tier_has_moved(world: World, credential: Credential) -> None:
    today = timezone.now()
    rate = completion_rate(partner=world.partner, since=today - timedelta(days=365), until=today)
    assert (rate.numerator, rate.denominator) == (2, 2)
    world.partner.refresh_from_db()
    assert world.partner.current_tier == TierName.objects.get(slug="select")
    decision = Decision.objects.filter(partner=world.partner).latest("number")
    evidence = json.dumps(decision.inputs)
    assert credential.public_id in evidence or str(credential.snapshot["evidence"]) in evidence
    for person in (world.manager, world.channel_manager):
        client = signed_in(person)
        assert client.get(reverse("portal:partner", args=[world.partner.public_id])).status_code == 200
        explained = client.get(reverse("tiers:decision", args=[world.partner.public_id, decision.number]))
        assert "Lê Thị Hồng Ánh" in explained.content.decode()


def others_see_nothing(world: World, credential: Credential) -> None:
    client = signed_in(world.stranger)
    for address in (
        reverse("portal:partner", args=[world.partner.public_id]),
        reverse("portal:partner_people", args=[world.partner.public_id]),
        reverse("certifications:credential", args=[credential.public_id]),
        reverse("certifications:pdf", args=[credential.public_id]),
        reverse("tiers:decision", args=[world.partner.public_id, 1]),
    ):
        assert client.get(address).status_code == 404, address


def records_can_be_rebuilt() -> None:
    call_command("rebuild_reports", "--check", verbosity=0)
    call_command("tiers", "verify", verbosity=0)
    assert settings.XAPI_BASE_IRI
