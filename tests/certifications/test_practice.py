"""Practice evidence: handed in, judged by somebody independent, counted as a requirement, kept with its history."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from certifications import errors, services
from certifications.filing import MAX_BYTES, HandedFile, checked
from certifications.forms import CertificationForm
from certifications.models import Certification, Credential, PracticeTask, Requirement, Submission
from certifications.progress import State, progress
from lms.accounts.models import AuditEntry, User
from lms.events.services import drain
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.certifications.factories import certification, exam, sat
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
PDF = HandedFile(name="demo.pdf", content=b"%PDF-1.7 a demo")


@pytest.fixture
def member() -> Membership:
    return MembershipFactory(person__email="ines@kestrel.example")


@pytest.fixture
def reviewer() -> User:
    user: User = UserFactory(name="Marit Solberg")
    user.groups.add(Group.objects.get_or_create(name="Content reviewers")[0])
    return user


@pytest.fixture
def task() -> PracticeTask:
    return PracticeTask.objects.create(slug="hold-a-demo", title="Hold a demo", brief="Hold one.", minutes=45)


@pytest.fixture
def wanted(task: PracticeTask) -> Certification:
    return asking(task)


def asking(
    task: PracticeTask, slug: str = "practical", *, is_for_renewal: bool = False, **fields: Any
) -> Certification:
    made = certification(slug=slug, title="Practical", **fields)
    Requirement.objects.create(certification=made, position=1, practice=task, is_for_renewal=is_for_renewal)
    return made


def handed(task: PracticeTask, member: Membership, at: datetime, **parts: Any) -> Submission:
    said: dict[str, Any] = {"words": "On Monday, at a shop.", "link": "", "file": None} | parts
    return services.hand_in(task=task, person=member.person, membership=member, at=at, **said)


def judge(one: Submission, by: User, at: datetime, *, is_accepted: bool = True, reason: str = "") -> None:
    services.judge_submission(submission=one, is_accepted=is_accepted, reason=reason, by=by, at=at)


def verbs(one: Submission) -> list[str]:
    stored = Statement.objects.filter(registration=one.public_id, authority__is_trusted=True).order_by("pk")
    return [
        body.partition("/verbs/")[2].partition('"')[0] or "submit" for body in stored.values_list("body", flat=True)
    ]


# --- Handing in and judging ---


def test_accepted_evidence_earns_the_certification(
    wanted: Certification, task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    one = handed(task, member, now, file=PDF)
    assert (progress(member.person, wanted, now.date()).steps[0].state, verbs(one)) == (State.STARTED, ["submit"])
    drain()
    assert not Credential.objects.exists()
    judge(one, reviewer, now)
    assert verbs(one) == ["submit", "passed"]
    drain()
    issued = Credential.objects.get(person=member.person, certification=wanted)
    (met,) = issued.as_issued.requirements
    accepted = Statement.objects.filter(registration=one.public_id).latest("pk")
    assert (met.kind, met.title, met.statement_id) == ("practice", "Hold a demo", str(accepted.statement_id))
    assert issued.membership == member
    assert progress(member.person, wanted, now.date()).steps[0].is_done
    assert AuditEntry.objects.filter(action="certifications.judge_submission", actor=reviewer).count() == 1
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["ines@kestrel.example"], "Hold a demo: accepted")


def test_returned_evidence_says_why_and_is_handed_in_again(
    wanted: Certification, task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    first = handed(task, member, now)
    with pytest.raises(errors.ReasonMissing):
        judge(first, reviewer, now, is_accepted=False, reason=" ")
    judge(first, reviewer, now, is_accepted=False, reason="Whose shop?\nAnd when?")
    drain()
    assert verbs(first) == ["submit", "failed"]
    assert "Whose shop?\nAnd when?" in str(mail.outbox[0].body)
    assert progress(member.person, wanted, now.date()).steps[0].state == State.OPEN
    second = handed(task, member, now + timedelta(hours=1))
    judge(second, reviewer, now + timedelta(hours=2))
    drain()
    assert Credential.objects.filter(certification=wanted).count() == 1
    kept = Submission.objects.order_by("submitted_at").values_list("is_accepted", "reason")
    assert list(kept) == [(False, "Whose shop?\nAnd when?"), (True, "")]


def test_same_word_twice_changes_nothing_another_word_is_refused(
    wanted: Certification, task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    one = handed(task, member, now)
    judge(one, reviewer, now)
    judge(one, reviewer, now)
    assert verbs(one) == ["submit", "passed"]
    with pytest.raises(errors.AlreadyJudged):
        judge(one, reviewer, now, is_accepted=False, reason="No")
    drain()
    services.issue_for_submission(submission_id=one.public_id, at=now)
    assert Credential.objects.count() == 1


@pytest.mark.parametrize(
    "who",
    [
        *("himself", "superuser himself", "superuser colleague"),
        *("colleague", "colleague then", "both then", "manager", "stranger"),
    ],
)
def test_nobody_partial_judges(
    who: str, wanted: Certification, task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    """A reviewer of the vendor who also belongs to the learner's partner is a colleague."""
    one = handed(task, member, now)
    by = {
        "himself": lambda: member.person,
        "superuser himself": lambda: member.person,
        "superuser colleague": lambda: MembershipFactory(partner=member.partner, person__is_superuser=True).person,
        "both then": lambda: MembershipFactory(partner=member.partner, person=reviewer, ends_on=now.date()).person,
        "colleague": lambda: MembershipFactory(partner=member.partner, person=reviewer).person,
        "colleague then": lambda: MembershipFactory(partner=member.partner, person=reviewer).person,
        "manager": lambda: MembershipFactory(partner=member.partner, role="manager").person,
        "stranger": UserFactory,
    }[who]()
    if who == "himself":
        by.groups.add(Group.objects.get(name="Content reviewers"))
    if who == "superuser himself":
        User.objects.filter(pk=by.pk).update(is_superuser=True)
    if who == "both then":
        Membership.objects.filter(partner=member.partner).update(ends_on=now.date())
        assert now.date() < timezone.now().date()
    if who == "colleague then":
        Membership.objects.filter(pk=member.pk).update(ends_on=date(2025, 2, 1))
    with pytest.raises(errors.NotAllowed):
        judge(User.objects.get(pk=by.pk) and one, User.objects.get(pk=by.pk), now)
    one.refresh_from_db()
    assert one.is_waiting


