"""One small world, made by the services: partner A with all there is to see, partner B, and the vendor's people.

Everything of A's carries the word MARKER: a page that shows it to somebody else has leaked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.http.cookie import SimpleCookie
from django.test import Client, override_settings
from django.utils import timezone
from PIL import Image
from wagtail.models import Collection

from badges.models import Award
from certifications.filing import HandedFile
from certifications.models import Certification, Credential, PracticeTask, Requirement, Submission
from certifications.services import hand_in, issue_if_earned
from cms.models import CoursePage, LibraryFile, Picture, PictureRendition, PlaybookPage
from cms.models.media import MEDIA_COLLECTION
from cms.services import build_course_page, build_playbook_page, library
from courses.models import Enrolment
from courses.services import complete_lesson, enrol_person, open_lesson
from lms.accounts.models import ApiToken, User
from lms.accounts.services import create_token
from lms.assessments.items import builders
from lms.assessments.models import Assessment, Attempt, Item, ReferenceDocument
from lms.assessments.services import (
    Check,
    CheckContext,
    Upload,
    add_document,
    answer_with_file,
    keep_medium,
    prepare_check,
    submit_attempt,
)
from lms.assets.models import Asset, BrandedCopy
from lms.assets.services import branding
from lms.common.sealing import unseal
from lms.deals.models import (
    CrmSystem,
    Deal,
    DealImport,
    JointPlan,
    Lead,
    OverlapComparison,
    Task,
    VendorAccount,
    WinStory,
)
from lms.deals.services import (
    accept_rules,
    add_activity,
    add_comment,
    add_crm,
    add_task,
    ask_import,
    ask_overlap,
    give_lead,
    move_story,
    publish_rules,
    register_deal,
    start_plan,
)
from lms.demo.site import set_up
from lms.events.events import Event
from lms.events.models import Message
from lms.events.services import drain
from lms.partners.alignment import Verdict
from lms.partners.events import PersonInvited
from lms.partners.models import Counterpart, Invitation, Membership, Partner, Persona
from lms.partners.services import answer_alignment, invite_person, join_partner, name_counterpart
from lms.partners.services.invitations import SEAL
from lms.partners.sides import Function, Side
from lms.tiers.models import Decision, Programme, ProgrammeDraft
from lms.tiers.services import evaluate_partner, propose_programme, publish_programme
from tests.assessments.factories import PICTURE, answer_all, make_bank, make_exam, start
from tests.assets.branding_material import document as zones_document
from tests.assets.branding_material import logo_png, master_pdf
from tests.assets.factories import make_asset
from tests.certifications.factories import certification
from tests.deals.factories import account as vendor_account
from tests.deals.factories import document as rules_document
from tests.deals.factories import draft, lead_draft
from tests.deals.stories import tell
from tests.factories import PartnerFactory, RegionFactory, UserFactory
from tests.security.content import course_data, playbook_data

MARKER = "zyrquon"
ROLES = (
    "anonymous",
    *("own", "colleague", "manager"),
    *("other", "other_manager"),
    *("channel", "author", "reviewer", "portal"),
)
_STAFF = {
    "channel": "Channel managers",
    "author": "Channel marketing",
    "reviewer": "Content reviewers",
    "portal": "Portal managers",
}
PROGRAMME = {
    "id": "halden-partners",
    "name": "Halden Partners",
    "tiers": [
        {"id": "registered", "requires": {"all": []}},
        {"id": "select", "requires": {"all": [{"id": "engineers", "people": {"any_of": ["engineer"], "min": 2}}]}},
    ],
}


@dataclass
class World:
    """The rows that addresses are made of. `people` holds a user per role, `members` the memberships of A and B."""

    now: datetime
    a: Partner
    b: Partner
    people: dict[str, User] = field(default_factory=dict)
    members: dict[str, Membership] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    page: CoursePage = None  # type: ignore[assignment]
    playbook: PlaybookPage = None  # type: ignore[assignment]
    rendition: PictureRendition = None  # type: ignore[assignment]
    file: LibraryFile = None  # type: ignore[assignment]
    video: LibraryFile = None  # type: ignore[assignment]
    enrolment: Enrolment = None  # type: ignore[assignment]
    exam: Assessment = None  # type: ignore[assignment]
    open: Attempt = None  # type: ignore[assignment]
    scored: Attempt = None  # type: ignore[assignment]
    drawing: Attempt = None  # type: ignore[assignment]
    paper: ReferenceDocument = None  # type: ignore[assignment]
    check: Check = None  # type: ignore[assignment]
    certification: Certification = None  # type: ignore[assignment]
    credential: Credential = None  # type: ignore[assignment]
    task: PracticeTask = None  # type: ignore[assignment]
    submission: Submission = None  # type: ignore[assignment]
    award: Award = None  # type: ignore[assignment]
    decision: Decision = None  # type: ignore[assignment]
    draft: ProgrammeDraft = None  # type: ignore[assignment]
    deal: Deal = None  # type: ignore[assignment]
    deal_task: Task = None  # type: ignore[assignment]
    crm: CrmSystem = None  # type: ignore[assignment]
    deal_import: DealImport = None  # type: ignore[assignment]
    lead: Lead = None  # type: ignore[assignment]
    overlap: OverlapComparison = None  # type: ignore[assignment]
    plan: JointPlan = None  # type: ignore[assignment]
    story: WinStory = None  # type: ignore[assignment]
    account: VendorAccount = None  # type: ignore[assignment]
    asset: Asset = None  # type: ignore[assignment]
    copy: BrandedCopy = None  # type: ignore[assignment]
    sponsor: Counterpart = None  # type: ignore[assignment]
    invitation: Invitation = None  # type: ignore[assignment]
    invitation_token: str = ""
    token: ApiToken = None  # type: ignore[assignment]

    def client(self, role: str, **options: Any) -> Client:
        """A browser in which the person of this role is signed in; each call gives a new one."""
        client = Client(**options)
        if role != "anonymous":
            client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: self.cookies[role]})
        return client


def build() -> World:
    now = timezone.now()
    world = World(
        now=now,
        a=PartnerFactory(name=f"{MARKER.title()} Integrators", slug="a-integrators"),
        b=PartnerFactory(name="Kestrel Resellers", slug="b-resellers"),
    )
    set_up(now - timedelta(days=60))
    _people(world)
    _course(world)
    _exams(world)
    _relations(world)
    _tier(world)
    _deals(world)
    _asset(world)
    _invitation(world)
    drain()
    for role, person in world.people.items():
        client = Client()
        client.force_login(person)
        world.cookies[role] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return world


def _people(world: World) -> None:
    persona = Persona.objects.get(slug="sales_rep")
    at = world.now - timedelta(days=50)
    for role in ("own", "colleague", "manager", "other", "other_manager"):
        partner, word = (world.b, "kestrel") if role.startswith("other") else (world.a, MARKER)
        person = UserFactory(name=f"{role.title()} {word.title()}", email=f"{role}@{word}.example")
        rank = Membership.Role.MANAGER if role.endswith("manager") else Membership.Role.MEMBER
        world.people[role] = person
        world.members[role] = join_partner(person=person, partner=partner, persona=persona, role=rank, by=None, at=at)
    for role, group in _STAFF.items():
        world.people[role] = UserFactory(name=f"{role.title()} Halden", email=f"{role}@halden.example")
        world.people[role].groups.add(Group.objects.get(name=group))


def _course(world: World) -> None:
    checks = make_bank([builders.true_false("It is so.", True, feedback={}, general="")], slug="checks")
    media = Path(settings.MEDIA_ROOT) / "sources"
    media.mkdir(parents=True)
    Image.new("RGB", (160, 90), "#1F6F54").save(media / "picture.png")
    (media / "film.webm").write_bytes(b"\x1aE\xdf\xa3" + bytes(range(256)) * 4)
    (media / "film.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n")
    (media / "sheet.csv").write_text("site,events\nshop,5\n")
    common = {
        "parent": library(),
        "media": media,
        "owner": world.people["author"],
        "publish_by": world.people["reviewer"],
        "at": world.now - timedelta(days=40),
    }
    world.page = build_course_page(data=course_data(), **common)
    world.playbook = build_playbook_page(data=playbook_data(), **common)
    collection = Collection.objects.get(name=MEDIA_COLLECTION)
    world.rendition = Picture.objects.filter(collection=collection)[0].get_rendition("width-80")
    world.file = LibraryFile(title="A sheet", collection=collection)
    world.file.file.save("table.csv", ContentFile(b"a,b\n"))
    world.video = LibraryFile.objects.filter(file__endswith=".webm")[0]
    own, course = world.members["own"], world.page.course
    at = world.now - timedelta(days=30)
    world.enrolment = enrol_person(person=own.person, course=course, membership=own, at=at)
    first = world.enrolment.version.lessons.order_by("position")[0]
    open_lesson(enrolment=world.enrolment, lesson=first, at=at)
    complete_lesson(enrolment=world.enrolment, lesson=first, at=at)
    code = Item.objects.get(bank=checks).code
    keep_medium(medium=PICTURE, by=None, at=world.now)
    world.check = prepare_check(code=code, person=own.person, at=world.now, context=CheckContext(back="/catalogue/"))


def _exams(world: World) -> None:
    own = world.members["own"]
    world.exam = make_exam(slug="engineer-exam", attempts_allowed=3, opened_at=world.now - timedelta(days=40))
    at = world.now - timedelta(days=20)
    world.scored = start(world.exam, own, at)
    answer_all(world.scored, at + timedelta(minutes=1))
    world.scored = submit_attempt(attempt=world.scored, at=at + timedelta(minutes=2))
    world.certification = certification(world.exam, slug="engineer", renewal_points=10)
    drain()
    issued = issue_if_earned(person=own.person, certification=world.certification, at=at + timedelta(minutes=3))
    world.credential = issued or Credential.objects.get(person=own.person)
    drain()
    world.award = Award.objects.get(credential=world.credential)
    world.task = PracticeTask.objects.create(slug="hold-a-demo", title="Hold a demo", brief="Hold one.")
    Requirement.objects.create(certification=certification(slug="practical"), position=1, practice=world.task)
    world.submission = hand_in(
        task=world.task,
        person=own.person,
        membership=own,
        words=f"At a customer of {MARKER}",
        link="",
        file=HandedFile(name="demo.pdf", content=b"%PDF-1.4"),
        at=world.now,
    )
    second = make_exam(slug="second-exam", opened_at=world.now - timedelta(days=40))
    world.open = start(second, own, world.now - timedelta(minutes=5))
    author = world.people["author"]
    world.paper = add_document(assessment=second, title="Sheet", data=b"%PDF-1.4", by=author, at=world.now)
    _drawing(world)
    Assessment.objects.update(review_shows="answers")


def _drawing(world: World) -> None:
    """An exam answered by a file, handed in."""
    bank = make_bank([builders.upload("<p>Send it.</p>")])
    exam = make_exam(bank, slug="third-exam", opened_at=world.now - timedelta(days=40))
    world.drawing = start(exam, world.members["own"], world.now - timedelta(minutes=5))
    answer_with_file(
        response=world.drawing.responses.select_related("item_version", "attempt").get(),
        upload=Upload(data=b"%PDF-1.4", name="drawing.pdf"),
        version=1,
        nonce=uuid4(),
        at=world.now,
    )


def _relations(world: World) -> None:
    """A's sponsors, and what its manager says of the partnership."""
    at, manager = world.now - timedelta(days=40), world.people["manager"]
    for side, person, by in (
        (Side.PARTNER, manager, manager),
        (Side.VENDOR, world.people["author"], world.people["channel"]),
    ):
        world.sponsor = name_counterpart(
            partner=world.a, side=side, function=Function.EXECUTIVE, person=person, by=by, at=at
        )
    words = f"{MARKER} sells elsewhere"
    answer_alignment(
        partner=world.a, question="goals", version=1, verdict=Verdict.MISFIT, sentence=words, by=manager, at=at
    )


