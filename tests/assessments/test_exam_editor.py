"""The exam editor in the Wagtail admin: settings, sections, preview, grants, papers, attempts and timelines."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import AuditEntry, User
from lms.assessments import services
from lms.assessments.errors import ExamInvalid
from lms.assessments.models import Accommodation, Assessment, Attempt, Item, PreparedForm, ReferenceDocument
from lms.common.guards import UnsafeInput
from lms.partners.models import Membership
from tests.assessments.factories import PICTURE, SENTINEL, make_bank, make_exam, one_of_each, start
from tests.assessments.test_editor import member_of
from tests.factories import MembershipFactory

HOUR = timedelta(hours=1)


@pytest.fixture
def author(db: None) -> User:
    return member_of("Channel marketing")


@pytest.fixture
def admin(client: Client, author: User) -> Client:
    client.force_login(author)
    return client


@pytest.fixture
def watcher(db: None) -> Client:
    client = Client()
    client.force_login(member_of("Portal managers"))
    return client


def sent(exam: Assessment | None = None, rows: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """The editor's form as a browser sends it."""
    values: dict[str, Any] = {
        "title": "Sizing exam",
        "slug": "sizing-exam",
        "cut_score": "70",
        "opened_at": "2026-11-01T09:00",
        "closed_at": "",
        "attempts_allowed": "3",
        "wait_hours": "24",
        "time_limit_minutes": "45",
        "grace_seconds": "60",
        "prepared_forms": "0",
        "mark_tolerance": "10",
        **changes,
    }
    rows = rows or []
    data = {name: value for name, value in values.items() if value is not None}
    first = exam.sections.count() if exam else 0
    data |= {"sections-TOTAL_FORMS": len(rows), "sections-INITIAL_FORMS": first}
    for number, row in enumerate(rows):
        data |= {f"sections-{number}-{name}": value for name, value in row.items() if value is not None}
    return data


def row(**changes: Any) -> dict[str, Any]:
    return {"title": "All", "bank": make_bank().pk, "topic": "", "draw": 2, "pilots": 0, **changes}


def test_an_exam_is_made_without_code(admin: Client, author: User) -> None:
    assert admin.get(reverse("exams:add")).status_code == 200
    rows = [row(), row(title="Second", time_limit_minutes=10), {"title": "", "bank": "", "draw": ""}]
    data = sent(
        rows=rows,
        access_code="Blue Heron",
        networks="203.0.113.0/24, 198.51.100.7",
        later_wait_hours="72 168",
        honour_code="I work alone.",
        is_linear="on",
        seb_config_keys="A1" * 32,
    )
    page = admin.post(reverse("exams:add"), data)
    exam = Assessment.objects.get()
    assert page["Location"] == reverse("exams:inspect", args=[exam.pk])
    assert (exam.title, exam.access_code, exam.networks) == (
        "Sizing exam",
        "Blue Heron",
        "203.0.113.0/24\n198.51.100.7",
    )
    assert (exam.later_wait_hours, exam.is_linear, exam.seb_config_keys) == ("72, 168", True, "a1" * 32)
    found = list(exam.sections.order_by("position").values_list("title", "draw", "time_limit_minutes"))
    assert found == [("All", 2, None), ("Second", 2, 10)]
    entry = AuditEntry.objects.get(action="assessments.add_exam")
    assert (entry.actor, entry.detail["title"], entry.detail["seb_config_keys"]) == (
        author,
        [None, "Sizing exam"],
        "changed",
    )
    assert "Blue Heron" not in str(entry.detail)
    for name in ("exams:inspect", "exams:edit", "exams:preview"):
        assert admin.get(reverse(name, args=[exam.pk])).status_code == 200


def test_the_blueprint_of_a_section_is_set_in_the_editor(admin: Client) -> None:
    """Objective, level, weight, minimum and exposure of a section; how much of an attempt may come again."""
    wanted = row(objective="Sizes a duct", level="apply", points="2.5", minimum="60", max_exposure="40")
    assert "has 0 live about" in admin.post(reverse("exams:add"), sent(rows=[wanted])).content.decode()
    Item.objects.update(objective="Sizes a duct", level="apply")
    assert admin.post(reverse("exams:add"), sent(rows=[wanted], max_overlap="50")).status_code == 302
    exam = Assessment.objects.get()
    section = exam.sections.get()
    assert exam.max_overlap == 50
    assert (section.objective, section.level, section.points, section.minimum, section.max_exposure) == (
        "Sizes a duct",
        "apply",
        Decimal("2.5"),
        Decimal(60),
        40,
    )
    again = row(pk=section.pk, bank=section.bank_id, draw=2)
    assert admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, [again])).status_code == 302
    section.refresh_from_db()
    assert (section.points, section.minimum, section.max_exposure) == (1, None, None)


