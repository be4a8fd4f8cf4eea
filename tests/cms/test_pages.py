"""Course pages, the catalogue and lessons, as people meet them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.models import ProtectedError
from django.urls import reverse

from cms.models import CoursePage, LibraryPage
from courses import services
from courses.models import Enrolment, LessonProgress
from lms.accounts.models import User
from lms.partners.models import Persona
from tests.cms.conftest import make_page, overdue, signed_in
from tests.factories import MembershipFactory, PersonaFactory, UserFactory

COURSE = "/library/sizing/"
FIRST, SECOND = "/learn/sizing/first/", "/learn/sizing/second/"


def enrol(person: User, page: CoursePage, now: datetime) -> Enrolment:
    membership = person.memberships.first()
    return services.enrol_person(person=person, course=page.course, membership=membership, at=now)


def test_visitor_is_sent_to_sign_in(page: CoursePage) -> None:
    from django.test import Client

    for url in (COURSE, FIRST, "/catalogue/", "/library/"):
        response = Client().get(url, follow=True)
        assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_library_root_is_the_catalogue(page: CoursePage, rep: User) -> None:
    assert signed_in(rep).get("/library/").headers["Location"] == "/catalogue/"


def test_person_without_a_partner_sees_nothing(page: CoursePage) -> None:
    client = signed_in(UserFactory())
    assert [client.get(url).status_code for url in (COURSE, FIRST)] == [404, 404]
    assert "Sizing Halden" not in client.get("/catalogue/").content.decode()


def test_course_page_offers_the_course(page: CoursePage, rep: User) -> None:
    text = signed_in(rep).get(COURSE).content.decode()
    assert "You can size it." in text
    assert "Start this course" in text
    assert "First lesson" in text
    assert FIRST not in text


def test_page_for_another_persona_is_not_found(page: CoursePage, rep: User, reviewer: User) -> None:
    page.personas = [PersonaFactory(slug="presales_engineer")]
    page.save_revision().publish(user=reviewer)
    client = signed_in(rep)
    assert client.get(COURSE).status_code == 404
    assert client.get(FIRST).status_code == 404
    assert client.post(reverse("courses:enrol", args=[page.course.public_id])).status_code == 404
    assert "Sizing" not in client.get("/catalogue/?persona=all").content.decode()


def test_vendor_staff_see_every_page(page: CoursePage, author: User, reviewer: User) -> None:
    page.personas = [PersonaFactory(slug="presales_engineer")]
    page.save_revision().publish(user=reviewer)
    assert [signed_in(author).get(url).status_code for url in (COURSE, FIRST)] == [200, 200]
    assert not LessonProgress.objects.exists()


def test_draft_is_not_found(page: CoursePage, rep: User, reviewer: User) -> None:
    page.unpublish(user=reviewer)
    assert signed_in(rep).get(COURSE).status_code == 404


def test_overdue_page_shows_a_gap_in_place_of_something_wrong(page: CoursePage, rep: User) -> None:
    overdue(page)
    client = signed_in(rep)
    response = client.get(COURSE)
    assert response.status_code == 404
    assert "being reviewed" in response.content.decode()
    assert "You can size it." not in response.content.decode()
    catalogue = client.get("/catalogue/").content.decode()
    assert "back soon: Sizing Halden" in catalogue
    assert COURSE not in catalogue
    assert client.post(reverse("courses:enrol", args=[page.course.public_id])).status_code == 403


def test_overdue_course_can_be_finished(page: CoursePage, rep: User, now: datetime) -> None:
    enrol(rep, page, now)
    overdue(page)
    client = signed_in(rep)
    text = client.get(COURSE).content.decode()
    assert "takes no new people" in text
    assert client.get(FIRST).status_code == 200


def test_lesson_asks_to_enrol_first(page: CoursePage, rep: User) -> None:
    assert signed_in(rep).get(FIRST).headers["Location"] == COURSE


def test_learning_from_enrolment_to_completion(page: CoursePage, rep: User) -> None:
    client = signed_in(rep)
    course = page.course.public_id
    assert client.post(reverse("courses:enrol", args=[course])).headers["Location"] == FIRST
    text = client.get(FIRST).content.decode()
    assert "Lesson 1 of 2 · 6 min" in text
    assert "Done, next: Second lesson (4 min)" in text
    done = client.post(reverse("courses:complete_lesson", args=[course, "first"]))
    assert done.headers["Location"] == SECOND
    assert "Continue lesson 2" in client.get(COURSE).content.decode()
    assert "Done, complete the course" in client.get(SECOND).content.decode()
    done = client.post(reverse("courses:complete_lesson", args=[course, "second"]))
    assert done.headers["Location"] == COURSE
    text = client.get(COURSE).content.decode()
    assert "You have completed “Sizing Halden”." in text
    assert "Completed" in client.get("/catalogue/").content.decode()


def test_completing_out_of_order_leads_to_what_is_left(page: CoursePage, rep: User, now: datetime) -> None:
    enrol(rep, page, now)
    client = signed_in(rep)
    done = client.post(reverse("courses:complete_lesson", args=[page.course.public_id, "second"]))
    assert done.headers["Location"] == FIRST
    again = client.post(reverse("courses:complete_lesson", args=[page.course.public_id, "second"]))
    assert again.headers["Location"] == FIRST


def test_enrolling_again_goes_on_where_one_left(page: CoursePage, rep: User, now: datetime) -> None:
    enrolment = enrol(rep, page, now)
    lesson = enrolment.version.lessons.get(slug="first")
    services.complete_lesson(enrolment=enrolment, lesson=lesson, at=now)
    response = signed_in(rep).post(reverse("courses:enrol", args=[page.course.public_id]))
    assert response.headers["Location"] == SECOND
    assert Enrolment.objects.count() == 1


def test_leaving_a_course(page: CoursePage, rep: User, now: datetime) -> None:
    enrol(rep, page, now)
    client = signed_in(rep)
    response = client.post(reverse("courses:withdraw", args=[page.course.public_id]), follow=True)
    assert "You have left “Sizing Halden”" in response.content.decode()
    assert client.post(reverse("courses:withdraw", args=[page.course.public_id])).status_code == 404


def test_completed_course_cannot_be_left(page: CoursePage, rep: User, now: datetime) -> None:
    enrolment = enrol(rep, page, now)
    for lesson in enrolment.version.lessons.all():
        services.complete_lesson(enrolment=enrolment, lesson=lesson, at=now)
    response = signed_in(rep).post(reverse("courses:withdraw", args=[page.course.public_id]), follow=True)
    assert "stays on your record" in response.content.decode()
    enrolment.refresh_from_db()
    assert enrolment.withdrawn_at is None


def test_actions_take_posts_only_and_a_person(page: CoursePage, rep: User) -> None:
    from django.test import Client

    course = page.course.public_id
    urls = [
        reverse("courses:enrol", args=[course]),
        reverse("courses:withdraw", args=[course]),
        reverse("courses:complete_lesson", args=[course, "first"]),
    ]
    assert [signed_in(rep).get(url).status_code for url in urls] == [405, 405, 405]
    assert [Client().post(url).status_code for url in urls] == [302, 302, 302]
    assert not Enrolment.objects.exists()


def test_stranger_completes_nobodys_lesson(page: CoursePage, rep: User, now: datetime) -> None:
    enrol(rep, page, now)
    stranger = signed_in(MembershipFactory().person)
    assert stranger.post(reverse("courses:complete_lesson", args=[page.course.public_id, "first"])).status_code == 404
    assert not LessonProgress.objects.exists()


def test_unknown_lesson_is_not_found(page: CoursePage, rep: User, now: datetime) -> None:
    enrol(rep, page, now)
    client = signed_in(rep)
    assert client.get("/learn/sizing/nothing/").status_code == 404
    assert client.get("/learn/nothing/first/").status_code == 404
    assert client.post(reverse("courses:complete_lesson", args=[page.course.public_id, "nothing"])).status_code == 404


def test_later_edit_never_changes_a_running_enrolment(
    page: CoursePage, rep: User, reviewer: User, now: datetime
) -> None:
    enrol(rep, page, now)
    page.modules[0].value["lessons"].pop(0)
    page.modules[0].value["lessons"][0].value["title"] = "Renamed lesson"
    page.save_revision().publish(user=reviewer)
    client = signed_in(rep)
    text = client.get(FIRST).content.decode()
    assert "First <b>words</b>." in text
    assert "Renamed" not in text
    assert "Second lesson" in text
    newcomer = MembershipFactory().person
    enrol(newcomer, page, now)
    assert signed_in(newcomer).get(FIRST).status_code == 404
    assert "Renamed lesson" in signed_in(newcomer).get(SECOND).content.decode()


def test_lesson_keys_outlive_edits_and_differ_between_copies(
    page: CoursePage, library: LibraryPage, reviewer: User
) -> None:
    before = set(page.course.versions.get(number=1).lessons.values_list("key", flat=True))
    page.title = "Another title"
    page.modules[0].value["lessons"][0].value["minutes"] = 9
    page.save_revision().publish(user=reviewer)
    newest = page.course.versions.get(number=2)
    assert set(newest.lessons.values_list("key", flat=True)) == before
    copy = page.copy(to=library, update_attrs={"slug": "copied", "title": "Copied"}, keep_live=False)
    assert copy.course is None
    copy.save_revision().publish(user=reviewer)
    copy.refresh_from_db()
    assert copy.course != page.course
    assert not set(copy.course.versions.get().lessons.values_list("key", flat=True)) & before


def test_publishing_the_same_again_makes_no_version(page: CoursePage, reviewer: User) -> None:
    page.save_revision().publish(user=reviewer)
    assert page.course.versions.count() == 1


def test_revision_from_before_the_first_publishing_keeps_the_course(page: CoursePage, reviewer: User) -> None:
    course = page.course
    page.revisions.order_by("created_at").first().publish(user=reviewer)
    page.refresh_from_db()
    assert page.course == course


def test_unpublished_page_retires_its_course_and_publishing_reopens_it(
    page: CoursePage, rep: User, reviewer: User
) -> None:
    page.unpublish(user=reviewer)
    page.course.refresh_from_db()
    assert page.course.retired_at is not None
    page.get_latest_revision().publish(user=reviewer)
    page.course.refresh_from_db()
    assert page.course.retired_at is None


def test_failing_outline_leaves_the_page_unpublished(page: CoursePage, reviewer: User) -> None:
    from courses.errors import InvalidOutline

    page.modules[0].value["lessons"][1].value["slug"] = "first"
    revision = page.save_revision(clean=False)
    with pytest.raises(InvalidOutline):
        revision.publish(user=reviewer)
    page.refresh_from_db()
    assert page.live_revision != revision
    assert page.course.versions.count() == 1


def test_deleted_page_leaves_course_and_records(page: CoursePage, rep: User, now: datetime) -> None:
    enrolment = enrol(rep, page, now)
    course = page.course
    page.delete()
    course.refresh_from_db()
    assert course.retired_at is not None
    assert Enrolment.objects.get() == enrolment
    with pytest.raises(ProtectedError):
        course.delete()


def test_address_of_an_earlier_course_is_refused(page: CoursePage, library: LibraryPage) -> None:
    from django.core.exceptions import ValidationError

    copy = page.copy(to=library, update_attrs={"slug": "other", "title": "Other"}, keep_live=False)
    page.delete()
    copy.slug = "sizing"
    with pytest.raises(ValidationError, match="An earlier course has this address"):
        copy.full_clean()


def _more(library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime, count: int) -> None:
    for number in range(count):
        make_page(library, author, reviewer, media, now, slug=f"more-{number}", title=f"More {number}")


@pytest.mark.parametrize("more", [0, 2])
def test_catalogue_takes_the_same_queries_for_one_and_three(
    more: int,
    page: CoursePage,
    library: LibraryPage,
    author: User,
    reviewer: User,
    rep: User,
    media: Path,
    now: datetime,
    django_assert_num_queries: Any,
) -> None:
    _more(library, author, reviewer, media, now, more)
    for one in CoursePage.objects.all():
        enrol(rep, one, now)
    client = signed_in(rep)
    client.get("/catalogue/")
    with django_assert_num_queries(CATALOGUE_QUERIES):
        text = client.get("/catalogue/").content.decode()
    assert text.count('class="course-row"') == more + 1


CATALOGUE_QUERIES = 11


def test_course_and_lesson_pages_are_light_on_queries(
    page: CoursePage, rep: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    enrol(rep, page, now)
    client = signed_in(rep)
    for url in (COURSE, FIRST):
        client.get(url)
        with django_assert_max_num_queries(15):
            assert client.get(url).status_code == 200


def test_catalogue_shows_what_names_ones_own_persona_first(
    page: CoursePage, library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime
) -> None:
    rep, engineer = PersonaFactory(slug="sales_rep"), PersonaFactory(slug="presales_engineer", position=2)
    make_page(library, author, reviewer, media, now, slug="deep", title="Deep course", personas=["presales_engineer"])
    person = MembershipFactory(persona=engineer).person
    MembershipFactory(person=person, persona=rep)
    client = signed_in(person)
    assert "Deep course" not in client.get("/catalogue/?persona=sales_rep").content.decode()
    assert "Deep course" in client.get("/catalogue/?persona=presales_engineer").content.decode()
    assert "Deep course" in client.get("/catalogue/?persona=all").content.decode()
    assert Persona.objects.count() == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=sizing", True),
        ("q=SIZ", True),
        ("q=words", True),
        ("q=nothing-like-it", False),
        ("need=get-certified", True),
        ("need=close-a-deal", False),
        ("need=no-such-need", True),
        ("minutes=15", True),
        ("minutes=7", True),
        ("persona=nobody", True),
        ("page=-1&ordering=__class__&q=", True),
    ],
)
def test_catalogue_filters(page: CoursePage, rep: User, query: str, found: bool) -> None:
    response = signed_in(rep).get(f"/catalogue/?{query}")
    assert response.status_code == 200
    assert (COURSE in response.content.decode()) is found


@pytest.mark.parametrize(
    "text", ['"', "'\">", "%22%27", "a" * 5000, "word " * 1500, "%ED%A0%80", "*", "AND OR NOT", "%"]
)
def test_catalogue_search_digests_anything(page: CoursePage, rep: User, text: str) -> None:
    assert signed_in(rep).get("/catalogue/", {"q": text}).status_code == 200


def test_catalogue_says_what_to_do_when_nothing_is_found(page: CoursePage, rep: User, library: LibraryPage) -> None:
    assert "Show everything" in signed_in(rep).get("/catalogue/?q=xyzzy").content.decode()
    page.delete()
    assert "Nothing here yet" in signed_in(rep).get("/catalogue/?persona=all").content.decode()


def two_modules() -> list[dict[str, Any]]:
    from tests.cms.conftest import TEXT

    return [
        {
            "title": f"Module {number}",
            "objectives": ["Know it"],
            "lessons": [{"slug": f"lesson-{number}", "title": f"L{number}", "minutes": 3, "body": [TEXT]}],
        }
        for number in (1, 2)
    ]


def test_finished_module_is_said_and_a_finished_course_leads_home(
    library: LibraryPage, author: User, reviewer: User, rep: User, media: Path, now: datetime
) -> None:
    page = make_page(library, author, reviewer, media, now, modules=two_modules())
    enrol(rep, page, now)
    client = signed_in(rep)
    urls = [reverse("courses:complete_lesson", args=[page.course.public_id, f"lesson-{n}"]) for n in (1, 2)]
    assert "Module done: Module 1." in client.post(urls[0], follow=True).content.decode()
    client.post(urls[1])
    assert client.post(urls[1]).headers["Location"] == COURSE
    assert client.post(reverse("courses:enrol", args=[page.course.public_id])).headers["Location"] == COURSE
    text = client.get("/learn/sizing/lesson-1/").content.decode()
    assert "Next: L2 (3 min)" in text
    assert "Back to the course" in client.get("/learn/sizing/lesson-2/").content.decode()


def test_leaving_in_another_window_lets_the_text_be_read(page: CoursePage, rep: User, now: datetime) -> None:
    enrolment = enrol(rep, page, now)
    services.withdraw_enrolment(enrolment=enrolment, by=rep, at=now)
    assert signed_in(rep).get(FIRST).headers["Location"] == COURSE
    url = reverse("courses:complete_lesson", args=[page.course.public_id, "first"])
    assert signed_in(rep).post(url).status_code == 404


def test_first_publishing_in_the_future_stores_nothing_yet(page: CoursePage, reviewer: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    page.unpublish(user=reviewer)
    page.promise = "Later"
    page.go_live_at = timezone.now() + timedelta(days=1)
    page.save_revision().publish(user=reviewer)
    page.refresh_from_db()
    assert (page.live, page.course.versions.count()) == (False, 1)
    assert page.course.retired_at is not None


def test_library_is_found_after_set_up(library: LibraryPage) -> None:
    from cms.services import library as find

    assert find() == library


def test_page_without_a_version_of_its_course_has_no_place(rep: User) -> None:
    from cms.reading import course_context, place_of
    from tests.factories import CourseFactory

    course = CourseFactory()
    assert place_of(rep, course) is None
    assert course_context(course, rep) == {}
