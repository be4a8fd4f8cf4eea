"""Private files: who gets them, and in which form."""

from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from wagtail.models import Collection

from cms.models import CoursePage, LibraryFile, MediaUse, Picture, PictureRendition
from lms.accounts.models import User
from lms.partners.models import Membership
from tests.cms.conftest import signed_in
from tests.factories import UserFactory


def the_file(extension: str) -> LibraryFile:
    return next(f for f in LibraryFile.objects.all() if f.file_extension == extension)


def image_url() -> str:
    return Picture.objects.get().get_rendition("width-400").url


def body(response: Any) -> bytes:
    """The content; read to its end, which closes the file."""
    return b"".join(response.streaming_content) if response.streaming else response.content


def status(client: Client, url: str) -> int:
    response = client.get(url)
    body(response)
    return int(response.status_code)


def test_member_gets_pictures_files_and_videos(rich_page: CoursePage, rep: User) -> None:
    client = signed_in(rep)
    picture = client.get(image_url())
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert body(picture).startswith(b"\x89PNG")
    sheet = client.get(reverse("cms:document", args=[the_file("csv").public_id]))
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="sheet.csv"'
    assert body(sheet) == b"site,events\nshop,5\n"
    film = client.get(reverse("cms:video", args=[the_file("webm").public_id]))
    assert film.headers["Content-Type"] == "video/webm"
    assert film.headers["Content-Disposition"] == 'inline; filename="film.webm"'
    assert len(body(film)) == 1028


def all_urls() -> list[str]:
    return [
        image_url(),
        reverse("cms:document", args=[the_file("csv").public_id]),
        reverse("cms:video", args=[the_file("webm").public_id]),
    ]


def test_visitors_strangers_and_former_members_get_nothing(rich_page: CoursePage, rep: User) -> None:
    urls = all_urls()
    assert [status(Client(), url) for url in urls] == [302] * 3
    assert [status(signed_in(UserFactory()), url) for url in urls] == [404] * 3
    client = signed_in(rep)
    Membership.objects.filter(person=rep).update(ends_on="2025-06-01")
    assert [status(client, url) for url in urls] == [404] * 3


def test_files_outside_the_course_media_are_for_vendor_staff(rich_page: CoursePage, rep: User, author: User) -> None:
    urls = all_urls()
    root = Collection.get_first_root_node()
    Picture.objects.update(collection=root)
    LibraryFile.objects.update(collection=root)
    assert [status(signed_in(rep), url) for url in urls] == [404] * 3
    assert [status(signed_in(author), url) for url in urls] == [200] * 3


def test_no_other_address_serves_a_file(rich_page: CoursePage, rep: User, author: User) -> None:
    picture = Picture.objects.get()
    picture.get_rendition("width-400")
    rendition = PictureRendition.objects.get(filter_spec="width-400")
    paths = [
        f"/media/{picture.file.name}",
        f"/media/{rendition.file.name}",
        f"/files/images/{picture.pk}/",
        f"/documents/{the_file('csv').pk}/sheet.csv",
        f"/library/documents/{the_file('csv').pk}/",
        f"/files/documents/{the_file('csv').pk}/",
    ]
    for client in (Client(), signed_in(rep), signed_in(author)):
        assert [client.get(path, follow=True).status_code in {200, 404} for path in paths] == [True] * len(paths)
        assert not any(b"PNG" in body(client.get(path))[:8] for path in paths)
    assert picture.file.storage.url(picture.file.name) == ""


def test_files_can_never_run_in_a_browser(rich_page: CoursePage, rep: User) -> None:
    client = signed_in(rep)
    for url in all_urls():
        response = client.get(url)
        body(response)
        headers = response.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        assert "private" in headers["Cache-Control"]
    assert client.get(reverse("cms:video", args=[the_file("csv").public_id])).status_code == 404


def test_document_of_any_kind_is_a_download_with_an_encoded_name(rich_page: CoursePage, rep: User, media: Path) -> None:
    from django.core.files.base import ContentFile

    evil = the_file("csv")
    name = 'x"; a=\u202egpj.exe.txt'
    evil.file.save("plain.txt", ContentFile(b"<script>alert(1)</script>"))
    evil.file.close()
    LibraryFile.objects.filter(pk=evil.pk).update(file=evil.file.name)
    response = signed_in(rep).get(reverse("cms:document", args=[evil.public_id]))
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "\n" not in response.headers["Content-Disposition"]
    from django.utils.http import content_disposition_header

    assert content_disposition_header(True, name) == ("attachment; filename*=utf-8''x%22%3B%20a%3D%E2%80%AEgpj.exe.txt")
    assert body(response) == b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "length"),
    [
        ("bytes=0-9", 206, "bytes 0-9/1028", 10),
        ("bytes=1000-", 206, "bytes 1000-1027/1028", 28),
        ("bytes=-5", 206, "bytes 1023-1027/1028", 5),
        ("bytes=-5000", 206, "bytes 0-1027/1028", 1028),
        ("bytes=1020-99999999999", 206, "bytes 1020-1027/1028", 8),
        ("bytes=1028-", 416, "bytes */1028", 0),
        ("bytes=-0", 416, "bytes */1028", 0),
        ("bytes=9-0", 200, None, 1028),
        ("bytes=-", 200, None, 1028),
        ("bytes=0-,0-,0-", 200, None, 1028),
        ("bytes=" + ",".join(["0-"] * 1000), 200, None, 1028),
        ("items=0-5", 200, None, 1028),
        ("bytes=a-b", 200, None, 1028),
        ("bytes=" + "9" * 400 + "-", 200, None, 1028),
    ],
)
def test_video_answers_one_range(
    rich_page: CoursePage, rep: User, asked: str, status: int, content_range: str | None, length: int
) -> None:
    url = reverse("cms:video", args=[the_file("webm").public_id])
    response = signed_in(rep).get(url, headers={"Range": asked})
    content = body(response)
    assert (response.status_code, response.headers.get("Content-Range"), len(content)) == (
        status,
        content_range,
        length,
    )
    assert response.headers["Accept-Ranges"] == "bytes"