def test_linear_forms_that_no_longer_fit_are_withdrawn(admin: Client, author: User, now: datetime) -> None:
    """Those of another bank: new attempts would get questions that the section does not ask for."""
    exam = make_exam(make_bank(), draw=2)
    (form,) = services.build_forms(assessment=exam, count=1, by=author, at=now)
    services.use_form(form=form, by=author, at=now)
    section = exam.sections.get()
    same = row(pk=section.pk, bank=section.bank_id, draw=2, title="Other name")
    admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, [same]))
    assert exam.forms.in_use().count() == 1
    section.bank.items.update(topic="Sizing")
    sized = row(pk=section.pk, bank=section.bank_id, draw=2, topic="Sizing")
    admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, [sized]))
    assert exam.forms.in_use().count() == 1  # narrowed to what it holds anyway
    other = row(pk=section.pk, bank=make_bank(slug="other").pk, draw=2)
    admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, [other]))
    assert exam.forms.in_use().count() == 0


def test_linear_forms_of_other_numbers_are_withdrawn(admin: Client, author: User, now: datetime) -> None:
    """Else nobody could start: a form in use would hold other numbers than the sections ask for."""
    exam = make_exam(make_bank(), draw=2)
    (form,) = services.build_forms(assessment=exam, count=1, by=author, at=now)
    services.use_form(form=form, by=author, at=now)
    admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, [row(title="New", draw=3)]))
    assert exam.forms.in_use().count() == 0
    entry = AuditEntry.objects.filter(action="assessments.change_exam").latest("pk")
    assert entry.detail["withdrawn_forms"] == [1]
    assert start(exam, MembershipFactory(), now).responses.count() == 3


def test_an_exam_is_changed_and_its_sections_keep_their_rows(admin: Client, now: datetime) -> None:
    exam = make_exam(make_bank(), draw=2)
    first = exam.sections.get()
    rows = [row(title="New"), row(pk=first.pk, title="Old", bank=first.bank_id, draw=3)]
    assert admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, rows)).status_code == 302
    assert list(exam.sections.order_by("position").values_list("title", flat=True)) == ["New", "Old"]
    assert exam.sections.get(pk=first.pk).position == 2
    rows = [row(pk=first.pk, title="Old", bank=first.bank_id, is_removed="on"), row(title="Only")]
    assert admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, rows, add_rows="1")).status_code == 302
    assert list(exam.sections.values_list("title", flat=True)) == ["Only"]
    changed = AuditEntry.objects.filter(action="assessments.change_exam").order_by("pk").first()
    assert changed is not None
    assert changed.detail["title"] == ["Engineer exam", "Sizing exam"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"closed_at": "2026-10-01T09:00"}, "It must open before it closes."),
        ({"opened_at": "", "closed_at": "2026-12-01T09:00"}, "It must open before it closes."),
        ({"ends_at_close": "on"}, "Attempts can only end when the exam closes if it closes"),
        ({"networks": "203.0.113.0/240"}, "is no address or network"),
        ({"time_limit_minutes": "721"}, "Nobody stays signed in for longer than 12 hours."),
        ({"later_wait_hours": "soon"}, "“soon” is no number of hours"),
        ({"later_wait_hours": "99999"}, "is no number of hours"),
        ({"seb_exam_keys": "abc"}, "has 64 digits and letters"),
        ({"proctor_url": "https://user:pw@proctor.example/"}, "no user name, password"),
        ({"proctor_url": "https://proctor.example/"}, "set the secret that the service knows too"),
        ({"cut_score": "170"}, "From 0.01 to 100."),
        ({"title": "Nul \x00"}, ""),
        ({"slug": "engineer-exam"}, "already exists"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(admin: Client, changes: dict[str, Any], words: str) -> None:
    make_exam(slug="engineer-exam")
    page = admin.post(reverse("exams:add"), sent(rows=[row()], **changes))
    assert page.status_code == 200
    assert words in page.content.decode()
    assert Assessment.objects.count() == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "needs a section with questions"),
        ([{"draw": 5}], "draws 5 questions"),
        ([{"topic": "Nowhere"}], "has 0 live about “Nowhere”"),
        ([{}, {}], "Two sections have the same title"),
        ([{"bank": ""}], "Choose a bank."),
        ([{"title": ""}], "Name the section."),
        ([{"draw": ""}], "Say how many."),
    ],
)
def test_an_exam_that_opens_must_be_able_to_start(admin: Client, rows: list[dict[str, Any]], words: str) -> None:
    page = admin.post(reverse("exams:add"), sent(rows=[row(**one) for one in rows]))
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not Assessment.objects.exists()


