"""One calendar: a course takes new people, or is being reviewed, for everybody at the same moment."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from cms.models import CoursePage
from courses.models import Course
from lms.accounts.models import User
from tests.cms.conftest import signed_in

DAY = date(2026, 11, 27)


@pytest.mark.parametrize(("hour", "zone"), [(12, "Pacific/Kiritimati"), (6, "Etc/GMT+12")])
@pytest.mark.parametrize(("review_on", "is_open"), [(DAY, True), (date(2026, 11, 26), False)])
def test_a_course_is_open_by_the_day_in_utc(
    page: CoursePage,
    rep: User,
    monkeypatch: pytest.MonkeyPatch,
    hour: int,
    zone: str,
    review_on: date,
    is_open: bool,
) -> None:
    CoursePage.objects.update(review_on=review_on)
    Course.objects.update(review_on=review_on)
    User.objects.filter(pk=rep.pk).update(time_zone=zone)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 27, hour, tzinfo=UTC))
    client = signed_in(rep)

    answers = {
        "catalogue": "Being reviewed, back soon" not in client.get(reverse("cms:catalogue")).content.decode(),
        "need": page.title in client.get(reverse("portal:need", args=[page.need])).content.decode(),
        "page": client.get(page.url).status_code == 200,
        "api": bool(client.get(reverse("api-v1:catalogue")).json()["results"]),
        "rule": User.objects.get(pk=rep.pk).has_perm("courses.enrol", Course.objects.get()),
    }
    assert answers == dict.fromkeys(answers, is_open)
