"""The alignment checklist: each side answers for itself, and every red flag names the answers that made it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import AuditEntry, User
from lms.common.guards import UnsafeInput
from lms.partners import services
from lms.partners.alignment import (
    STALE_AFTER,
    Gravity,
    Question,
    Verdict,
    current_questions,
    flag_of,
    flags,
    wording,
)
from lms.partners.models import AlignmentAnswer
from lms.partners.sides import Function, Side
from tests.partners.conftest import House, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
NAMES = {Side.VENDOR: "Halden", Side.PARTNER: "Aster"}
GOALS = current_questions()["goals"]


@dataclass(frozen=True)
class Said:
    """An answer in memory."""

    side: str = "vendor"
    verdict: str = "aligned"
    answered_at: datetime = AT
    question: str = "goals"
    version: int = 1
    sentence: str = "So it is."


def flag(*answers: Said) -> Any:
    return flag_of(GOALS, {one.side: one for one in answers}, AT, NAMES)


def test_flag_says_which_answers_made_it() -> None:
    ours, theirs = Said(verdict="misfit"), Said(side="partner")
    assert (flag(ours, theirs).because, flag(ours, theirs).title) == ((ours,), "Halden sees a misfit")
    both = (ours, Said(side="partner", verdict="misfit"))
    assert (flag(*both).because, flag(*both).title) == (both, "Both of us see a misfit")
    differ = (Said(verdict="unsure"), theirs)
    assert (flag(*differ).gravity, flag(*differ).because) == (Gravity.DIFFERENT, differ)


def test_answers_grow_old_and_words_change() -> None:
    old, fresh = Said(answered_at=AT - STALE_AFTER - timedelta(seconds=1)), Said(side="partner")
    assert flag(Said(answered_at=AT - STALE_AFTER), fresh) is None
    assert (flag(old, fresh).because, flag(old, fresh).next_step) == ((old,), "Halden answers again.")
    assert flag(old).title == "Answered more than six months ago"
    both = (old, Said(side="partner", version=0))
    assert (flag(*both).title, flag(*both).next_step) == ("The question has changed since", "Both answer again.")


def test_open_and_agreed_questions_raise_no_flag() -> None:
    assert flag() is None
    assert flag(Said(), Said(side="partner")) is None
    assert flag(Said(verdict="unsure"), Said(side="partner", verdict="unsure")) is None


def test_gravest_flag_comes_first_and_forgotten_questions_raise_none() -> None:
    answers = [
        Said(question="products", answered_at=AT - 2 * STALE_AFTER),
        Said(question="goals", verdict="unsure"),
        Said(question="goals", side="partner"),
        Said(question="territories", verdict="misfit"),
        Said(question="weather", verdict="misfit"),
    ]
    found = flags(answers, AT, NAMES)
    assert [(one.question.slug, one.gravity) for one in found] == [
        ("territories", Gravity.MISFIT),
        ("goals", Gravity.DIFFERENT),
        ("products", Gravity.STALE),
    ]


def test_newest_wording_is_asked_and_earlier_ones_stay_readable() -> None:
    one, two = (Question(slug="goals", version=n, topic="Goals", words=f"Words {n}") for n in (1, 2))
    assert current_questions([two, one]) == {"goals": two}
    assert wording("goals", 1) == GOALS
    assert (wording("sales-days", 9).topic, wording("sales-days", 9).words) == ("Sales days", "")


def say(house: House, by: User, at: datetime, **other: Any) -> AlignmentAnswer:
    words = {"question": "goals", "version": 1, "verdict": Verdict.ALIGNED, "sentence": "So it is."} | other
    return services.answer_alignment(partner=house.partner, by=by, at=at, **words)


def test_each_side_answers_for_itself(a: House, b: House, channel_manager: User, now: datetime) -> None:
    assert [say(a, by, now).side for by in (channel_manager, a.manager.person)] == ["vendor", "partner"]
    for stranger in (a.rep.person, b.manager.person):
        with pytest.raises(services.NotYourSide):
            say(a, stranger, now)
    for other in ({"question": "weather"}, {"version": 2}):
        with pytest.raises(services.UnknownQuestion):
            say(a, channel_manager, now, **other)
    for sentence in (" ", "x" * 301):
        with pytest.raises(UnsafeInput):
            say(a, channel_manager, now, sentence=sentence)
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    with pytest.raises(services.PartnerSuspended):
        say(a, channel_manager, now)


def test_same_answer_counts_once_a_day_and_anew_on_another(a: House, now: datetime) -> None:
    by = a.manager.person
    first = say(a, by, now)
    assert say(a, by, now + timedelta(minutes=1)) == first
    again = say(a, by, now + DAY)
    changed = say(a, by, now + DAY, verdict=Verdict.MISFIT)
    first.refresh_from_db()
    assert (first.replaced_at, list(AlignmentAnswer.objects.in_force())) == (now + DAY, [changed])
    assert AuditEntry.objects.filter(action="partners.answer_alignment").count() == 3
    assert (again.topic, again.words) == (GOALS.topic, GOALS.words)


def test_red_flags_are_of_their_partner(a: House, b: House, channel_manager: User, now: datetime) -> None:
    say(a, a.manager.person, now, verdict=Verdict.MISFIT)
    say(b, channel_manager, now)
    found = services.red_flags([a.partner, b.partner], now)
    assert {pk: [one.title for one in some] for pk, some in found.items()} == {a.partner.pk: ["Aster sees a misfit"]}


@pytest.mark.parametrize("broken", [{"sentence": ""}, {"replaced_at": AT - 999 * DAY}])
def test_database_refuses(a: House, now: datetime, broken: dict[str, Any]) -> None:
    given = say(a, a.manager.person, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        AlignmentAnswer.objects.filter(pk=given.pk).update(**broken)
    given.pk, given.public_id = None, a.partner.public_id
    with pytest.raises(IntegrityError), transaction.atomic():
        given.save(force_insert=True)


def url(house: House, view: str = "alignment", *args: str) -> str:
    return reverse(f"partners:{view}", args=[house.partner.public_id, *args])


def test_checklist_is_answered_on_its_page(a: House, b: House, channel_manager: User) -> None:
    manager, channel = signed_in(a.manager.person), signed_in(channel_manager)
    data = {"version": "1", "verdict": "misfit", "sentence": "They sell <b>direct</b>"}
    for _ in range(2):
        response = manager.post(url(a, "alignment_answer", "sales-forces"), data)
    assert response.url == f"{url(a)}#sales-forces"
    channel.post(url(a, "alignment_answer", "sales-forces"), data | {"verdict": "aligned"})
    text = channel.get(url(a)).content.decode()
    assert ("1 red flag" in text, "Aster sees a misfit" in text, "<b>direct" in text) == (True, True, False)
    assert text.index("Sales forces") < text.index("Goals")
    refused = manager.post(url(a, "alignment_answer", "goals"), {"version": "1", "verdict": "fine", "sentence": ""})
    assert (refused.status_code, AlignmentAnswer.objects.count()) == (400, 2)
    manager.post(url(a, "alignment_answer", "goals"), data | {"version": "2"})
    assert (AlignmentAnswer.objects.count(), "has changed" in manager.get(url(a)).content.decode()) == (2, True)
    assert manager.post(url(a, "alignment_answer", "weather"), data).status_code == 404
    assert signed_in(a.rep.person).get(url(a)).status_code == 403
    assert signed_in(b.manager.person).get(url(a)).status_code == 404


def test_earlier_answers_and_a_suspended_partner(a: House, channel_manager: User) -> None:
    now = timezone.now()
    say(a, channel_manager, now - DAY, sentence="At first")
    say(a, channel_manager, now, sentence="By now")
    channel = signed_in(channel_manager)
    assert "At first" in channel.get(url(a)).content.decode().split("What we said before")[1]
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    assert "Save the answer" not in channel.get(url(a)).content.decode()


@pytest.mark.parametrize("several", [1, 3])
def test_pages_take_the_same_queries(
    a: House, channel_manager: User, several: int, django_assert_num_queries: Any
) -> None:
    now, manager = timezone.now(), a.manager.person
    for number in range(several):
        say(a, manager, now - number * DAY, question=list(current_questions())[number])
        say(a, manager, now, question="goals", sentence=f"Number {number}")
        services.name_counterpart(
            partner=a.partner, side=Side.PARTNER, function=list(Function)[number], person=manager, by=manager, at=now
        )
        services.name_counterpart(
            partner=a.partner,
            side=Side.VENDOR,
            function=list(Function)[number],
            person=channel_manager,
            by=channel_manager,
            at=now,
        )
    client = signed_in(manager)
    for view, count in (("contacts", 9), ("alignment", 8)):
        client.get(url(a, view))
        with django_assert_num_queries(count):
            client.get(url(a, view))
