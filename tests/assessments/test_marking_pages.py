"""Essays and files before candidates and before those who mark them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.errors import NewerAnswer
from lms.assessments.formats.handed_in import judge
from lms.assessments.items import AnswerRefused
from lms.assessments.models import AnswerFile, Assessment, Attempt, Mark, Response
from lms.common.guards import UnsafeInput
from lms.partners.models import Membership
from tests.assessments.factories import PICTURE, make_bank, make_exam, start
from tests.assessments.marking import PDF, archive, essay, grader, handed_in, mark_by, marked_exam, upload, waiting
from tests.assessments.pages import autosave, posted, url
from tests.assessments.test_editor import member_of

pytestmark = pytest.mark.django_db
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
def exam() -> Assessment:
    return marked_exam(essay(words=(10, 20)), upload())


@pytest.fixture
def sitting(exam: Assessment, member: Membership) -> Attempt:
    return start(exam, member, timezone.now() - timedelta(minutes=1))


def of(attempt: Attempt, kind: str) -> Response:
    return attempt.responses.select_related("item_version", "attempt").get(item_version__type=kind)


def sent(response: Response, data: bytes = PDF, name: str = "Ada Byron.pdf", **more: Any) -> dict[str, Any]:
    return posted(response, SimpleUploadedFile(name, data), go="stay", **more)


def send(browser: Client, attempt: Attempt, **more: Any) -> Any:
    response = of(attempt, "upload")
    return browser.post(url("item", attempt, response.position), sent(response, **more))


def test_an_essay_is_autosaved_with_its_lines(browser: Client, sitting: Attempt) -> None:
    text = "First line.\r\n\r\n<script>alert(1)</script>"
    response = of(sitting, "essay")
    assert autosave(browser, sitting, response.position, text).status_code == 200
    assert of(sitting, "essay").answer == "First line.\n\n<script>alert(1)</script>"
    page = browser.get(url("item", sitting, response.position)).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "From 10 to 20 words" in page
    assert "sentinel-for-graders" not in page
    assert "Names the risk" not in page


def test_an_essay_has_a_longest_length(browser: Client, sitting: Attempt) -> None:
    position = of(sitting, "essay").position
    assert autosave(browser, sitting, position, "語" * 20_000).status_code == 200
    assert autosave(browser, sitting, position, "x" * 20_001, seq=2).json()["code"] == "answer_refused"
    assert autosave(browser, sitting, position, ["x"], seq=2).status_code == 400
    assert autosave(browser, sitting, position, "  \n", seq=2).status_code == 200
    assert of(sitting, "essay").answer is None


def test_a_file_is_sent_by_the_form_and_got_back(browser: Client, sitting: Attempt) -> None:
    assert send(browser, sitting)["Location"].endswith(f"/items/{of(sitting, 'upload').position}/")
    response, file = of(sitting, "upload"), AnswerFile.objects.get()
    assert (response.answer, response.version) == (str(file.public_id), 1)
    assert (file.name, file.extension, file.size) == ("Ada Byron.pdf", "pdf", len(PDF))
    page = browser.get(url("item", sitting, response.position)).content.decode()
    assert "Ada Byron.pdf" in page
    got = browser.get(url("answer_file", sitting, response.position))
    assert b"".join(got.streaming_content) == PDF
    assert got["Content-Disposition"].startswith("attachment")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got["Content-Security-Policy"]


def test_a_newer_file_takes_the_place_of_the_older(
    browser: Client, sitting: Attempt, django_capture_on_commit_callbacks: Any
) -> None:
    send(browser, sitting)
    before = AnswerFile.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        send(browser, sitting, data=b"%PDF-2", name="second.pdf")
    assert AnswerFile.objects.get().name == "second.pdf"
    assert not default_storage.exists(before.file.name)


def test_a_form_without_a_file_leaves_it_and_a_button_takes_it_away(browser: Client, sitting: Attempt) -> None:
    send(browser, sitting)
    response = of(sitting, "upload")
    address = url("item", sitting, response.position)
    browser.post(address, {"seq": 2, "nonce": str(uuid4()), "go": "next"})
    assert (of(sitting, "upload").version, AnswerFile.objects.count()) == (1, 1)
    browser.post(address, {"seq": 2, "nonce": str(uuid4()), "go": "stay", "confidence": "sure"})
    assert (of(sitting, "upload").confidence, of(sitting, "upload").is_answered) == ("sure", True)
    browser.post(address, {"seq": 3, "nonce": str(uuid4()), "go": "remove"})
    assert (of(sitting, "upload").answer, AnswerFile.objects.count()) == (None, 0)
    assert browser.get(url("answer_file", sitting, response.position)).status_code == 404


def test_the_same_file_again_is_kept_once_and_an_old_tab_is_told(browser: Client, sitting: Attempt) -> None:
    response = of(sitting, "upload")
    told = {"version": 2, "nonce": uuid4(), "at": timezone.now()}
    services.answer_with_file(response=response, upload=services.Upload(data=PDF, name="a.pdf"), **told)
    again = services.answer_with_file(
        response=of(sitting, "upload"), upload=services.Upload(data=PDF, name="a.pdf"), **told
    )
    assert (again.version, AnswerFile.objects.count()) == (2, 1)
    with pytest.raises(NewerAnswer):
        services.answer_with_file(
            response=of(sitting, "upload"),
            upload=services.Upload(data=b"%PDF-old", name="old.pdf"),
            version=1,
            nonce=uuid4(),
            at=timezone.now(),
        )
    kept = AnswerFile.objects.get()
    assert kept.name == "a.pdf"
    assert [name for name in default_storage.listdir(kept.file.name.rpartition("/")[0])[1] if name.endswith("pdf")]
    assert services.take_file_away(response=of(sitting, "upload"), **told).version == 2  # a replay takes nothing away


def test_a_file_is_no_text_and_a_text_no_file(browser: Client, sitting: Attempt) -> None:
    position = of(sitting, "upload").position
    assert autosave(browser, sitting, position, str(uuid4())).status_code == 400
    with pytest.raises(AnswerRefused, match="not answered by a file"):
        services.answer_with_file(
            response=of(sitting, "essay"),
            upload=services.Upload(data=PDF, name="a.pdf"),
            version=1,
            nonce=uuid4(),
            at=timezone.now(),
        )


def test_a_wrong_file_is_refused_and_said(browser: Client, sitting: Attempt) -> None:
    for data, words in ((HTML, "of another kind"), (b"%PDF" + b"x" * 10_000_001, "larger than 10 MB")):
        page = send(browser, sitting, data=data)
        assert page.status_code == 400
        assert words in page.content.decode()
    assert not AnswerFile.objects.exists()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PDF, ("pdf", "pdf")),
        (PICTURE.data, ("picture", "png")),
        (archive("[Content_Types].xml", "word/document.xml"), ("document", "docx")),
        (archive("[Content_Types].xml", "xl/workbook.xml"), ("document", "xlsx")),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), ("document", "pptx")),
        (archive("content.xml", mimetype=b"application/vnd.oasis.opendocument.text"), ("document", "odt")),
        ("Größe\n".encode(), ("text", "txt")),
        (HTML, ("text", "txt")),
        (SVG, None),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), None),
        (archive("a.exe"), None),
        (archive("x", mimetype=b"application/zip"), None),
        (archive("[Content_Types].xml"), None),
        (b"MZ\x90\x00", None),
        (b"\xff\xfe\xfd", None),
        (b"  \n", None),
        (b"", None),
    ],
)
def test_files_are_judged_by_their_content(data: bytes, expected: tuple[str, str] | None) -> None:
    found = judge(data)
    assert (found and (found.kind, found.extension)) == expected


def test_a_hostile_archive_is_refused() -> None:
    with pytest.raises(UnsafeInput):
        judge(archive("../../etc/passwd"))


def test_the_candidate_reads_that_it_waits(browser: Client, sitting: Attempt) -> None:
    autosave(browser, sitting, of(sitting, "essay").position, "Because.")
    send(browser, sitting)
    assert "people mark what you wrote" in browser.get(url("review", sitting)).content.decode()
    browser.post(url("submit", sitting))
    page = browser.get(url("result", sitting)).content.decode()
    assert "waiting for marks" in page
    assert "points" not in page.partition("<main")[2].partition("</main>")[0]
    start_page = browser.get(reverse("assessments:start", args=[sitting.assessment.slug])).content.decode()
    assert "It waits for marks" in start_page
    told = browser.get(reverse("api-v1:attempt", args=[sitting.public_id])).json()
    assert (told["points"], told["is_passed"], told["sections"]) == (None, None, [])
    listed = browser.get(reverse("api-v1:exams")).json()["results"]
    assert [one["mine"]["state"] for one in listed] == ["marking"]


def test_the_candidate_reads_the_feedback_by_the_rules(browser: Client, exam: Assessment, member: Membership) -> None:
    Assessment.objects.update(review_shows="answers")
    exam = marked_exam(review_shows="answers")
    attempt = handed_in(exam, member, timezone.now())
    assert browser.get(url("answers", attempt)).status_code == 404
    for one in ("x1", "x2"):
        mark_by(grader(), 2, 8, timezone.now(), each=f"<b>{one}</b>")
    page = browser.get(url("answers", attempt)).content.decode()
    assert "Names the risk" not in page
    Assessment.objects.update(review_shows="feedback")
    page = browser.get(url("answers", attempt)).content.decode()
    assert "Names the risk" in page
    assert "&lt;b&gt;x1&lt;/b&gt;" in page
    assert "sentinel-for-graders" not in page
    assert "Grader" not in page


# --- Those who mark ---


@pytest.fixture
def reviewer() -> User:
    return member_of("Content reviewers")


@pytest.fixture
def desk(client: Client, reviewer: User) -> Client:
    client.force_login(reviewer)
    return client


def rubric_form(response: Response, *points: int, **more: str) -> dict[str, str]:
    names = [one.id for one in services.rubric_of(response).criteria]
    return {f"points-{name}": str(value) for name, value in zip(names, points, strict=True)} | more


def test_an_answer_is_taken_read_and_marked(desk: Client, reviewer: User, member: Membership) -> None:
    member.person.name = "Zebedee Quux"
    member.person.save(update_fields=["name"])
    attempt = handed_in(marked_exam(), member, timezone.now(), "I think <b>so</b>.")
    other = mark_by(grader(), 1, 4, timezone.now(), each="secret of the first")
    queue = desk.get(reverse("marking:index")).content.decode()
    assert "Engineer exam" in queue
    taken = desk.post(reverse("marking:index"), {"exam": str(attempt.assessment_id)})
    page = desk.get(taken["Location"])
    text = page.content.decode()
    assert "I think &lt;b&gt;so&lt;/b&gt;." in text
    assert "sentinel-for-graders" in text
    for hidden in ("Zebedee", member.person.email, member.partner.name, "secret of the first", str(attempt.public_id)):
        assert hidden not in text
    assert page["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert desk.post(taken["Location"], rubric_form(waiting(attempt), 1, 4)).status_code == 302
    assert Mark.objects.given().count() == 2
    assert Attempt.objects.get().points == Decimal("2.5")
    again = desk.get(taken["Location"]).content.decode()
    assert "What you gave" in again
    assert "Give these marks" not in again
    assert other.grader != reviewer


def test_who_decides_sees_both_marks(desk: Client, member: Membership) -> None:
    handed_in(marked_exam(), member, timezone.now())
    mark_by(grader("ernst"), 2, 8, timezone.now(), each="too kind")
    mark_by(grader("paula"), 0, 0, timezone.now(), comment="too hard")
    assert "needs a decision" in desk.get(reverse("marking:index")).content.decode()
    page = desk.get(desk.post(reverse("marking:index"))["Location"]).content.decode()
    assert "too kind" in page
    assert "too hard" in page
    assert "ernst" not in page


def test_marks_that_do_not_fit_are_said(desk: Client, member: Membership) -> None:
    attempt = handed_in(marked_exam(), member, timezone.now())
    where = desk.post(reverse("marking:index"))["Location"]
    assert desk.post(where, {}).status_code == 200
    assert desk.post(where, rubric_form(waiting(attempt), 2, 7)).status_code == 200
    Mark.objects.all().delete()
    assert desk.get(where).status_code == 404
    assert not Mark.objects.exists()


def test_an_answer_goes_back_by_a_button(desk: Client, member: Membership) -> None:
    handed_in(marked_exam(), member, timezone.now())
    where = desk.post(reverse("marking:index"))["Location"]
    assert "In your hands" in desk.get(reverse("marking:index")).content.decode()
    pk = Mark.objects.get().pk
    assert desk.post(reverse("marking:back", args=[pk])).status_code == 302
    assert not Mark.objects.exists()
    assert desk.get(where).status_code == 404
    desk.post(reverse("marking:index"), {"exam": "999999"})
    assert not Mark.objects.exists()


def test_a_file_comes_under_a_name_of_ours(browser: Client, client: Client, sitting: Attempt, reviewer: User) -> None:
    send(browser, sitting)
    services.submit_attempt(attempt=sitting, at=timezone.now())
    client.force_login(reviewer)
    where = client.post(reverse("marking:index"))["Location"]
    assert "Ada" not in client.get(where).content.decode()
    mark = Mark.objects.get()
    got = client.get(reverse("marking:file", args=[mark.pk]))
    assert b"".join(got.streaming_content) == PDF
    assert got["Content-Disposition"] == f'attachment; filename="answer-{mark.response_id}.pdf"'
    AnswerFile.objects.all().delete()
    assert client.get(reverse("marking:file", args=[mark.pk])).status_code == 404
    assert "The file is gone" in client.get(where).content.decode()


@pytest.mark.parametrize(("data", "start_"), [(PICTURE.data, "inline"), (HTML, "attachment")])
def test_only_pictures_are_shown_and_markup_is_a_text(
    client: Client, member: Membership, reviewer: User, data: bytes, start_: str
) -> None:
    exam = make_exam(make_bank([upload(kinds=["picture", "text"])]))
    attempt = start(exam, member, timezone.now())
    services.answer_with_file(
        response=of(attempt, "upload"),
        upload=services.Upload(data=data, name="evil.html"),
        version=1,
        nonce=uuid4(),
        at=timezone.now(),
    )
    services.submit_attempt(attempt=attempt, at=timezone.now())
    client.force_login(reviewer)
    client.post(reverse("marking:index"))
    got = client.get(reverse("marking:file", args=[Mark.objects.get().pk]))
    assert got["Content-Disposition"].startswith(start_)
    assert b"".join(got.streaming_content) == data
    assert got["Content-Type"] in {"image/png", "text/plain; charset=utf-8"}
    assert "sandbox" in got["Content-Security-Policy"]
    assert got["X-Content-Type-Options"] == "nosniff"


def test_only_who_may_mark_comes_in(client: Client, member: Membership, desk: Client) -> None:
    handed_in(marked_exam(), member, timezone.now())
    desk.post(reverse("marking:index"))
    pk = Mark.objects.get().pk
    pages = [("index", []), ("mark", [pk]), ("file", [pk]), ("back", [pk])]
    client.force_login(member_of("Channel managers"))
    for name, args in pages:
        assert client.post(reverse(f"marking:{name}", args=args)).status_code in {302, 403, 405}
        assert client.get(reverse(f"marking:{name}", args=args)).status_code in {302, 403, 405}
    client.force_login(member_of("Channel marketing"))
    for name, args in pages[1:]:
        assert client.post(reverse(f"marking:{name}", args=args)).status_code in {404, 405}
    assert Mark.objects.given().count() == 0
    client.force_login(member.person)
    assert client.get(reverse("marking:index")).status_code == 404


def test_the_queue_asks_the_same_few_questions(
    desk: Client, member: Membership, django_assert_num_queries: Any
) -> None:
    def count() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            desk.get(reverse("marking:index"))
        return len(captured)

    handed_in(marked_exam(), member, timezone.now())
    desk.get(reverse("marking:index"))
    one = count()
    for _ in range(2):
        handed_in(marked_exam(), member, timezone.now())
    assert count() == one


@pytest.mark.parametrize("fields", [essay(worth=Decimal("2.5"), words=(5, 50), lines=9), upload(kinds=["text"])])
def test_the_editor_shows_all_there_is(client: Client, member: Membership, fields: Any) -> None:
    from lms.assessments.models import ItemVersion
    from tests.assessments.factories import add
    from tests.assessments.test_editor import posted as edited

    client.force_login(member_of("Channel marketing"))
    version = add(make_bank(), fields, code="A")
    page = client.get(reverse("item_editor:edit", args=[version.item_id]))
    data = edited(page.context["editor"])
    assert client.post(reverse("item_editor:edit", args=[version.item_id]), data).status_code == 302
    assert ItemVersion.objects.filter(item=version.item).get().digest == version.digest
    assert "for those who mark" in client.get(reverse("items:inspect", args=[version.item_id])).content.decode()
    preview = client.get(reverse("item_editor:preview", args=[version.pk])).content.decode()
    assert "sentinel-for-graders" not in preview
    wrong = client.post(reverse("item_editor:edit", args=[version.item_id]), data | {"rows-0-levels": "none"})
    assert "does not begin with points" in wrong.content.decode()