def test_missing_file_is_not_found_and_its_page_still_works(rich_page: CoursePage, rep: User, now: Any) -> None:
    from courses import services

    client = signed_in(rep)
    url = reverse("cms:document", args=[the_file("csv").public_id])
    the_file("csv").file.storage.delete(the_file("csv").file.name)
    assert client.get(url).status_code == 404
    picture = Picture.objects.get()
    picture.file.storage.delete(picture.file.name)
    services.enrol_person(person=rep, course=rich_page.course, membership=rep.memberships.get(), at=now)
    text = client.get("/learn/sizing/first/").content.decode()
    assert "Picture not available: A green field" in text


def test_web_server_sends_the_file_where_it_can(rich_page: CoursePage, rep: User, settings: Any) -> None:
    settings.ACCEL_REDIRECT_PREFIX = "/internal"
    found = the_file("webm")
    response = signed_in(rep).get(reverse("cms:video", args=[found.public_id]), headers={"Range": "bytes=0-5"})
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["X-Accel-Redirect"] == f"/internal/{found.file.name}"
    assert response.headers["Content-Type"] == "video/webm"
    settings.X_SENDFILE = True
    response = signed_in(rep).get(reverse("cms:video", args=[found.public_id]))
    assert (response.content, response.headers["X-Sendfile"]) == (b"", found.file.path)


def test_lesson_page_stays_under_200_kb_with_its_pictures(rich_page: CoursePage, rep: User, now: Any) -> None:
    from courses import services

    services.enrol_person(person=rep, course=rich_page.course, membership=rep.memberships.get(), at=now)
    client = signed_in(rep)
    html = client.get("/learn/sizing/first/").content
    pictures = [len(body(client.get(r.url))) for r in PictureRendition.objects.all()]
    assert len(html) + sum(pictures) < 200_000
    assert b'loading="lazy"' in html


def test_file_of_a_published_lesson_can_be_neither_deleted_nor_replaced(rich_page: CoursePage, author: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    picture = Picture.objects.get()
    client = signed_in(author)
    client.post(reverse("wagtailimages:delete", args=[picture.pk]))
    sheet = the_file("csv")
    client.post(reverse("wagtaildocs:delete", args=[sheet.pk]))
    with pytest.raises(ProtectedError):
        picture.delete()
    new = SimpleUploadedFile("new.csv", b"a,b\n")
    data = {"title": "Sheet", "file": new, "collection": sheet.collection_id, "tags": ""}
    response = client.post(reverse("wagtaildocs:edit", args=[sheet.pk]), data)
    assert "Published lessons show this file" in response.content.decode()
    assert (Picture.objects.count(), LibraryFile.objects.count()) == (1, 3)
    assert the_file("csv").filename == "sheet.csv"
    renamed = {"title": "A better title", "collection": sheet.collection_id, "tags": ""}
    client.post(reverse("wagtaildocs:edit", args=[sheet.pk]), renamed)
    assert the_file("csv").title == "A better title"


def test_file_that_no_lesson_shows_can_be_replaced_and_deleted(rich_page: CoursePage, author: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = signed_in(author)
    collection = Collection.objects.get(name="Course media")
    spare = LibraryFile.objects.create(title="Spare", file=SimpleUploadedFile("one.txt", b"1"), collection=collection)
    data = {"title": "Spare", "file": SimpleUploadedFile("two.txt", b"2"), "collection": collection.pk, "tags": ""}
    client.post(reverse("wagtaildocs:edit", args=[spare.pk]), data)
    spare.refresh_from_db()
    assert spare.filename == "two.txt"
    client.post(reverse("wagtaildocs:delete", args=[spare.pk]))
    assert not LibraryFile.objects.filter(pk=spare.pk).exists()


def test_database_refuses_a_use_of_nothing_or_twice(rich_page: CoursePage) -> None:
    use = MediaUse.objects.filter(picture__isnull=False).get()
    for wrong in ({"picture": None}, {"picture": use.picture}, {"picture": use.picture, "file": the_file("csv")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            MediaUse.objects.create(version=use.version, **wrong)