def test_an_exam_that_does_not_open_yet_may_be_unfinished(admin: Client) -> None:
    assert admin.post(reverse("exams:add"), sent(opened_at="")).status_code == 302
    assert Assessment.objects.get().sections.count() == 0


def test_a_change_drops_forms_drawn_ahead_and_leaves_running_attempts(
    admin: Client, member: Membership, author: User
) -> None:
    from random import Random

    exam = make_exam(prepared_forms=2)
    services.prepare_forms(assessment=exam, at=timezone.now(), rng=Random(1))
    attempt = start(exam, member, timezone.now())
    section = exam.sections.get()
    rows = [row(pk=section.pk, bank=section.bank_id, draw=4)]
    words = admin.get(reverse("exams:edit", args=[exam.pk])).content.decode()
    assert "1 attempt runs now" in words
    data = sent(exam, rows, time_limit_minutes="5", is_linear="on", cut_score="99")
    assert admin.post(reverse("exams:edit", args=[exam.pk]), data).status_code == 302
    assert not PreparedForm.objects.filter(taken_at=None).exists()
    now = Attempt.objects.get(pk=attempt.pk)
    assert (now.deadline_at, now.cut_score, now.loaded_rules.is_linear) == (attempt.deadline_at, 70, False)


def test_the_secret_of_the_proctoring_service_stays_until_it_is_replaced(admin: Client) -> None:
    data = sent(rows=[row()], proctor_url="https://proctor.example/hook", proctor_secret="a secret of some length")
    admin.post(reverse("exams:add"), data)
    exam = Assessment.objects.get()
    assert exam.proctor_secret == "a secret of some length"
    assert "a secret of" not in admin.get(reverse("exams:edit", args=[exam.pk])).content.decode()
    section = exam.sections.get()
    rows = [row(pk=section.pk, bank=section.bank_id)]
    admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, rows, proctor_url="https://proctor.example/other"))
    exam.refresh_from_db()
    assert exam.proctor_secret == "a secret of some length"
    admin.post(reverse("exams:edit", args=[exam.pk]), sent(exam, rows, proctor_url=""))
    exam.refresh_from_db()
    assert (exam.proctor_secret, exam.proctor_secret_sealed) == ("", "")


def test_an_access_code_sealed_with_a_lost_key_is_set_anew(admin: Client) -> None:
    exam = make_exam(access_code_sealed="sealed with a key that is gone")
    assert admin.get(reverse("exams:edit", args=[exam.pk])).status_code == 200


def test_the_preview_shows_no_key(admin: Client) -> None:
    exam = make_exam(make_bank(one_of_each()))
    words = admin.get(reverse("exams:preview", args=[exam.pk])).content.decode()
    assert SENTINEL not in words
    assert words.count("exam-stem") == 10
    exam.sections.update(draw=99)
    assert "too few questions" in admin.get(reverse("exams:preview", args=[exam.pk])).content.decode()


def test_papers_are_laid_down_and_taken_away(admin: Client) -> None:
    exam = make_exam()
    address = reverse("exams:documents", args=[exam.pk])
    for name, data in (("Sheet", b"%PDF-1.4"), ("Map", PICTURE.data)):
        admin.post(address, {"title": name, "file": SimpleUploadedFile("x.bin", data)})
    assert sorted(exam.documents.values_list("title", "extension")) == [("Map", "png"), ("Sheet", "pdf")]
    admin.post(address, {"title": "Evil", "file": SimpleUploadedFile("x.pdf", b"<script>")})
    admin.post(address, {"title": "", "file": SimpleUploadedFile("x.pdf", b"%PDF-1.4")})
    assert exam.documents.count() == 2
    for paper in exam.documents.all():
        admin.post(address, {"remove": paper.pk})
    assert admin.post(address, {"remove": "x"}).status_code == 404
    assert not ReferenceDocument.objects.exists()
    assert AuditEntry.objects.filter(action="assessments.remove_document").count() == 2


