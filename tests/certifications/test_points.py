"""Continuing points: counted from facts while a certificate holds, claimed or recorded, renewing once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from certifications import errors, services, tasks
from certifications.models import Certification, Credential, PointsRule, Submission
from certifications.points import PointsAccount, account
from certifications.services import handing_in
from courses.models import CourseVersion
from lms.accounts.models import AuditEntry, User
from lms.events.services import drain
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.certifications.factories import certification, completed, exam, published, sat
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def member() -> Membership:
    return MembershipFactory()


@pytest.fixture
def manager() -> User:
    user: User = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    return user


@pytest.fixture
def course() -> CourseVersion:
    return published(1, title="What is new")


@pytest.fixture
def held(member: Membership, course: CourseVersion, now: datetime) -> Credential:
    """Issued at `now` for a year; 30 points renew it, a course gives 20 and an exam 10."""
    assessment = exam("full")
    wanted = certification(assessment, title="Engineer", valid_months=12, renewal_points=30, grace_days=10)
    PointsRule.objects.create(certification=wanted, course=course.course, points=20)
    PointsRule.objects.create(certification=wanted, assessment=exam("extra", title="Extra"), points=10)
    sat(assessment, member, now)
    issued = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    assert issued is not None
    drain()
    return issued


def points(held: Credential, at: datetime) -> PointsAccount:
    found = account(held, held.certification, at)
    assert found is not None
    return found


def claim(held: Credential, member: Membership, at: datetime, *, on: date, **fields: Any) -> Submission:
    said: dict[str, Any] = {"title": "Halden Forum", "points": 10, "words": "I was there.", "link": "", "file": None}
    return services.claim_points(
        certification=held.certification,
        person=member.person,
        membership=member,
        happened_on=on,
        at=at,
        **(said | fields),
    )


def judge(one: Submission, by: User, at: datetime, *, is_accepted: bool = True) -> None:
    services.judge_submission(submission=one, is_accepted=is_accepted, reason="So it is.", by=by, at=at)


def test_each_thing_counts_once_and_in_its_time(
    held: Credential, member: Membership, course: CourseVersion, now: datetime
) -> None:
    assert [(points(held, now).total, points(held, now).missing)] == [(0, 30)]
    completed(course, member, now + 10 * DAY)
    extra = held.certification.points_rules.exclude(assessment=None).get().assessment
    assert extra is not None
    sat(extra, member, now + 20 * DAY)
    sat(extra, member, now + 30 * DAY)
    found = points(held, now + 40 * DAY)
    assert [(one.title, one.points) for one in found.earned] == [("What is new", 20), ("Extra", 10)]
    assert (found.total, found.missing, found.is_enough) == (30, 0, True)
    assert points(held, now + 10 * DAY - timedelta(seconds=1)).total == 0
    assert next((one.course_id or one.assessment_id, one.points) for one in found.rules) == (course.course_id, 20)


def test_what_was_done_before_or_after_its_time_does_not_count(
    held: Credential, member: Membership, course: CourseVersion, manager: User, now: datetime
) -> None:
    assert held.expires_on is not None
    late = datetime.combine(held.expires_on + DAY, datetime.min.time(), UTC)
    completed(course, member, late)
    for number, on in enumerate((now.date(), held.expires_on, held.expires_on + DAY)):
        one = claim(held, member, late + 2 * DAY, on=on, title=f"Event {number}")
        judge(one, manager, late + 2 * DAY)
    assert [one.title for one in points(held, late + 3 * DAY).earned] == ["Event 1"]


def test_points_renew_once_when_the_last_day_is_near(
    held: Credential, member: Membership, course: CourseVersion, manager: User, now: datetime
) -> None:
    """Complete early: nothing happens before 90 days are left; then beat renews, and renews once."""
    completed(course, member, now + 10 * DAY)
    judge(claim(held, member, now + 20 * DAY, on=(now + 19 * DAY).date()), manager, now + 21 * DAY)
    drain()
    assert held.expires_on is not None
    opens = datetime.combine(held.expires_on - 90 * DAY, datetime.min.time(), UTC)
    assert services.renew_by_points(at=opens - timedelta(seconds=1)) == []
    (second,) = services.renew_by_points(at=opens)
    assert services.renew_by_points(at=opens + DAY) == []
    assert services.issue_if_earned(person=member.person, certification=held.certification, at=opens + DAY) == second
    assert Credential.objects.count() == 2
    said = second.as_issued
    assert [(met.kind, met.title) for met in said.requirements] == [
        ("points", "What is new: 20"),
        ("points", "Halden Forum: 10"),
    ]
    stored = set(map(str, Statement.objects.values_list("statement_id", flat=True)))
    assert set(said.statement_ids) <= stored
    assert len(said.statement_ids) == 2
    assert (second.sequence, second.membership) == (2, member)
    assert points(second, opens + 2 * DAY).total == 0, "points are not taken along"


def test_last_points_renew_at_once_until_the_grace_days_are_over(
    held: Credential, member: Membership, course: CourseVersion, manager: User, now: datetime
) -> None:
    assert held.expires_on is not None
    completed(course, member, now + 300 * DAY)
    on = held.expires_on
    late = datetime.combine(on + 10 * DAY, datetime.min.time(), UTC)
    one = claim(held, member, late, on=on)
    assert points(held, late).waiting == 10
    judge(one, manager, late)
    drain()
    assert Credential.objects.filter(sequence=2).count() == 1


def test_after_the_grace_days_points_renew_nothing(
    held: Credential, member: Membership, course: CourseVersion, manager: User, now: datetime
) -> None:
    assert held.expires_on is not None
    completed(course, member, now + 300 * DAY)
    late = datetime.combine(held.expires_on + 11 * DAY, datetime.min.time(), UTC)
    judge(claim(held, member, late, on=held.expires_on), manager, late)
    drain()
    assert services.renew_by_points(at=late) == []
    assert Credential.objects.count() == 1


@pytest.mark.parametrize("column", ["suspended_at", "revoked_at"])
def test_what_does_not_hold_is_not_renewed(
    column: str, held: Credential, member: Membership, course: CourseVersion, manager: User, now: datetime
) -> None:
    Certification.objects.update(renewal_points=20)
    fields = {column: now} | ({"revoked_by": manager, "revocation_reason": "x"} if "revoked" in column else {})
    Credential.objects.update(**fields)
    completed(course, member, now + 300 * DAY)
    drain()
    assert services.renew_by_points(at=now + 301 * DAY) == []
    assert Credential.objects.count() == 1


def test_corrected_name_keeps_the_points(
    held: Credential, member: Membership, course: CourseVersion, manager: User, now: datetime
) -> None:
    completed(course, member, now + 10 * DAY)
    made = services.reissue_credential(
        credential=held, holder_name="Inès", by=manager, reason="Spelling", at=now + 20 * DAY
    )
    assert points(made, now + 30 * DAY).total == 20


def test_claims_wait_are_returned_and_claimed_again(
    held: Credential, member: Membership, manager: User, now: datetime
) -> None:
    on = (now + 5 * DAY).date()
    one = claim(held, member, now + 6 * DAY, on=on)
    assert (points(held, now + 7 * DAY).total, points(held, now + 7 * DAY).waiting) == (0, 10)
    with pytest.raises(errors.AlreadyHandedIn):
        claim(held, member, now + 6 * DAY, on=on, points=20)
    judge(one, manager, now + 8 * DAY, is_accepted=False)
    again = claim(held, member, now + 9 * DAY, on=on, points=5)
    judge(again, manager, now + 9 * DAY + timedelta(hours=1))
    assert points(held, now + 10 * DAY).total == 5
    drain()
    assert [letter.subject for letter in mail.outbox][-2:] == [
        "Halden Forum: returned to you",
        "Halden Forum: accepted",
    ]


@pytest.mark.parametrize(
    "fields,error",
    [
        ({"points": 0}, errors.NothingHandedIn),
        ({"points": 201}, errors.NothingHandedIn),
        ({"title": " \u202e"}, errors.NothingHandedIn),
        ({"on": date(2026, 11, 17)}, errors.NothingHandedIn),
        ({"words": ""}, errors.NothingHandedIn),
    ],
)
def test_claims_that_say_nothing_are_refused(
    fields: Any, error: Any, held: Credential, member: Membership, now: datetime
) -> None:
    with pytest.raises(error):
        claim(held, member, now, **({"on": now.date()} | fields))


def test_only_holders_claim(held: Credential, now: datetime) -> None:
    with pytest.raises(errors.NotAllowed):
        claim(held, MembershipFactory(), now, on=now.date())


def test_recorded_points_count_at_once_and_once(
    held: Credential, member: Membership, manager: User, now: datetime
) -> None:
    said: dict[str, Any] = {
        "certification": held.certification,
        "people": [member.person],
        "title": "Class in Oslo",
        "happened_on": (now + DAY).date(),
        "points": 15,
        "at": now + 2 * DAY,
    }
    (one,) = services.record_points(by=manager, **said)
    assert services.record_points(by=manager, **said) == []
    assert (points(held, now + 3 * DAY).total, one.membership) == (15, member)
    drain()
    assert mail.outbox == [], "who was recorded gets no letter"
    assert AuditEntry.objects.filter(action="certifications.record_points").count() == 2
    for by, people in ((member.person, [UserFactory()]), (manager, [member.person, manager])):
        with pytest.raises(errors.NotAllowed):
            services.record_points(by=by, **(said | {"people": people, "title": "Another class"}))
    assert Submission.objects.count() == 1


def test_nobody_records_points_for_a_colleague(
    held: Credential, member: Membership, manager: User, now: datetime
) -> None:
    """A superuser is a colleague too. One of many refuses the whole."""
    said: dict[str, Any] = {"title": "Class", "happened_on": now.date(), "points": 15, "at": now + DAY}
    people = [UserFactory(), member.person]
    for by in (manager, UserFactory(is_superuser=True)):
        MembershipFactory(partner=member.partner, person=by)
        with pytest.raises(errors.NotAllowed):
            services.record_points(certification=held.certification, people=people, by=by, **said)
    assert not Submission.objects.exists()


def test_only_what_is_there_already_is_left_out(held: Credential, member: Membership, now: datetime) -> None:
    """What another constraint refuses is no replay."""
    one = Submission(certification=held.certification, person=member.person, title="Class", happened_on=now.date())
    one.submitted_at, one.points = now, None
    with pytest.raises(IntegrityError), transaction.atomic():
        handing_in._stored(one)


def test_rules_are_counted_once_and_for_one_thing(held: Credential, course: CourseVersion, manager: User) -> None:
    rows: list[dict[str, Any]] = [
        {"points": 5},
        {"points": 0, "course": published(1).course},
        {"points": 5, "course": course.course},
        {"points": 5, "course": course.course, "assessment": exam("third")},
    ]
    for row in rows:
        with pytest.raises(IntegrityError), transaction.atomic():
            PointsRule.objects.create(certification=held.certification, **row)
    rule = PointsRule(certification=held.certification, assessment=exam("fourth"), points=3)
    with pytest.raises(errors.NotAllowed):
        services.save_points_rule(rule=rule, by=UserFactory(), at=timezone.now())
    assert services.save_points_rule(rule=rule, by=manager, at=timezone.now()).pk


def test_beat_calls_the_service() -> None:
    tasks.renew_by_points()


# --- Pages ---


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def today_held(held: Credential) -> Credential:
    """Issued a month ago by the real clock."""
    issued = timezone.now() - 30 * DAY
    Credential.objects.update(issued_at=issued, expires_on=issued.date() + 365 * DAY)
    return Credential.objects.get()


def test_holder_sees_what_is_missing_and_claims_it(today_held: Credential, member: Membership) -> None:
    slug = today_held.certification.slug
    client = signed_in(member.person)
    page = client.get(f"/certifications/{slug}/").content.decode()
    assert "30 points missing" in page
    assert f"/certifications/{slug}/points/" in page
    data = {"title": "Halden Forum", "happened_on": timezone.now().date().isoformat(), "points": 10, "words": "There."}
    address = f"/certifications/{slug}/points/"
    assert "Halden Forum" not in client.get(address).content.decode()
    assert client.post(address, {**data, "points": 0}).status_code == 200
    assert client.post(address, data).status_code == 302
    assert "10 more wait for a reviewer" in client.get(address).content.decode()
    assert "claimed this already" in client.post(address, data).content.decode()
    other = signed_in(MembershipFactory(persona=member.persona).person)
    assert other.get(address).status_code == 403
    Certification.objects.update(renewal_points=0)
    assert client.get(address).status_code == 404


def test_administrator_records_for_many(today_held: Credential, member: Membership, manager: User) -> None:
    from django.contrib.auth.models import Permission

    manager.groups.get().permissions.add(
        Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin")
    )
    desk = signed_in(manager)
    data = {
        "certification": today_held.certification_id,
        "title": "Class",
        "happened_on": timezone.now().date().isoformat(),
        "points": 15,
        "people": f"{member.person.email.upper()}\nnobody@kestrel.example",
    }
    assert "nobody@kestrel.example" in desk.post("/admin/evidence/points/", data).content.decode()
    assert not Submission.objects.exists()
    data["people"] = member.person.email
    answer = desk.post("/admin/evidence/points/", data, follow=True)
    assert [str(one) for one in answer.context["messages"]] == ["Recorded for 1 of 1."]
    assert points(today_held, timezone.now()).total == 15
    waits = claim(today_held, member, timezone.now(), on=timezone.now().date(), title="Forum", points=5)
    answer = desk.post("/admin/evidence/points/", data | {"title": "Forum"}, follow=True)
    assert [str(one) for one in answer.context["messages"]] == [
        "Recorded for 0 of 1.",
        f"Not recorded, for their own claim waits for a reviewer: {member.person.name}.",
    ]
    waits.refresh_from_db()
    assert (waits.is_waiting, waits.points) == (True, 5)
    course = published(1).course
    rule = {"certification": today_held.certification_id, "course": course.pk, "assessment": "", "points": 4}
    assert desk.post("/admin/points_rules/new/", rule).status_code == 302
    assert "one of them" in desk.post("/admin/points_rules/new/", {**rule, "course": ""}).content.decode()
    made = PointsRule.objects.get(course=course)
    assert desk.post(f"/admin/points_rules/edit/{made.pk}/", {**rule, "points": 6}).status_code == 302
    assert PointsRule.objects.get(course=course).points == 6
