"""Many credentials: issued by decision, from files, revoked, downloaded; and letters before they end."""

import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from certifications import errors, services, tasks
from certifications.errors import BadRows
from certifications.models import Credential, Reminder
from certifications.services import bulk
from lms.accounts.models import User
from lms.events.models import Message
from lms.events.services import drain
from tests.certifications.factories import certification, credential, exam, sat
from tests.factories import MembershipFactory, UserFactory

DAY = timedelta(days=1)


@pytest.fixture
def by() -> User:
    user: User = UserFactory(email="manager@halden.example")
    user.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    return user


def rows(*lines: str) -> bytes:
    return "\n".join(["email,certification,reason", *lines]).encode()


# --- By decision ---


@pytest.mark.django_db
def test_decision_stands_on_the_credential(by: User, now: datetime) -> None:
    person, wanted = UserFactory(name="Ann"), certification(exam())
    issued, is_new = services.issue_by_decision(
        person=person, certification=wanted, by=by, reason="Held at Acme", at=now
    )
    said = issued.as_issued
    assert is_new
    assert [(met.kind, met.title, met.statement_id) for met in said.requirements] == [
        ("decision", "Held at Acme", None)
    ]
    assert (said.percent, said.sections, issued.membership) == (None, (), None)
    again, is_new = services.issue_by_decision(person=person, certification=wanted, by=by, reason="Again", at=now)
    assert (again, is_new) == (issued, False)
    assert Message.objects.filter(type="certifications.CredentialIssued").count() == 1


@pytest.mark.django_db
def test_decision_is_refused(by: User, now: datetime) -> None:
    """Award without entitlement: a partner's manager issues nothing."""
    person, wanted = UserFactory(), certification(exam())
    asked = {"person": person, "certification": wanted, "by": by, "reason": "x", "at": now}
    with pytest.raises(errors.NotAllowed):
        services.issue_by_decision(**{**asked, "by": MembershipFactory(role="manager").person})
    with pytest.raises(errors.ReasonMissing):
        services.issue_by_decision(**{**asked, "reason": " "})
    wanted.retired_at = now
    with pytest.raises(errors.CertificationRetired):
        services.issue_by_decision(**asked)
    assert not Credential.objects.exists()


@pytest.mark.django_db
def test_decision_after_revocation_is_a_new_number(by: User, now: datetime) -> None:
    first = credential(now)
    services.revoke_credential(credential=first, by=by, reason="By mistake", at=now)
    again, is_new = services.issue_by_decision(
        person=first.person, certification=first.certification, by=by, reason="It was a mistake", at=now
    )
    assert (is_new, again.sequence, again.public_id != first.public_id) == (True, 2, True)


# --- From a file ---


@pytest.mark.django_db
def test_plan_tells_each_row_and_issues_nothing(by: User, now: datetime) -> None:
    held = credential(now)
    UserFactory(email="ann@x.example")
    certification(exam("new"), slug="new")
    certification(exam("old"), slug="old", retired_at=now)
    plan = services.plan_issue(
        content=rows(
            "Ann@X.example , new,Class of 2025",
            "ann@x.example,new,Twice",
            "nobody@x.example,new,x",
            "ann@x.example,unknown,x",
            "ann@x.example,old,x",
            f"{held.person.email},new,",
            f"{held.person.email},{held.certification.slug},x",
        ),
        at=now,
    )
    assert [(row.line, row.is_due, row.is_held) for row in plan] == [
        (2, True, False),
        (3, False, False),
        (4, False, False),
        (5, False, False),
        (6, False, False),
        (7, False, False),
        (8, False, True),
    ]
    assert [row.problem.split()[0] for row in plan if row.problem] == ["The", "Nobody", "There", "This", "A"]
    assert Credential.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_plan_asks_as_often_for_three_rows_as_for_one(count: int, now: datetime) -> None:
    certification(exam(), slug="new")
    people = [UserFactory() for _ in range(count)]
    content = rows(*(f"{person.email},new,x" for person in people))
    with CaptureQueriesContext(connection) as queries:
        assert all(row.is_due for row in services.plan_issue(content=content, at=now))
    assert len(queries) == 3


