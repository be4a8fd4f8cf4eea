"""Publishing outlines, and whom a course is offered to."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from courses import services
from courses.audience import Audience
from courses.errors import InvalidOutline
from courses.models import Course, CourseVersion, Lesson, Module
from lms.partners.models import Partner
from tests.courses.factories import enrolled, lessons, outline, published
from tests.factories import (
    CourseFactory,
    MembershipFactory,
    PartnerFactory,
    PersonaFactory,
    RegionFactory,
    TierNameFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def test_publish_outline_stores_modules_and_lessons_in_order(now: datetime) -> None:
    version = published(2, 1)
    assert (version.number, version.minutes, version.objectives) == (1, 15, ["Size it"])
    assert [(m.position, m.title, m.objectives) for m in version.modules.order_by("position")] == [
        (1, "Module 1", ["Know 1"]),
        (2, "Module 2", ["Know 2"]),
    ]
    assert [(one.position, one.slug, one.module.position) for one in lessons(version)] == [
        (1, "lesson-1", 1),
        (2, "lesson-2", 1),
        (3, "lesson-3", 2),
    ]


def test_publish_outline_gives_the_course_its_title() -> None:
    assert published(1, title="New title").course.title == "New title"


def test_same_outline_makes_no_version() -> None:
    first = published(2, 1)
    assert published(2, 1, course=first.course) == first
    assert CourseVersion.objects.count() == 1


def test_changed_outline_makes_the_next_version_and_keeps_the_first() -> None:
    first = published(2, 1)
    second = published(2, 1, course=first.course, minutes=7)
    assert (second.number, second.minutes) == (2, 21)
    assert [lesson.minutes for lesson in lessons(first)] == [5, 5, 5]
    assert {lesson.key for lesson in lessons(first)} == {lesson.key for lesson in lessons(second)}


def test_earlier_outline_published_again_makes_a_version() -> None:
    course = published(1).course
    published(2, course=course)
    assert published(1, course=course).number == 3


@pytest.mark.parametrize("modules", [(), (1, 0)])
def test_outline_without_a_lesson_is_refused(modules: tuple[int, ...]) -> None:
    wrong = outline(*modules) if modules else outline().__class__(title="T", promise="P", modules=())
    with pytest.raises(InvalidOutline):
        services.publish_outline(course=CourseFactory(), outline=wrong, by=None, at=datetime(2026, 1, 1))
    assert not Module.objects.exists()


def test_outline_with_a_slug_or_key_twice_is_refused() -> None:
    from dataclasses import replace

    good = outline(2)
    one, two = good.modules[0].lessons
    for changed in (replace(two, slug=one.slug), replace(two, key=one.key)):
        wrong = replace(good, modules=(replace(good.modules[0], lessons=(one, changed)),))
        with pytest.raises(InvalidOutline):
            services.publish_outline(course=CourseFactory(), outline=wrong, by=None, at=datetime(2026, 1, 1))


@pytest.mark.parametrize("field", ["slug", "key", "position"])
def test_database_refuses_a_lesson_twice_in_a_version(field: str) -> None:
    version = published(2)
    one, two = lessons(version)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lesson.objects.filter(pk=two.pk).update(**{field: getattr(one, field)})


@pytest.mark.parametrize("field", ["key", "position"])
def test_database_refuses_a_module_twice_in_a_version(field: str) -> None:
    one, two = published(1, 1).modules.order_by("position")
    with pytest.raises(IntegrityError), transaction.atomic():
        Module.objects.filter(pk=two.pk).update(**{field: getattr(one, field)})


def test_database_refuses_a_version_number_twice() -> None:
    version = published(1)
    with pytest.raises(IntegrityError), transaction.atomic():
        CourseVersion.objects.create(course=version.course, number=1, title="T", promise="P", minutes=1, digest="d")


def _offer(course: Course, now: datetime, review_on: date | None = None, **audience: object) -> None:
    services.offer_course(
        course=course,
        slug=course.slug,
        need="close-a-deal",
        audience=Audience(**audience),  # type: ignore[arg-type]
        review_on=review_on,
        by=None,
        at=now,
    )


def test_course_for_everybody_is_visible_to_members_only(now: datetime) -> None:
    course = published(1).course
    assert list(Course.objects.visible_to(MembershipFactory().person)) == [course]
    assert not Course.objects.visible_to(UserFactory()).exists()


def test_audience_lists_admit_who_matches_all_of_them(now: datetime) -> None:
    rep, engineer = PersonaFactory(slug="sales_rep"), PersonaFactory(slug="presales_engineer")
    emea, apac = RegionFactory(slug="emea"), RegionFactory(slug="apac")
    course = published(1).course
    _offer(course, now, personas=(engineer, rep), regions=(emea,))
    here, there = PartnerFactory(region=emea), PartnerFactory(region=apac)
    wanted = MembershipFactory(persona=engineer, partner=here).person
    elsewhere = MembershipFactory(persona=engineer, partner=there).person
    other = MembershipFactory(persona=PersonaFactory(slug="marketing"), partner=here).person
    assert [Course.objects.visible_to(p).count() for p in (wanted, elsewhere, other)] == [1, 0, 0]


def test_partner_type_decides(now: datetime) -> None:
    inside, outside = MembershipFactory(), MembershipFactory(partner__partner_type__slug="reseller")
    course = published(1).course
    _offer(course, now, partner_types=(inside.partner.partner_type,))
    assert Course.objects.visible_to(inside.person).exists()
    assert not Course.objects.visible_to(outside.person).exists()


@pytest.mark.parametrize(("held", "seen"), [(None, False), ("registered", False), ("select", True), ("premier", True)])
def test_minimum_tier_admits_from_that_rank_on(now: datetime, held: str | None, seen: bool) -> None:
    course = published(1).course
    _offer(course, now, minimum_tier=TierNameFactory(slug="select"))
    membership = MembershipFactory()
    if held:
        Partner.objects.update(current_tier=TierNameFactory(slug=held), tier_since=now)
    assert Course.objects.visible_to(membership.person).exists() is seen


def test_two_memberships_see_what_either_sees(now: datetime) -> None:
    rep, engineer = PersonaFactory(slug="sales_rep"), PersonaFactory(slug="presales_engineer")
    person = MembershipFactory(persona=rep).person
    MembershipFactory(persona=engineer, person=person)
    course = published(1).course
    _offer(course, now, personas=(engineer,))
    assert list(Course.objects.visible_to(person)) == [course]


def test_enrolled_person_sees_the_course_whatever_its_audience_becomes(now: datetime) -> None:
    version = published(1)
    enrolment = enrolled(version)
    _offer(version.course, now, personas=(PersonaFactory(slug="executive"),))
    assert list(Course.objects.visible_to(enrolment.person)) == [version.course]


def test_vendor_staff_see_every_course(now: datetime) -> None:
    from django.contrib.auth.models import Group

    course = published(1).course
    _offer(course, now, personas=(PersonaFactory(slug="executive"),))
    author = UserFactory()
    author.groups.add(Group.objects.get_or_create(name="Channel marketing")[0])
    assert list(Course.objects.visible_to(author)) == [course]


def test_offered_ends_with_review_date_and_retirement(now: datetime) -> None:
    course = published(1).course
    today = now.date()
    _offer(course, now, review_on=today)
    assert Course.objects.offered(today).exists()
    assert not Course.objects.offered(today + timedelta(days=1)).exists()
    services.retire_course(course=course, by=None, at=now)
    services.retire_course(course=course, by=None, at=now + timedelta(hours=1))
    assert not Course.objects.offered(today).exists()
    assert Course.objects.get().retired_at == now
    _offer(course, now, review_on=today)
    assert Course.objects.offered(today).exists()


def test_course_without_a_version_is_not_offered(now: datetime) -> None:
    CourseFactory()
    assert not Course.objects.offered(now.date()).exists()