def _tier(world: World) -> None:
    programme = Programme.objects.create(slug="halden-partners", name="Halden Partners")
    at = world.now - timedelta(days=40)
    publish_programme(programme=programme, document=PROGRAMME, effective_at=at, by=world.people["portal"], at=at)
    for partner in (world.a, world.b):
        evaluate_partner(partner=partner, at=world.now - timedelta(days=10))
    world.decision = world.a.decisions.get(number=1)
    world.draft = propose_programme(
        programme=programme,
        document={**PROGRAMME, "approvals": ["legal"]},
        effective_at=world.now + timedelta(days=30),
        purpose=f"Rules for {MARKER}",
        by=world.people["portal"],
        at=at,
    )


def _deals(world: World) -> None:
    """A registered deal of A's with a comment and a task, rules that both accepted, and a customer of the vendor's."""
    at = world.now - timedelta(days=3)
    version = publish_rules(document=rules_document(), effective_at=at, by=None, at=at)
    for partner, manager in ((world.a, "manager"), (world.b, "other_manager")):
        accept_rules(version=version, partner=partner, by=world.people[manager], at=at)
    own, name = world.people["own"], f"{MARKER.title()} Foods"
    world.deal = register_deal(partner=world.a, by=own, draft=draft(at, customer_name=name), request_key=uuid4(), at=at)
    add_comment(deal=world.deal, text=f"The {MARKER} pilot runs", by=own, at=at)
    world.deal_task = add_task(deal=world.deal, title=f"Call {MARKER}", due_on=at.date(), by=own, at=at)
    rows = f"customer,need\n{MARKER} Import,Shops\n".encode()
    world.deal_import = ask_import(partner=world.a, data=rows, name=MARKER, by=world.people["manager"], at=at)
    world.lead = give_lead(
        draft=lead_draft(customer_name=f"{MARKER.title()} Lead", customer_domain=""),
        partner=world.a,
        days=30,
        by=world.people["channel"],
        at=at,
    )
    world.overlap = ask_overlap(
        partner=world.a,
        domains=[f"{MARKER}{number}.example" for number in range(20)],
        purpose=f"{MARKER.title()} event",
        ends_on=at.date() + timedelta(days=90),
        by=world.people["manager"],
        at=at,
    )
    world.plan = start_plan(
        partner=world.a,
        template="first-deals",
        title=f"{MARKER.title()} plan",
        starts_on=at.date(),
        months=3,
        by=world.people["manager"],
        request_key=uuid4(),
        at=at,
    )
    add_activity(
        plan=world.plan,
        kind="event",
        title=f"{MARKER.title()} breakfast",
        held_on=at.date(),
        our_owner=world.people["channel"],
        their_owner=world.people["manager"],
        customers=1,
        prospects=1,
        by=world.people["manager"],
        at=at,
    )
    story = tell(world.members["own"], at, customer_name=f"{MARKER.title()} Won", customer_domain="")
    world.story = move_story(story=story, move="submit", by=own, at=at)
    world.account = vendor_account(at, name="Vendor's Own", by=world.people["channel"])
    world.crm, _ = add_crm(
        name=f"CRM of {MARKER}", address="", partner=world.a, events=[], by=world.people["portal"], at=at
    )