def test_one_waits_at_a_time(wanted: Certification, task: PracticeTask, member: Membership, now: datetime) -> None:
    handed(task, member, now)
    with pytest.raises(errors.AlreadyHandedIn):
        handed(task, member, now, file=PDF)
    assert Submission.objects.count() == 1
    assert default_storage.listdir("certificates/evidence")[1] == []


@pytest.mark.parametrize(
    "parts,error",
    [
        ({"words": "  "}, errors.NothingHandedIn),
        ({"link": "javascript:alert(1)"}, errors.NothingHandedIn),
        ({"link": "https://kestrel.example/" + "a" * 500}, errors.NothingHandedIn),
        ({"file": HandedFile(name="run.exe", content=b"MZ")}, errors.BadFile),
    ],
)
def test_what_is_nothing_is_refused(
    parts: Any, error: Any, wanted: Certification, task: PracticeTask, member: Membership, now: datetime
) -> None:
    with pytest.raises(error):
        handed(task, member, now, **parts)
    assert not Submission.objects.exists()


def test_only_for_what_a_certification_asks_him(task: PracticeTask, member: Membership, now: datetime) -> None:
    with pytest.raises(errors.NotAllowed):
        handed(task, member, now)
    asking(task)
    PracticeTask.objects.update(retired_at=now)
    with pytest.raises(errors.NotAllowed):
        handed(PracticeTask.objects.get(), member, now)


def test_a_day_has_a_limit(
    wanted: Certification, task: PracticeTask, member: Membership, reviewer: User, now: datetime, monkeypatch: Any
) -> None:
    monkeypatch.setattr("certifications.services.handing_in.MAX_A_DAY", 1)
    judge(handed(task, member, now), reviewer, now)
    with pytest.raises(errors.TooManyHandedIn):
        handed(task, member, now + timedelta(hours=23))
    assert handed(task, member, now + timedelta(hours=25)).pk


def test_full_storage_is_said_and_nothing_kept(
    wanted: Certification, task: PracticeTask, member: Membership, now: datetime, settings: Any, tmp_path: Any
) -> None:
    (tmp_path / "media").write_text("a file where the folder should be")
    with pytest.raises(errors.FileNotKept):
        handed(task, member, now, file=PDF)
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "name,content,is_taken",
    [
        ("a.PDF", b"%PDF-1.4", True),
        ("C:\\x\\..\\a.txt", "Grüße".encode(), True),
        ("a.webm", b"\x1aE\xdf\xa3..", True),
        ("a.pdf", b"<html>", False),
        ("a.txt", b"\xff\x00", False),
        ("a.txt", b"", False),
        ("a.svg", b"<svg/>", False),
        ("pdf", b"%PDF-1.4", False),
        ("a.txt", b"a" * (MAX_BYTES + 1), False),
    ],
)
def test_files_are_what_they_say(name: str, content: bytes, is_taken: bool) -> None:
    file = HandedFile(name=name, content=content)
    if is_taken:
        assert "/" not in checked(file).name
        assert "\\" not in checked(file).name
    else:
        with pytest.raises(errors.BadFile):
            checked(file)


# --- What counts ---


