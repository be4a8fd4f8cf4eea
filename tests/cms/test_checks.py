"""Knowledge checks inside lessons."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cms.models import CoursePage, LibraryPage
from courses import services
from lms.accounts.models import User
from lms.assessments.models import Item, ItemVersion
from lms.assessments.services import get_or_create_bank, import_items
from tests.cms.conftest import TEXT, make_page, signed_in

GIFT = b"""$CATEGORY: Basics

::kc-01:: Where does an event wait? {
  =In the buffer #Yes, on the collector.
  ~In the cloud #No.
}
"""


@pytest.fixture
def page_with_check(library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime) -> CoursePage:
    import_items(bank=get_or_create_bank("Knowledge checks"), data=GIFT, by=author, at=now, is_live=True)
    body = [TEXT, {"type": "knowledge_check", "value": {"item": "kc-01"}}, TEXT]
    return make_page(library, author, reviewer, media, now, body=body)


def lesson_text(page: CoursePage, rep: User, now: datetime) -> str:
    services.enrol_person(person=rep, course=page.course, membership=rep.memberships.get(), at=now)
    return signed_in(rep).get("/learn/sizing/first/").content.decode()


def test_check_stands_between_the_texts_without_its_key(page_with_check: CoursePage, rep: User, now: datetime) -> None:
    text = lesson_text(page_with_check, rep, now)
    places = [match.start() for match in re.finditer("First <b>words", text)]
    assert places[0] < text.index("Where does an event wait?") < places[1]
    assert "Yes, on the collector" not in text


def test_check_answers_with_feedback(page_with_check: CoursePage, rep: User, now: datetime) -> None:
    text = lesson_text(page_with_check, rep, now)
    form = text[text.index("/checks/") : text.index("In the cloud") + 200]
    fields: dict[str, Any] = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    url = form[: form.index('"')]
    right = re.search(r'value="([^"]+)"[^<]*(?:<[^>]+>\s*)*In the buffer', form)
    assert right
    response = signed_in(rep).post(url, fields | {"answer": right[1]})
    assert "Yes, on the collector" in response.content.decode()


def test_two_people_share_the_kept_text_but_not_the_check(
    page_with_check: CoursePage, rep: User, author: User, now: datetime
) -> None:
    tickets = set()
    for person in (rep, author):
        if person is rep:
            text = lesson_text(page_with_check, rep, now)
        else:
            text = signed_in(author).get("/learn/sizing/first/").content.decode()
        ticket = re.search(r'name="ticket" value="([^"]+)"', text)
        assert ticket
        tickets.add(ticket[1])
    assert len(tickets) == 2


def test_retired_question_leaves_the_lesson_whole(page_with_check: CoursePage, rep: User, now: datetime) -> None:
    Item.objects.update(retired_at=now)
    text = lesson_text(page_with_check, rep, now)
    assert text.count("First <b>words") == 2
    assert "Where does an event wait?" not in text
    assert ItemVersion.objects.count() == 1


def test_lesson_with_a_check_is_light_on_queries(
    page_with_check: CoursePage, rep: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    lesson_text(page_with_check, rep, now)
    client = signed_in(rep)
    client.get("/learn/sizing/first/")
    with django_assert_max_num_queries(15):
        client.get("/learn/sizing/first/")