def _asset(world: World) -> None:
    """An asset that is for the region of partner A, which no other has."""
    region = RegionFactory(slug="only-a", name=MARKER.title())
    Partner.objects.filter(pk=world.a.pk).update(region=region)
    world.asset = make_asset(master_pdf(), title=f"{MARKER.title()} prices", owner=world.people["author"])
    world.asset.regions.add(region)
    world.copy = _copy(world, world.asset)


def _copy(world: World, asset: Asset) -> BrandedCopy:
    """A's brand, the asset's zones, and A's copy."""
    own, at = User.objects.get(pk=world.people["own"].pk), world.now  # who knows of the partner's new region
    branding.save_brand(
        partner=world.a,
        by=world.people["manager"],
        at=at,
        name=f"{MARKER.title()} Integrators",
        contact=[f"{MARKER} street 4"],
        website="",
        primary="#1d4f91",
        logo=logo_png(),
    )
    zones = branding.save_template(version=asset.current, document=zones_document(), by=asset.owner, at=at)
    wish = branding.Wish(values={})
    return branding.make_copy(template=zones, partner=world.a, by=own, wish=wish, request_key=uuid4(), at=at)


def _invitation(world: World) -> None:
    world.invitation = invite_person(
        partner=world.a,
        email=f"guest@{MARKER}.example",
        name=f"Guest {MARKER.title()}",
        persona=Persona.objects.get(slug="sales_rep"),
        by=world.people["manager"],
        at=world.now - timedelta(days=1),
    )
    message = Message.objects.filter(type=PersonInvited.type).latest("pk")
    event = Event.load(message.type, message.payload)
    assert isinstance(event, PersonInvited)
    world.invitation_token = unseal(event.sealed_token, purpose=SEAL)
    world.token, _ = create_token(
        user=world.people["own"], name=f"{MARKER.title()} laptop", scope="read", expires_at=None, at=world.now
    )


@pytest.fixture(scope="package")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where uploads go; "static" below it stands for the collected files, of which there are none."""
    folder = tmp_path_factory.mktemp("media")
    (folder / "static").mkdir()
    return folder


@pytest.fixture(autouse=True)
def _private_files(settings: Any, media: Path) -> None:
    """As in tests/conftest.py, but the world's files stay from test to test. Limits start anew."""
    settings.MEDIA_ROOT = media
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture(scope="package")
def world(django_db_setup: None, django_db_blocker: Any, media: Path) -> Iterator[World]:
    """Built once, in a transaction that is rolled back after the last test of the package."""
    hasher = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    whole = transaction.atomic()
    with django_db_blocker.unblock():
        whole.__enter__()
        with override_settings(MEDIA_ROOT=media, PASSWORD_HASHERS=hasher):
            made = build()
    yield made
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)


__all__ = ["MARKER", "ROLES", "World", "_private_files", "build", "media", "world"]