def test_old_evidence_no_longer_counts_where_the_certification_says_so(
    task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    assessment = exam()
    wanted = certification(assessment, practice_months=6)
    Requirement.objects.create(certification=wanted, position=2, practice=task)
    judge(handed(task, member, now), reviewer, now)
    last = datetime(2027, 5, 16, 23, 0, tzinfo=now.tzinfo)
    states = [progress(member.person, wanted, on.date()).steps[1].state for on in (last, last + timedelta(days=1))]
    assert states == [State.DONE, State.OPEN]
    sat(assessment, member, last + timedelta(days=1))
    assert services.issue_if_earned(person=member.person, certification=wanted, at=last + timedelta(days=1)) is None
    Certification.objects.update(practice_months=0)
    wanted.refresh_from_db()
    assert services.issue_if_earned(person=member.person, certification=wanted, at=last + timedelta(days=1))


@pytest.mark.parametrize("is_short", [True, False])
def test_practice_shown_anew_renews(
    is_short: bool, task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    other = PracticeTask.objects.create(slug="other", title="Other", brief="It.")
    wanted = asking(task, valid_months=12)
    if is_short:
        Requirement.objects.create(certification=wanted, position=2, practice=other, is_for_renewal=True)
    judge(handed(task, member, now), reviewer, now)
    drain()
    near = now + timedelta(days=330)
    shown = progress(member.person, wanted, near.date())
    assert [(step.title, step.state) for step in shown.steps] == [
        (("Other" if is_short else "Hold a demo"), State.OPEN)
    ]
    judge(handed(other if is_short else task, member, near), reviewer, near)
    drain()
    drain()
    assert Credential.objects.filter(certification=wanted).count() == 2


def test_steps_cost_the_same_for_one_and_three(
    task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    counts = []
    for number in (1, 3):
        for extra in range(number):
            other = PracticeTask.objects.create(slug=f"t-{number}-{extra}", title="T", brief="It.")
            asking(other, f"c-{number}-{extra}", practice_months=3)
            judge(handed(other, member, now), reviewer, now)
        certifications = Certification.objects.filter(slug__startswith=f"c-{number}")
        with CaptureQueriesContext(connection) as queries:
            services.way(member.person, certifications, now.date())
        counts.append(len(queries))
    assert counts == [5, 5]


# --- What the database holds ---


def test_database_refuses_what_makes_no_sense(
    wanted: Certification, task: PracticeTask, member: Membership, now: datetime
) -> None:
    base = {"person": member.person, "submitted_at": now}
    judged = {"decided_at": now, "decided_by": UserFactory()}
    refused: list[dict[str, Any]] = [
        base,
        {**base, "task": task, "certification": wanted},
        {**base, "task": task, "points": 3},
        {**base, "certification": wanted, "title": "X", "happened_on": now.date()},
        {**base, "certification": wanted, "points": 3, "happened_on": now.date()},
        {**base, "task": task, "is_accepted": True},
        {**base, "task": task, **judged},
        {**base, "task": task, **judged, "is_accepted": False},
        {**base, "task": task, **judged, "is_accepted": True, "decided_by": member.person},
    ]
    for values in refused:
        with pytest.raises(IntegrityError), transaction.atomic():
            Submission.objects.create(**values)


# --- Pages ---


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_page_takes_words_and_a_file(wanted: Certification, task: PracticeTask, member: Membership) -> None:
    client = signed_in(member.person)
    assert "/practice/hold-a-demo/" in client.get("/certifications/practical/").content.decode()
    empty = client.post("/practice/hold-a-demo/", {})
    assert "Write some words" in empty.content.decode()
    sent = SimpleUploadedFile("Übersicht <b>.pdf", PDF.content)
    data = {"words": "<script>alert(1)</script>", "link": "https://kestrel.example/a", "file": sent}
    assert client.post("/practice/hold-a-demo/", data).status_code == 302
    page = client.get("/practice/hold-a-demo/").content.decode()
    assert "&lt;script&gt;" in page
    assert "A reviewer reads it" in page
    assert "Hand it in</button>" not in page
    one = Submission.objects.get()
    assert (one.file_name, one.membership) == ("Übersicht <b>.pdf", member)
    assert "handed in: a reviewer reads it" in client.get("/certifications/practical/").content.decode()


def test_file_is_a_download_for_owner_and_reviewer_only(
    wanted: Certification, task: PracticeTask, member: Membership, reviewer: User
) -> None:
    one = handed(task, member, timezone.now(), file=HandedFile(name="a.pdf", content=b"%PDF-<script>"))
    address = f"/practice/files/{one.public_id}/"
    colleague = MembershipFactory(partner=member.partner, role="manager").person
    answers = {
        name: signed_in(who).get(address)
        for name, who in {"own": member.person, "reviewer": reviewer, "colleague": colleague}.items()
    }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "own": 200,
        "reviewer": 200,
        "colleague": 404,
    }
    for name in ("own", "reviewer"):
        answer = answers[name]
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert b"".join(answer) == b"%PDF-<script>"  # type: ignore[call-overload]
    MembershipFactory(partner=member.partner, person=reviewer)
    assert signed_in(User.objects.get(pk=reviewer.pk)).get(address).status_code == 404


def test_reviewers_read_what_is_of_no_colleague(
    wanted: Certification, task: PracticeTask, member: Membership, reviewer: User, now: datetime
) -> None:
    """The learners' words tell of customers: neither list nor page shows them to a colleague; everybody has his own."""
    theirs, other = handed(task, member, now), handed(task, MembershipFactory(persona=member.persona), now)
    seen = Submission.objects.visible_to
    assert set(seen(reviewer)) == {theirs, other}
    own = handed(task, MembershipFactory(partner=member.partner, person=reviewer), now)
    reviewer = User.objects.get(pk=reviewer.pk)
    assert set(seen(reviewer)) == {own, other}
    assert set(Submission.objects.independent_of(reviewer)) == {other}
    assert set(seen(UserFactory(is_superuser=True))) == {theirs, other, own}


def admits(user: User) -> Client:
    from django.contrib.auth.models import Permission

    group = user.groups.get()
    group.permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    return signed_in(user)


def test_reviewer_judges_in_the_admin(
    wanted: Certification, task: PracticeTask, member: Membership, reviewer: User
) -> None:
    at = timezone.now()
    judge(handed(task, member, at), reviewer, at, is_accepted=False, reason="More, please")
    one = handed(task, member, at, words="<b>Better</b>")
    desk = admits(reviewer)
    assert "Hold a demo" in desk.get("/admin/evidence/").content.decode()
    address = f"/admin/evidence/{one.public_id}/"
    page = desk.get(address).content.decode()
    assert "&lt;b&gt;Better" in page
    assert "More, please" in page
    assert "Say what is missing" in desk.post(address, {"verdict": "return"}).content.decode()
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(reviewer, backend="django.contrib.auth.backends.ModelBackend")
    assert forged.post(address, {"verdict": "accept"}).status_code == 403
    one.refresh_from_db()
    assert one.is_waiting
    assert desk.post(address, {"verdict": "accept"}).status_code == 302
    one.refresh_from_db()
    assert (one.is_accepted, one.decided_by) == (True, reviewer)
    MembershipFactory(partner=member.partner, person=reviewer)
    third = handed(task, member, at)
    partial = signed_in(User.objects.get(pk=reviewer.pk))
    address = f"/admin/evidence/{third.public_id}/"
    # whoever belongs to a partner has no desk at all
    assert partial.get(address).status_code in {200, 404}
    partial.post(address, {"verdict": "accept"})
    third.refresh_from_db()
    assert third.is_waiting


def test_tasks_are_kept_by_managers(member: Membership) -> None:
    manager = UserFactory()
    manager.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    desk = admits(manager)
    data = {"title": "Run a pilot", "slug": "run-a-pilot", "brief": "Run it.", "criteria": "", "minutes": 60}
    assert desk.post("/admin/practice_tasks/new/", data).status_code == 302
    made = PracticeTask.objects.get()
    data["minutes"] = 90
    assert desk.post(f"/admin/practice_tasks/edit/{made.pk}/", data).status_code == 302
    assert (
        PracticeTask.objects.get().minutes,
        AuditEntry.objects.filter(action__contains="practice_task").count(),
    ) == (
        90,
        2,
    )
    with pytest.raises(errors.NotAllowed):
        services.save_practice_task(task=made, by=member.person, at=timezone.now())


def test_retired_task_is_kept_by_what_asks_for_it_and_offered_again(
    wanted: Certification, task: PracticeTask, member: Membership
) -> None:
    manager = UserFactory()
    manager.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    desk = admits(manager)
    address = f"/admin/practice_tasks/edit/{task.pk}/"
    data = {"title": "Hold a demo", "slug": task.slug, "brief": "Hold one.", "criteria": "", "minutes": 45}
    assert desk.post(address, {**data, "is_retired": "on"}).status_code == 302
    task.refresh_from_db()
    since = task.retired_at
    assert since is not None
    with pytest.raises(errors.NotAllowed):
        handed(task, member, timezone.now())
    form: Any = desk.get(address).context["form"]
    assert form["is_retired"].initial is True
    desk.post(address, {**data, "is_retired": "on", "minutes": 50})
    task.refresh_from_db()
    assert (task.retired_at, task.minutes) == (since, 50)
    new, known = CertificationForm(for_user=manager), CertificationForm(instance=wanted, for_user=manager)
    assert [list(form.fields["practice"].queryset) for form in (new, known)] == [[], [task]]
    desk.post(address, data)
    task.refresh_from_db()
    assert task.retired_at is None
