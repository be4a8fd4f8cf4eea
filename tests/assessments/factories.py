"""Banks, items and exams for tests. Attempts are made by the services."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from PIL import Image

from lms.accounts.models import User
from lms.assessments import items, services
from lms.assessments.formats import Medium, Meta
from lms.assessments.formats.media import sniff
from lms.assessments.items import builders
from lms.assessments.items.builders import Gap, ItemFields
from lms.assessments.models import Assessment, Attempt, ItemBank, ItemVersion, Response
from lms.assessments.services.scoring import total_up
from lms.assessments.services.tallies import change_tallies
from lms.partners.models import Membership
from tests.factories import UserFactory

MADE_AT = datetime(2026, 11, 1, tzinfo=UTC)
ONE, ZERO = Decimal(1), Decimal(0)
# In every key, and in nothing else: a page that shows it has shown a key.
SENTINEL = "sentinel-of-the-key"


def picture(colour: str = "red") -> Medium:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
    found = sniff(buffer.getvalue())
    assert found
    return found


PICTURE = picture()


def choice(number: int = 1, **kwargs: Any) -> ItemFields:
    options = [("Right", ONE, f"{SENTINEL} right"), ("Half", Decimal("0.5"), ""), ("Wrong", ZERO, f"{SENTINEL} wrong")]
    return builders.choice(f"Question {number}", options, general=f"{SENTINEL} general", **kwargs)


def one_of_each() -> list[ItemFields]:
    """One item per type; the sentinel is in each key."""
    return [
        choice(),
        builders.choice(
            "Which two?",
            [("A", Decimal("0.5"), ""), ("B", Decimal("0.5"), ""), ("C", Decimal("-0.5"), ""), ("D", ZERO, "")],
            general=SENTINEL,
            is_multiple=True,
        ),
        builders.true_false("It is so.", True, feedback={"false": SENTINEL}, general=SENTINEL),
        builders.matching("Match", [("Paris", "France"), ("Rome", "Italy")], distractors=["Spain"], general=SENTINEL),
        builders.ordering("Order", ["first", "second", "third"], general=SENTINEL),
        builders.numeric("How many?", [(Decimal("9.5"), Decimal("10.5"), ONE, SENTINEL)], general=SENTINEL),
        builders.short_answer("Which rule?", [("Site Silent", ONE, SENTINEL), ("silent*", Decimal("0.5"), "")]),
        builders.cloze(
            "Water boils at [[g1]] degrees, [[g2]] at nought; [[g3]] is [[g4]].",
            [
                Gap(kind="number", numbers=[builders.number(Decimal(100), Decimal(100), ONE, SENTINEL)]),
                Gap(kind="text", texts=[builders.pattern("freez*", ONE, SENTINEL)]),
                Gap(kind="choice", options=[("Ice", ONE, ""), ("Steam", ZERO, SENTINEL)]),
                Gap(kind="pool", options=[("hard", ONE, "")]),
            ],
            pool=["hard", "soft"],
            general=SENTINEL,
        ),
        hotspot(),
        hotspot(is_multiple=True),
    ]


def hotspot(*, is_multiple: bool = False) -> ItemFields:
    """An image with three regions; the file is kept when the bank is made."""
    regions = [
        ("circle", (10, 10, 5), "North", ONE, SENTINEL),
        ("rect", (20, 20, 30, 30), "", ZERO, ""),
        ("poly", (0, 20, 9, 20, 9, 29), "", ZERO, ""),
    ]
    image = {"source": f"media:{PICTURE.digest}", "alt": "A map", "width": 40, "height": 30}
    return builders.hotspot("Where?", image, regions, general=SENTINEL, is_multiple=is_multiple)


def make_bank(fields: list[ItemFields] | None = None, *, slug: str = "", topic: str = "") -> ItemBank:
    slug = slug or f"bank-{uuid4().hex[:8]}"
    bank = ItemBank.objects.create(slug=slug, name=slug)
    for number, one in enumerate(fields or [choice(number) for number in range(1, 5)], start=1):
        add(bank, one, code=f"item-{number}", topic=topic)
    return bank


def add(bank: ItemBank, fields: ItemFields, *, code: str, topic: str = "", is_live: bool = True) -> ItemVersion:
    return services.add_item_version(
        bank=bank, code=code, meta=Meta(topic=topic), by=None, at=MADE_AT, is_live=is_live, **fields
    )


def make_exam(bank: ItemBank | None = None, *, draw: int | None = None, **kwargs: Any) -> Assessment:
    bank = bank or make_bank()
    values = {
        "slug": f"exam-{uuid4().hex[:8]}",
        "title": "Engineer exam",
        "time_limit_minutes": 60,
        "attempts_allowed": 2,
        "wait_hours": 24,
        "grace_seconds": 0,
        "cut_score": Decimal(70),
        "opened_at": MADE_AT,
        **kwargs,
    }
    exam = Assessment.objects.create(**values)
    exam.sections.create(position=1, title="All", bank=bank, draw=draw or bank.items.count())
    return exam


def start(exam: Assessment, member: Membership, at: datetime, seed: int = 7) -> Attempt:
    return services.start_attempt(assessment=exam, person=member.person, membership=member, at=at, rng=Random(seed))


def token(response: Response, text: str) -> str:
    """The token under which an option or prompt with these words was shown."""
    question = response.question
    inside = [option for part in question.parts for option in part.options]
    return next(line.token for line in [*question.options, *question.prompts, *inside] if line.text == text)


def right_answer(response: Response) -> Any:
    """What a candidate who knows everything posts."""
    version = response.item_version
    key, by_id = version.key, {name: shown for shown, name in response.loaded_shown.tokens.items()}
    match version.type:
        case "choice":
            return next(by_id[name] for name, weight in key["weights"].items() if Decimal(weight) == 1)
        case "choices":
            return [by_id[name] for name, weight in key["weights"].items() if Decimal(weight) > 0]
        case "true_false":
            return by_id["true" if key["answer"] else "false"]
        case "matching":
            return {by_id[prompt]: by_id[option] for prompt, option in key["pairs"].items()}
        case "ordering":
            return [by_id[name] for name in key["sequence"]]
        case "numeric":
            return key["answers"][0]["low"]
        case "cloze":
            right = {"g1": "100", "g2": "freezes", "g3": token(response, "Ice"), "g4": token(response, "hard")}
            return {by_id[gap]: value for gap, value in right.items()}
        case "hotspot":
            return next(by_id[name] for name, weight in key["weights"].items() if weight == "1")
        case "hotspots":
            return [by_id[name] for name, weight in key["weights"].items() if weight == "1"]
        case _:
            return key["answers"][0]["pattern"]


def wrong_answer(response: Response) -> Any:
    """What a candidate who knows nothing posts, of the same shape."""
    right = right_answer(response)
    match response.item_version.type:
        case "choice":
            return token(response, "Wrong")
        case "choices":
            return [token(response, "C"), token(response, "D")]
        case "true_false":
            return token(response, "False" if response.item_version.key["answer"] else "True")
        case "matching":
            return {prompt: token(response, "Spain") for prompt in right}
        case "ordering":
            return [*right[1:], right[0]]
        case "numeric":
            return "0.5"
        case "cloze":
            return dict.fromkeys(list(right)[:2], "7")
        case "hotspot":
            return response.question.options[1].token
        case "hotspots":
            return [response.question.options[1].token]
        case _:
            return "Nothing at all"


def save(attempt: Attempt, position: int, answer: Any, at: datetime, version: int = 1) -> Response:
    return services.save_response(
        attempt=attempt, position=position, answer=answer, version=version, nonce=uuid4(), at=at
    )


def answer_all(attempt: Attempt, at: datetime, right: int | None = None) -> None:
    """Answers the first `right` items (all by default) rightly and the others wrongly."""
    for response in attempt.responses.select_related("item_version").order_by("position"):
        is_right = right is None or response.position <= right
        save(attempt, response.position, (right_answer if is_right else wrong_answer)(response), at)


def person_without_membership() -> User:
    return User.objects.create_user(f"{uuid4().hex}@halden.example", name="Nobody")


def vendor(group: str) -> User:
    """Somebody of the vendor who is in a group and may enter the admin."""
    found, _ = Group.objects.get_or_create(name=group)
    found.permissions.add(Permission.objects.get(codename="access_admin"))
    user = UserFactory()
    user.groups.add(found)
    return user


def scored(exam: Assessment, rows: Sequence[Mapping[str, str | None]], at: datetime) -> list[Attempt]:
    """First attempts of new people without a partner, scored and counted: what each answered, in words, by item code.

    Written straight to the tables, as the services would leave them: statistics need many.
    """
    newest = ItemVersion.objects.live().filter(item__bank__drawn_by__assessment=exam).select_related("item")
    versions = {version.item.code: version for version in newest.order_by("number")}
    people = User.objects.bulk_create(
        User(email=f"{uuid4().hex}@many.example", name=f"Candidate {number}") for number in range(len(rows))
    )
    attempts, responses = [], []
    for person, row in zip(people, rows, strict=True):
        attempt = Attempt(
            assessment=exam,
            person=person,
            number=1,
            registration=uuid4(),
            started_at=at,
            deadline_at=at + timedelta(hours=1),
            cut_score=exam.cut_score,
            submitted_at=at + timedelta(minutes=9),
            submitted_by=Attempt.SubmittedBy.CANDIDATE,
        )
        own = [_answered(attempt, versions[code], words, place) for place, (code, words) in enumerate(row.items(), 1)]
        total_up(attempt, own)
        attempts.append(attempt)
        responses += own
    Attempt.objects.bulk_create(attempts)
    Response.objects.bulk_create(responses)
    with transaction.atomic():
        change_tallies(exam, attempts, at=at)
    return attempts


def _answered(attempt: Attempt, version: ItemVersion, words: str | None, place: int) -> Response:
    options = {option["text"]: option["id"] for option in version.content["options"]}
    answer = None if words is None else options[words]
    return Response(
        attempt=attempt,
        item_version=version,
        position=place,
        section="All",
        shown={"order": [], "tokens": {}},
        answer=answer,
        saved_at=attempt.started_at + timedelta(seconds=30 * place),
        points=items.score(version.type, version.loaded_key, answer, ONE),
        max_points=ONE,
    )