def test_papers_have_a_limit(exam: Assessment, author: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lms.assessments.services.exams.MAX_DOCUMENT_BYTES", 10)
    with pytest.raises(UnsafeInput):
        services.add_document(assessment=exam, title="Big", data=b"%PDF-1.4" + b"x" * 9, by=author, at=timezone.now())


def test_results_are_released_from_the_page(admin: Client, member: Membership) -> None:
    exam = make_exam(is_result_held=True)
    services.submit_attempt(attempt=start(exam, member, timezone.now()), at=timezone.now())
    page = admin.get(reverse("exams:inspect", args=[exam.pk])).content.decode()
    assert "1 candidate waits for a result" in page
    assert admin.post(reverse("exams:release", args=[exam.pk])).status_code == 302
    exam.refresh_from_db()
    assert exam.results_released_at is not None
    assert AuditEntry.objects.filter(action="assessments.release_results").count() == 1


def test_grants_are_made_and_ended(watcher: Client, member: Membership) -> None:
    address = reverse("exam_grants:index")
    assert watcher.get(address).status_code == 200
    data = {"email": member.person.email.upper(), "extra_percent": "50", "break_minutes": "0"}
    assert watcher.post(address, data).status_code == 302
    made = Accommodation.objects.get()
    assert (made.person, made.extra_percent, made.assessment) == (member.person, 50, None)
    assert "End the grant of" in watcher.get(address).content.decode()
    assert "Nobody signs in" in watcher.post(address, data | {"email": "x@y.example"}).content.decode()
    assert "Grant extra time" in watcher.post(address, data | {"extra_percent": "0"}).content.decode()
    assert watcher.post(address, {"end": made.pk}).status_code == 302
    assert watcher.post(address, {"end": "x"}).status_code == 404
    assert Accommodation.objects.filter(ended_at=None).count() == 0


def test_attempts_and_timelines_are_shown(watcher: Client, member: Membership) -> None:
    exam = make_exam(honour_code="Alone.")
    entry = services.Entry(has_agreed=True)
    attempt = services.start_attempt(
        assessment=exam, person=member.person, membership=member, at=timezone.now(), entry=entry
    )
    told = [services.Told(kind="focus_lost", item=2), services.Told(kind="focus_back", seconds=4)]
    services.tell_events(attempt=attempt, told=told, at=timezone.now())
    services.submit_attempt(attempt=attempt, at=timezone.now())
    listed = watcher.get(reverse("exams:attempts", args=[exam.pk])).content.decode()
    for words in ("1 event", "very quick", member.partner.name):
        assert words in listed
    page = watcher.get(reverse("exams:timeline", args=[attempt.pk])).content.decode()
    for words in ("Left the page, question 2", "Came back to the page, 4 s", "The record is whole", "Honour code"):
        assert words in page
    attempt.events.filter(number=2).update(detail={})
    assert "does not hold from event 2" in watcher.get(reverse("exams:timeline", args=[attempt.pk])).content.decode()


def test_the_list_of_attempts_takes_constant_queries(watcher: Client, exam: Assessment) -> None:

    counts = []
    for number in (1, 2):
        for _ in range(number):
            start(exam, MembershipFactory(), timezone.now())
        watcher.get(reverse("exams:attempts", args=[exam.pk]))
        with CaptureQueriesContext(connection) as queries:
            watcher.get(reverse("exams:attempts", args=[exam.pk]))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("group", "allowed"),
    [
        ("Content reviewers", set()),
        ("Channel marketing", {"edit", "preview", "inspect"}),
        ("Portal managers", {"edit", "preview", "inspect", "attempts", "timeline", "grants"}),
    ],
)
def test_each_page_asks_for_its_permission(client: Client, attempt: Attempt, group: str, allowed: set[str]) -> None:
    client.force_login(member_of(group))
    exam = attempt.assessment_id
    pages = {
        "edit": reverse("exams:edit", args=[exam]),
        "preview": reverse("exams:preview", args=[exam]),
        "inspect": reverse("exams:inspect", args=[exam]),
        "attempts": reverse("exams:attempts", args=[exam]),
        "timeline": reverse("exams:timeline", args=[attempt.pk]),
        "grants": reverse("exam_grants:index"),
    }
    assert {name for name, address in pages.items() if client.get(address).status_code == 200} == allowed
    if not allowed:
        for name in ("exams:release", "exams:documents"):
            assert client.post(reverse(name, args=[exam])).status_code in {302, 403}


def test_the_service_refuses_a_name_that_is_taken(exam: Assessment, author: User) -> None:
    twin = Assessment(slug=exam.slug, title="Twin", time_limit_minutes=5, cut_score=70)
    with pytest.raises(ExamInvalid) as refusal:
        services.save_exam(assessment=twin, sections=[], personas=[], by=author, at=timezone.now())
    assert refusal.value.field == "slug"
