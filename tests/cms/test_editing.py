"""Authors write, reviewers publish: through the Wagtail admin itself."""

import html
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from wagtail.models import Page, Site, TaskState, Workflow, WorkflowState
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from cms.models import CoursePage, LibraryPage, Picture, PlaybookPage
from cms.services import set_up_site
from courses.models import Course
from lms.accounts.models import User
from lms.assessments.models import ItemBank
from tests.cms.conftest import overdue, signed_in, staff
from tests.factories import MembershipFactory, PersonaFactory


def lesson(slug: str, body: list[tuple[str, Any]] | None = None, minutes: int = 5) -> tuple[str, Any]:
    fields = {"title": slug.capitalize(), "slug": slug, "minutes": minutes}
    return ("lesson", fields | {"body": streamfield(body or [("rich_text", rich_text("<p>Words.</p>"))])})


def form(owner: User, *lessons: tuple[str, Any], **changes: Any) -> dict[str, Any]:
    """What the editor posts for a course page with one module."""
    module = {
        "title": "Module",
        "objectives": _list(["Know it"]),
        "lessons": streamfield(list(lessons or [lesson("first")])),
        "resources": _list([]),
    }
    data = {
        "title": "Written course",
        "slug": "written",
        "promise": "You can write.",
        "objectives": streamfield([("objective", "Write")]),
        "modules": streamfield([("module", module)]),
        "need": "get-certified",
        "minimum_tier": "",
        "content_owner": owner.pk,
        "review_on": "2030-01-01",
        "comments": inline_formset([]),
    }
    chosen = {name: changes.pop(name, []) for name in ("personas", "partner_types", "regions")}
    return nested_form_data(data | changes) | chosen  # type: ignore[no-any-return]


def _list(values: list[Any]) -> dict[str, Any]:
    rows = {str(n): {"deleted": "", "order": n, "value": value} for n, value in enumerate(values)}
    return {"count": len(values), **rows}


def add_url(library: LibraryPage) -> str:
    return reverse("wagtailadmin_pages:add", args=["cms", "coursepage", library.pk])


def edit_url(page: Page) -> str:
    return reverse("wagtailadmin_pages:edit", args=[page.pk])


def refused(response: Any) -> bool:
    """Wagtail answers a forbidden admin view by 403, 404 or by sending home with a message."""
    return response.status_code in {403, 404} or (
        response.status_code == 302 and response.headers["Location"] == reverse("wagtailadmin_home")
    )


def test_author_writes_submits_and_a_reviewer_publishes(library: LibraryPage, author: User, reviewer: User) -> None:
    writing = signed_in(author)
    assert writing.get(add_url(library)).status_code == 200
    writing.post(add_url(library), form(author) | {"action-submit": "1"})
    page = CoursePage.objects.get()
    assert (page.live, page.course) == (False, None)
    state = TaskState.objects.get(status=TaskState.STATUS_IN_PROGRESS)
    approve = reverse("wagtailadmin_pages:workflow_action", args=[page.pk, "approve", state.pk])
    assert refused(writing.post(approve, {"comment": ""}))
    assert not CoursePage.objects.live().exists()
    signed_in(reviewer).post(approve, {"comment": ""})
    page.refresh_from_db()
    assert page.live is True
    version = page.course.versions.get()
    assert (version.published_by, version.number, version.minutes) == (reviewer, 1, 5)
    assert [one.slug for one in version.lessons.all()] == ["first"]


def test_reviewer_sends_back_and_nothing_is_published(library: LibraryPage, author: User, reviewer: User) -> None:
    signed_in(author).post(add_url(library), form(author) | {"action-submit": "1"})
    page, state = CoursePage.objects.get(), TaskState.objects.get()
    url = reverse("wagtailadmin_pages:workflow_action", args=[page.pk, "reject", state.pk])
    signed_in(reviewer).post(url, {"comment": "Say it shorter."})
    assert WorkflowState.objects.get().status == WorkflowState.STATUS_NEEDS_CHANGES
    assert not Course.objects.exists()


def test_author_cannot_publish(library: LibraryPage, author: User, page: CoursePage) -> None:
    client = signed_in(author)
    client.post(add_url(library), form(author) | {"action-publish": "1"})
    assert CoursePage.objects.get(slug="written").live is False
    client.post(edit_url(page), form(author, slug="sizing", promise="Changed") | {"action-publish": "1"})
    page.refresh_from_db()
    assert page.promise == "You can size it."
    assert page.course.versions.count() == 1
    assert refused(client.post(reverse("wagtailadmin_pages:unpublish", args=[page.pk])))
    assert CoursePage.objects.get(pk=page.pk).live is True


def test_reviewer_publishes_an_edit_as_the_next_version(page: CoursePage, reviewer: User) -> None:
    signed_in(reviewer).post(edit_url(page), form(reviewer, slug="sizing") | {"action-publish": "1"})
    newest = page.course.versions.order_by("-number").first()
    assert (newest.number, newest.title, newest.published_by) == (2, "Written course", reviewer)