@pytest.mark.django_db
def test_issue_from_a_file_twice_issues_once(by: User, now: datetime) -> None:
    certification(exam(), slug="new")
    content = rows(*(f"{UserFactory().email},new,Class" for _ in range(3)))
    ticks: list[int] = []
    for expected in (3, 0):
        plan = services.plan_issue(content=content, at=now)
        assert len(services.issue_planned(rows=plan, by=by, at=now, tick=lambda: ticks.append(1))) == expected
    assert (Credential.objects.count(), len(ticks)) == (3, 6)


@pytest.mark.parametrize(
    "content,says",
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"", "no rows"),
        (b"email\na", "Missing: certification, reason"),
        (b"email;certification\na;b", "Missing: reason"),
        (b"x" * 2_000_001, "more than 2 MB"),
        (b"email,certification,reason\n" + b"a,b,c\n" * 10_001, "more than 10,000 rows"),
        (b"email,certification,reason\na\x00,b,c", "NUL"),
        (
            b'email,certification,reason\n"' + b"x" * 200_000 + b'",b,c',
            "more than 2,000 characters|cannot be read as CSV",
        ),
    ],
)
def test_bad_files_are_refused_with_words(content: bytes, says: str, now: datetime) -> None:
    with pytest.raises(BadRows, match=says):
        services.plan_issue(content=content, at=now)


