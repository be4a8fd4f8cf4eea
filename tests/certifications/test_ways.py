"""What a certification asks for: all or one, other certifications and their equivalents, the short way to renew."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client

from certifications import services
from certifications.models import Certification, Credential, Requirement
from certifications.progress import progress
from lms.accounts.models import User
from lms.events.services import drain
from lms.partners.models import Membership
from tests.certifications.factories import certification, completed, credential, exam, published, sat
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def member() -> Membership:
    return MembershipFactory()


def issue(member: Membership, wanted: Certification, at: datetime) -> Credential | None:
    return services.issue_if_earned(person=member.person, certification=wanted, at=at)


def needs(wanted: Certification, needed: Certification) -> None:
    position = wanted.requirements.count() + 1
    Requirement.objects.create(certification=wanted, position=position, needed=needed)


# --- All or one ---


def test_one_requirement_is_enough_where_it_says_so(member: Membership, now: datetime) -> None:
    course, assessment = published(1), exam()
    wanted = certification(course, assessment, needs_any=True)
    assert issue(member, wanted, now) is None
    sat(assessment, member, now)
    issued = issue(member, wanted, now)
    assert issued is not None
    assert [met.kind for met in issued.as_issued.requirements] == ["exam"]


def test_way_to_one_of_several_counts_the_quickest(member: Membership, now: datetime) -> None:
    wanted = certification(exam("long", minutes=90), exam("short", minutes=20), needs_any=True)
    on = now.date()
    assert (progress(member.person, wanted, on).minutes_left, progress(member.person, wanted, on).is_any) == (20, True)
    sat(wanted.requirements.get(position=1).assessment, member, now)  # type: ignore[arg-type]
    after = progress(member.person, wanted, on)
    assert (after.minutes_left, after.next_step) == (0, None)


# --- Other certifications ---


def test_certification_asks_for_another(member: Membership, now: datetime) -> None:
    """Stacked: the exam of the first completes both, and the second names the first as its evidence."""
    first, assessment = certification(exam("first"), slug="first", title="First"), exam("second")
    second = certification(assessment, slug="second")
    needs(second, first)
    sat(assessment, member, now)
    drain()
    assert not Credential.objects.exists()
    sat(first.requirements.get().assessment, member, now)  # type: ignore[arg-type]
    drain()
    issued = Credential.objects.get(certification=second)
    (met,) = [one for one in issued.as_issued.requirements if one.kind == "certification"]
    base = Credential.objects.get(certification=first)
    assert (met.title, met.statement_id) == ("First", base.as_issued.statement_id)


def test_equivalent_stands_for_it(member: Membership, now: datetime) -> None:
    first = certification(exam("first"), slug="first")
    other = certification(exam("other"), slug="other")
    first.equivalents.add(other)
    second = certification(slug="second")
    needs(second, first)
    step = progress(member.person, second, now.date()).steps[0]
    assert (step.kind, step.is_done, step.url) == ("certification", False, "/certifications/first/")
    sat(other.requirements.get().assessment, member, now)  # type: ignore[arg-type]
    drain()
    assert Credential.objects.filter(certification=second).count() == 1
    assert not Credential.objects.filter(certification=first).exists()
    assert progress(member.person, second, now.date()).steps[0].is_done


def test_what_was_revoked_or_ended_is_not_held(member: Membership, now: datetime) -> None:
    base = credential(now, membership=member, valid_months=1)
    second = certification(slug="second")
    needs(second, base.certification)
    assert issue(member, second, now + 40 * DAY) is None
    Credential.objects.filter(pk=base.pk).update(suspended_at=now)
    assert issue(member, second, now) is None


def test_retired_certification_counts_until_its_day(now: datetime) -> None:
    issued = credential(now)
    Certification.objects.filter(pk=issued.certification_id).update(retired_at=now, counts_until=date(2027, 1, 31))
    counted = [
        (
            Credential.objects.valid(on).exists(),
            Credential.objects.in_force_at(datetime(*on.timetuple()[:3], tzinfo=UTC)).exists(),
        )
        for on in (date(2027, 1, 31), date(2027, 2, 1))
    ]
    assert counted == [(True, True), (False, False)]


# --- The short way to renew ---


def short_way(member: Membership, now: datetime, *, grace_days: int = 0) -> tuple[Certification, Credential, object]:
    assessment, delta = exam("full"), published(1, title="What is new")
    wanted = certification(assessment, valid_months=12, grace_days=grace_days)
    Requirement.objects.create(certification=wanted, position=2, course=delta.course, is_for_renewal=True)
    sat(assessment, member, now)
    first = issue(member, wanted, now)
    assert first is not None
    return wanted, first, delta


def test_short_way_renews_within_its_time(member: Membership, now: datetime) -> None:
    wanted, first, delta = short_way(member, now)
    assert first.as_issued.requirements[0].kind == "exam", "the short way earns nothing at first"
    assert progress(member.person, wanted, now.date()).steps[0].kind == "exam"
    near = now + 340 * DAY
    shown = progress(member.person, wanted, near.date())
    assert (shown.is_short, [step.title for step in shown.steps], shown.done) == (True, ["What is new"], 0)
    completed(delta, member, near)  # type: ignore[arg-type]
    second = issue(member, wanted, near)
    assert second is not None
    assert (second.sequence, [met.kind for met in second.as_issued.requirements]) == (2, ["course"])
    assert issue(member, wanted, near) == second


def test_short_way_done_too_early_does_not_renew(member: Membership, now: datetime) -> None:
    wanted, first, delta = short_way(member, now)
    completed(delta, member, now + 30 * DAY)  # type: ignore[arg-type]
    assert issue(member, wanted, now + 31 * DAY) == first


@pytest.mark.parametrize("late,renews", [(0, True), (30, True), (31, False)])
def test_grace_days_keep_the_short_way_open(late: int, renews: bool, member: Membership, now: datetime) -> None:
    wanted, first, delta = short_way(member, now, grace_days=30)
    assert first.expires_on is not None
    at = now + timedelta(days=(first.expires_on - now.date()).days + late)
    completed(delta, member, at)  # type: ignore[arg-type]
    issued = issue(member, wanted, at)
    assert issued is not None
    assert (issued.sequence == 2) == renews
    assert not progress(member.person, wanted, at.date()).is_short


@pytest.mark.parametrize("column", ["suspended_at", "revoked_at"])
def test_no_short_way_for_what_does_not_hold(column: str, member: Membership, now: datetime) -> None:
    wanted, first, delta = short_way(member, now)
    fields = {column: now} | ({"revoked_by": UserFactory(), "revocation_reason": "x"} if "revoked" in column else {})
    Credential.objects.filter(pk=first.pk).update(**fields)
    near = now + 340 * DAY
    completed(delta, member, near)  # type: ignore[arg-type]
    assert issue(member, wanted, near) == first
    assert not progress(member.person, wanted, near.date()).is_short


# --- Defining ---


@pytest.fixture
def by() -> User:
    user: User = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    return user


def test_form_keeps_every_kind_of_requirement(by: User) -> None:
    from django.contrib.auth.models import Permission

    group = Group.objects.get(name="Portal managers")
    group.permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    client = Client()
    client.force_login(by, backend="django.contrib.auth.backends.ModelBackend")
    needed, course, assessment = certification(exam("base"), slug="base"), published(1).course, exam("delta")
    data = {
        "title": "Architect",
        "slug": "architect",
        "criteria": "It.",
        "valid_months": 12,
        "position": 1,
        "grace_days": 30,
        "practice_months": 0,
        "renewal_points": 0,
        "needs_any": "on",
        "counts_until": "2030-01-31",
        "needed": [needed.pk],
        "equivalents": [needed.pk],
        "courses": [course.pk],
        "renewal_assessments": [assessment.pk],
    }
    assert client.post("/admin/certifications/new/", data).status_code == 302
    made = Certification.objects.get(slug="architect")
    kept = [(one.thing, one.is_for_renewal) for one in made.requirements.order_by("position")]
    assert kept == [(course, False), (needed, False), (assessment, True)]
    assert (made.needs_any, made.grace_days, made.counts_until) == (True, 30, date(2030, 1, 31))
    assert list(made.equivalents.all()) == [needed]
    address = f"/admin/certifications/edit/{made.pk}/"
    page = client.get(address).content.decode()
    assert page.count("checked") >= 5
    itself = client.post(address, {**data, "needed": [made.pk]}).content.decode()
    assert "cannot ask for itself" in itself
    assert client.post(address, {**data, "renewal_assessments": []}).status_code == 302
    made.refresh_from_db()
    assert made.number == 2


def test_database_holds_one_thing_per_requirement(now: datetime) -> None:
    wanted, course = certification(), published(1).course
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.create(certification=wanted, position=1, course=course, needed=wanted)


def test_page_tells_the_ways_apart(member: Membership, now: datetime) -> None:
    client = Client()
    client.force_login(member.person, backend="django.contrib.auth.backends.ModelBackend")
    base = certification(exam("base"), slug="base", title="Base")
    wanted = certification(exam("a"), slug="two", needs_any=True)
    needs(wanted, base)
    page = client.get("/certifications/two/").content.decode()
    assert "One of these is enough" in page
    assert "/certifications/base/" in page