def test_editor_form_names_a_lesson_address_used_twice(library: LibraryPage, author: User) -> None:
    response = signed_in(author).post(add_url(library), form(author, lesson("same"), lesson("same")))
    assert r"Two lessons have the address \u201csame\u201d" in html.unescape(response.content.decode())
    assert not CoursePage.objects.exists()


@pytest.mark.parametrize("field", ["content_owner", "review_on", "promise", "need"])
def test_owner_and_review_date_are_not_optional(library: LibraryPage, author: User, field: str) -> None:
    response = signed_in(author).post(add_url(library), form(author, **{field: ""}) | {"action-submit": "1"})
    assert "This field is required." in response.content.decode()
    assert not WorkflowState.objects.exists()


def test_image_without_words_is_refused(library: LibraryPage, author: User, rich_page: CoursePage) -> None:
    picture = Picture.objects.first()
    wordless = [("image", {"image": picture.pk, "alt": "", "caption": ""})]
    signed_in(author).post(add_url(library), form(author, lesson("first", wordless)) | {"action-submit": "1"})
    assert not WorkflowState.objects.exists()


def test_video_needs_captions_and_transcript_of_the_right_kinds(rich_page: CoursePage) -> None:
    from wagtail.blocks import StructBlockValidationError

    from cms.blocks import VideoBlock
    from cms.models import LibraryFile

    files = {f.file_extension: f for f in LibraryFile.objects.all()}
    block = VideoBlock()
    value = {"title": "Film", "file": files["webm"].pk, "captions": files["vtt"].pk, "transcript": "<p>Hello</p>"}
    block.clean(block.to_python(value))
    for wrong in ({"captions": None}, {"transcript": ""}, {"file": files["csv"].pk}, {"captions": files["csv"].pk}):
        with pytest.raises(StructBlockValidationError):
            block.clean(block.to_python(value | wrong))


def test_preview_as_a_persona(library: LibraryPage, author: User, page: CoursePage) -> None:
    rep, engineer = PersonaFactory(slug="sales_rep"), PersonaFactory(slug="presales_engineer")
    client = signed_in(author)
    url = reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk])
    posted = client.post(url, form(author, slug="sizing", personas=[engineer.pk]))
    assert posted.json() == {"is_valid": True, "is_available": True}
    seen = {mode: client.get(url, {"mode": mode}).content.decode() for mode in ("", rep.slug, engineer.slug)}
    assert ["You can write." in text for text in seen.values()] == [True, False, True]
    assert "Not shown to this role" in seen[rep.slug]
    assert f"As {engineer.name} sees it" in seen[engineer.slug]
    assert "Words." in seen[engineer.slug]


def test_playbook_preview_as_a_persona(library: LibraryPage, author: User, reviewer: User, media: Path) -> None:
    from tests.cms.test_building import make_playbook

    page = make_playbook(library, author, reviewer, media, personas=["sales_rep"])
    PersonaFactory(slug="presales_engineer")
    request = signed_in(author).get("/catalogue/").wsgi_request
    shown = {}
    for mode in ("sales_rep", "presales_engineer"):
        response = page.make_preview_request(request, mode)
        shown[mode] = response.render().content.decode() if not response.is_rendered else response.content.decode()
    assert "You earn 18 %." in shown["sales_rep"]
    assert "You earn 18 %." not in shown["presales_engineer"]


@pytest.mark.parametrize("path", ["/admin/", "/admin/pages/", "/admin/login/", "/admin/images/", "/admin/nothing/"])
def test_admin_does_not_exist_for_partners(path: str, library: LibraryPage, rep: User) -> None:
    manager = MembershipFactory(role="manager").person
    for person in (rep, manager, staff("Channel managers")):
        assert signed_in(person).get(path).status_code == 404
    assert Client().get(path).headers["Location"].startswith("/accounts/login/?next=/admin/")


def test_admin_opens_for_authors_reviewers_and_portal_managers(library: LibraryPage) -> None:
    for group in ("Channel marketing", "Content reviewers", "Portal managers"):
        assert signed_in(staff(group)).get("/admin/").status_code == 200


def test_author_cannot_touch_rights_sites_or_redirects(library: LibraryPage, author: User) -> None:
    client = signed_in(author)
    group = Group.objects.get(name="Channel marketing")
    urls = [
        reverse("wagtailusers_groups:index"),
        reverse("wagtailusers_groups:edit", args=[group.pk]),
        reverse("wagtailusers_users:index"),
        reverse("wagtailusers_users:edit", args=[author.pk]),
        reverse("wagtailsites:index"),
        reverse("wagtailredirects:index"),
        reverse("wagtailadmin_workflows:index"),
        reverse("wagtailadmin_collections:index"),
    ]
    assert [refused(client.get(url)) for url in urls] == [True] * len(urls)
    assert [refused(client.post(url, {"name": "x", "is_superuser": "on"})) for url in urls] == [True] * len(urls)
    author.refresh_from_db()
    assert author.is_superuser is False