@given(st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes_are_rows_or_refused(content: bytes) -> None:
    from lms.common.errors import DomainError

    try:
        bulk._read(content)
    except DomainError as error:
        assert error.message


@pytest.mark.django_db
def test_revoke_many(by: User, now: datetime) -> None:
    first, second = credential(now), credential(now)
    numbers = [first.public_id, "unknown", first.public_id, second.public_id, ""]
    assert services.revoke_many(public_ids=numbers, by=by, reason="Leaked", at=now) == (2, ["unknown"])
    assert services.revoke_many(public_ids=numbers, by=by, reason="Again", at=now) == (0, ["unknown"])
    assert set(Credential.objects.values_list("revocation_reason", flat=True)) == {"Leaked"}


@pytest.mark.django_db
def test_archive_comes_piece_by_piece(by: User, now: datetime) -> None:
    held = [credential(now) for _ in range(2)]
    services.suspend_credential(credential=held[1], by=by, reason="x", at=now)
    pieces = list(services.zip_of_pdfs(credentials=held, at=now))
    assert len(pieces) == 3
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    assert archive.namelist() == [f"{held[0].public_id}.pdf", "missing.txt"]
    assert b"suspended" in archive.read("missing.txt")


# --- Commands ---


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("credentials", *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.mark.django_db
def test_command_exports_pdf_and_badge(tmp_path: Path) -> None:
    issued = credential(timezone.now())
    target = tmp_path / "out"
    with pytest.raises(CommandError, match="badge waits"):
        run("export", issued.public_id, "--format", "json", "--out", target)
    drain()
    run("export", issued.public_id, "--format", "json", "--out", target)
    assert b"OpenBadgeCredential" in target.read_bytes()
    run("export", issued.public_id, "--format", "pdf", "--out", target)
    assert target.read_bytes().startswith(b"%PDF")
    run("authority", "--out", target)
    assert b"BEGIN CERTIFICATE" in target.read_bytes()
    with pytest.raises(CommandError, match="cannot be written"):
        run("authority", "--out", tmp_path)
    with pytest.raises(CommandError, match="no credential"):
        run("export", "unknown", "--out", target)


@pytest.mark.django_db
def test_command_takes_an_old_number_that_begins_with_a_hyphen(tmp_path: Path) -> None:
    Credential.objects.filter(pk=credential(timezone.now()).pk).update(public_id="-older")
    run("export", "--format", "pdf", "--out", tmp_path / "out", "--", "-older")
    assert (tmp_path / "out").read_bytes().startswith(b"%PDF")


@pytest.mark.django_db
def test_command_changes_credentials(by: User) -> None:
    issued = credential(timezone.now())
    said = [
        run(deed, issued.public_id, "--reason", "Because", "--by", by.email).split()[-1]
        for deed in ("suspend", "reinstate", "revoke")
    ]
    assert said == ["suspended", "valid", "revoked"]
    with pytest.raises(CommandError, match="does not come back"):
        run("reinstate", issued.public_id, "--reason", "Because", "--by", by.email)
    with pytest.raises(CommandError, match="Nobody here"):
        run("revoke", issued.public_id, "--reason", "Because", "--by", "x@y.example")


@pytest.mark.django_db
def test_command_issues_one_and_many(by: User, tmp_path: Path) -> None:
    person = UserFactory(email="ann@x.example")
    certification(exam(), slug="new")
    assert run("issue", person.email, "new", "--reason", "Held", "--by", by.email).split()[-1] == "issued"
    assert "nothing was issued" in run("issue", person.email, "new", "--reason", "Held", "--by", by.email)
    with pytest.raises(CommandError, match="no certification"):
        run("issue", person.email, "unknown", "--reason", "x", "--by", by.email)
    with pytest.raises(CommandError, match="Name an e-mail"):
        run("issue", "--by", by.email)
    file = tmp_path / "rows.csv"
    with pytest.raises(CommandError, match="cannot be read"):
        run("issue", "--csv", file, "--by", by.email)
    UserFactory(email="bob@x.example")
    file.write_bytes(rows("bob@x.example,new,Class"))
    assert "1 would be issued" in run("issue", "--csv", file, "--dry-run", "--by", by.email)
    assert Credential.objects.count() == 1
    assert "1 issued" in run("issue", "--csv", file, "--by", by.email)
    file.write_bytes(rows("nobody@x.example,new,Class"))
    with pytest.raises(CommandError, match="1 of 1 rows"):
        run("issue", "--csv", file, "--by", by.email)


# --- Letters before the end ---


@pytest.mark.django_db
def test_reminders_go_once_for_each_mark(now: datetime) -> None:
    issued = credential(now)
    assert issued.expires_on is not None
    last = now + timedelta(days=(issued.expires_on - now.date()).days)
    sent = [services.remind_of_expiry(at=last - days * DAY) for days in (91, 90, 90, 89, 60, 45, 30, 8, 7, 1, 0, -1)]
    assert sent == [0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0]
    assert sorted(Reminder.objects.values_list("days", flat=True)) == [7, 30, 60, 90]


@pytest.mark.django_db
def test_missed_marks_are_told_as_one(now: datetime) -> None:
    issued = credential(now)
    assert issued.expires_on is not None
    last = now + timedelta(days=(issued.expires_on - now.date()).days)
    assert services.remind_of_expiry(at=last - 20 * DAY) == 1
    assert services.remind_of_expiry(at=last - 19 * DAY) == 0
    assert list(Reminder.objects.values_list("days", flat=True)) == [30]


@pytest.mark.django_db
def test_one_letter_for_everything_of_a_person(by: User, now: datetime) -> None:
    """A digest: two that end and one that was revoked make one letter with two."""
    member = MembershipFactory(person=UserFactory(name="Ann <b>", email="ann@x.example"))
    held = [credential(now, membership=member, title=f"Title {number}") for number in range(3)]
    services.revoke_credential(credential=held[2], by=by, reason="x", at=now)
    at = now + timedelta(days=700)
    assert services.remind_of_expiry(at=at) == 1
    drain()
    (letter,) = [one for one in mail.outbox if "end soon" in one.subject]
    assert (letter.to, letter.subject) == (["ann@x.example"], "2 of your certificates end soon")
    assert "Title 0" in letter.body
    assert "Title 2" not in letter.body
    assert "Ann &lt;b&gt;" in str(letter.alternatives[0][0])


@pytest.mark.django_db
def test_renewed_and_closed_accounts_hear_nothing(now: datetime) -> None:
    member = MembershipFactory()
    issued = credential(now, membership=member)
    assessment = issued.certification.requirements.get().assessment
    assert assessment is not None
    at = now + timedelta(days=700)
    sat(assessment, member, at)
    services.issue_if_earned(person=member.person, certification=issued.certification, at=at)
    gone = credential(now)
    gone.person.is_active = False
    gone.person.save(update_fields=["is_active"])
    assert services.remind_of_expiry(at=at) == 0


@pytest.mark.django_db
def test_letter_that_comes_too_late_is_not_sent(by: User, now: datetime) -> None:
    """Revoked between the run and the delivery: no letter."""
    issued = credential(now)
    at = now + timedelta(days=700)
    services.remind_of_expiry(at=at)
    services.revoke_credential(credential=issued, by=by, reason="x", at=at)
    drain()
    assert not [one for one in mail.outbox if "soon" in one.subject]


@pytest.mark.django_db
def test_task_calls_the_service() -> None:
    tasks.remind_of_expiry()
    assert not Reminder.objects.exists()
