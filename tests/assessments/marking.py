"""What tests of marking share: an exam with a choice and an essay, people who mark, files that are handed in."""

import io
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.items import builders
from lms.assessments.items.builders import ItemFields
from lms.assessments.models import Assessment, Attempt, Mark, Response
from lms.partners.models import Membership
from tests.assessments.factories import choice, make_bank, make_exam, save, start, token

RUBRIC = (
    ("Names the risk", ((Decimal(2), "both"), (Decimal(1), "one"), (Decimal(0), "none"))),
    ("Says what to do", ((Decimal(8), "fully"), (Decimal(4), "half"), (Decimal(0), "not at all"))),
)
PDF = b"%PDF-1.7\nan answer"


def essay(**more: Any) -> ItemFields:
    return builders.essay("<p>Why does the pump fail?</p>", RUBRIC, notes="<p>sentinel-for-graders</p>", **more)


def upload(**more: Any) -> ItemFields:
    return builders.upload("<p>Send your drawing.</p>", RUBRIC, notes="<p>sentinel-for-graders</p>", **more)


def archive(*names: str, **texts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, b"<x/>")
        for name, text in texts.items():
            file.writestr(name, text)
    return buffer.getvalue()


def marked_exam(*fields: ItemFields, **more: Any) -> Assessment:
    return make_exam(make_bank([choice(), *(fields or (essay(worth=Decimal(3)),))]), **more)


def grader(name: str = "", group: str = "Content reviewers") -> User:
    """Somebody of the vendor who may mark."""
    person = User.objects.create_user(f"{name or uuid4().hex}@halden.example", name=name or "Grader")
    person.groups.add(Group.objects.get(name=group))
    return person


def handed_in(exam: Assessment, member: Membership, at: datetime, text: str = "Because.\n\nSo it is.") -> Attempt:
    """An attempt with the choice right and every essay written."""
    attempt = start(exam, member, at)
    for response in attempt.responses.select_related("item_version"):
        answer = text if response.item_version.type == "essay" else token(response, "Right")
        save(attempt, response.position, answer, at)
    return services.submit_attempt(attempt=attempt, at=at)


def waiting(attempt: Attempt) -> Response:
    return attempt.responses.select_related("item_version", "attempt").get(item_version__type__in=["essay", "upload"])


def give(mark: Mark, first: int, second: int, at: datetime, **more: str) -> Mark:
    """Marks by the points of both criteria of RUBRIC."""
    rubric = services.rubric_of(Response.objects.select_related("item_version").get(pk=mark.response_id))
    given = [
        services.Given(criterion=one.id, points=Decimal(points), comment=more.get("each", ""))
        for one, points in zip(rubric.criteria, (first, second), strict=True)
    ]
    return services.give_marks(mark=mark, given=given, comment=more.get("comment", ""), at=at)


def mark_by(person: User, first: int, second: int, at: datetime, **more: str) -> Mark:
    return give(services.take_answer(grader=person, at=at), first, second, at, **more)