def test_author_cannot_reach_beyond_the_library(library: LibraryPage, author: User, page: CoursePage) -> None:
    root = Page.get_first_root_node()
    client = signed_in(author)
    assert refused(client.get(edit_url(root)))
    assert refused(client.post(reverse("wagtailadmin_pages:move_confirm", args=[page.pk, root.pk])))
    assert refused(client.post(reverse("wagtailadmin_pages:delete", args=[page.pk])))
    assert Page.objects.filter(pk=page.pk).exists()
    assert refused(client.get(reverse("wagtailadmin_pages:add", args=["cms", "librarypage", root.pk])))


def test_page_types_stand_only_where_they_belong(library: LibraryPage, page: CoursePage) -> None:
    root = Page.get_first_root_node()
    assert CoursePage.can_create_at(library) is True
    assert CoursePage.can_create_at(root) is False
    assert CoursePage.can_create_at(page) is False
    assert LibraryPage.can_create_at(root) is False  # there is one already


def test_set_up_site_again_changes_nothing(library: LibraryPage) -> None:
    counts = [model.objects.count() for model in (Page, Site, Group, Workflow)]
    assert set_up_site() == library
    assert [model.objects.count() for model in (Page, Site, Group, Workflow)] == counts
    assert Site.objects.get().root_page_id == library.pk


def test_set_up_site_takes_away_permissions_that_were_added_to_a_role(library: LibraryPage) -> None:
    from django.contrib.auth.models import Permission
    from wagtail.models import GroupPagePermission

    authors = Group.objects.get(name="Channel marketing")
    publish = Permission.objects.get(content_type__app_label="wagtailcore", codename="publish_page")
    GroupPagePermission.objects.create(group=authors, page=library, permission=publish)
    set_up_site()
    assert sorted(p.permission.codename for p in authors.page_permissions.all()) == ["add_page", "change_page"]


def test_long_video_lesson_is_warned_of(
    library: LibraryPage, author: User, reviewer: User, media: Path, now: Any
) -> None:
    from tests.cms.conftest import course_data, make_page, rich_body

    modules = course_data(rich_body())["modules"]
    modules[0]["lessons"][0]["minutes"] = 11
    page = make_page(library, author, reviewer, media, now, modules=modules)
    from django.contrib.messages import get_messages
    from django.contrib.messages.storage.fallback import FallbackStorage
    from django.test import RequestFactory

    from cms.wagtail_hooks import warn_of_long_videos

    request = RequestFactory().get("/")
    request.session = {}  # type: ignore[assignment]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    warn_of_long_videos(request, page)
    told = [str(message) for message in get_messages(request)]
    assert "“First lesson” holds a video and takes 11 minutes." in told[0]
    assert told[1] == "Training time: 15 minutes in 2 lessons."
    warn_of_long_videos(request, library)


def test_overdue_report_lists_what_needs_an_eye(page: CoursePage, author: User) -> None:
    client = signed_in(author)
    url = reverse("overdue_pages")
    assert "Sizing Halden" not in client.get(url).content.decode()
    overdue(page)
    assert "Sizing Halden" in client.get(url).content.decode()


def test_item_chooser_offers_no_item_an_exam_may_draw(author: User) -> None:
    from lms.assessments.models import Assessment, Section
    from tests.assessments.factories import add, choice

    free, drawn = (ItemBank.objects.create(slug=s, name=s) for s in ("free", "drawn"))
    exam = Assessment.objects.create(slug="exam", title="Exam", time_limit_minutes=10, cut_score=70)
    Section.objects.create(assessment=exam, position=1, title="S", bank=drawn, draw=1)
    add(free, choice(), code="check-01")
    add(drawn, choice(), code="exam-01")
    client = signed_in(author)
    from cms.choosers import item_chooser

    url = reverse(item_chooser.get_url_name("choose"))
    text = client.get(url).json()["html"]
    assert ("check-01" in text, "exam-01" in text) == (True, False)
    results = reverse(item_chooser.get_url_name("choose_results"))
    assert "check-01" in client.get(results, {"q": 'check"'}).content.decode()
    assert "check-01" not in client.get(results, {"q": "zzz"}).content.decode()


def test_scheduled_pages_go_live_by_the_task(page: CoursePage, reviewer: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from cms.tasks import publish_scheduled

    page.promise = "Later"
    page.go_live_at = timezone.now() + timedelta(hours=1)
    revision = page.save_revision()
    revision.publish(user=reviewer)
    publish_scheduled()
    assert page.course.versions.count() == 1
    revision.refresh_from_db()
    revision.approved_go_live_at = timezone.now() - timedelta(minutes=1)
    revision.content["go_live_at"] = (timezone.now() - timedelta(minutes=1)).isoformat()
    revision.save()
    for _ in range(2):
        publish_scheduled()
    page.refresh_from_db()
    assert (page.promise, page.course.versions.count()) == ("Later", 2)


def test_playbook_offers_benefits_that_programmes_give_and_keeps_one_that_is_gone(author: User) -> None:
    form_class = PlaybookPage.get_edit_handler().get_form_class()
    field = form_class(instance=PlaybookPage(required_benefit="old-kit"), for_user=author).fields["required_benefit"]
    assert [value for value, _ in field.choices] == ["", "old-kit"]
    with pytest.raises(ValidationError, match="No programme gives “old-kit” any more"):
        field.clean("old-kit")
