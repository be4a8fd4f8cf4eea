"""Saving answers: versions, replays, deadlines, tampering."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from lms.assessments import services
from lms.assessments.errors import AttemptOver, BadVersion, NewerAnswer, NoSuchItem
from lms.assessments.items import AnswerRefused
from lms.assessments.models import Attempt, Response
from lms.common.errors import DomainError
from tests.assessments.factories import right_answer, save, start, token, wrong_answer

SECOND = timedelta(seconds=1)


def stored(attempt: Attempt, position: int = 1) -> Response:
    return attempt.responses.select_related("item_version").get(position=position)


@pytest.mark.django_db
def test_save_stores_option_ids_not_tokens(attempt: Attempt, now: datetime) -> None:
    response = stored(attempt)
    shown = token(response, "Right")
    saved = save(attempt, 1, shown, now)
    assert saved.answer == response.loaded_shown.tokens[shown] != shown
    assert stored(attempt).answer == saved.answer


def test_save_newer_version_wins_in_any_order(attempt: Attempt, now: datetime) -> None:
    """EXAM-18: the newest wins, the older is refused and told."""
    newest, older = (token(stored(attempt), text) for text in ("Right", "Wrong"))
    save(attempt, 1, newest, now, version=5)
    with pytest.raises(NewerAnswer) as refusal:
        save(attempt, 1, older, now + SECOND, version=4)
    assert refusal.value.version == 5
    with pytest.raises(NewerAnswer):
        save(attempt, 1, older, now + SECOND, version=5)
    assert stored(attempt).version == 5
    assert stored(attempt).saved_at == now


def test_save_replayed_is_harmless(attempt: Attempt, now: datetime) -> None:
    """EXAM-19: the same save again changes nothing and succeeds."""
    nonce, answer = uuid4(), token(stored(attempt), "Right")
    arguments = {"attempt": attempt, "position": 1, "answer": answer, "version": 3, "nonce": nonce}
    first = services.save_response(**arguments, at=now)
    again = services.save_response(**arguments, at=now + SECOND)
    assert (again.version, again.saved_at) == (first.version, now)
    with pytest.raises(NewerAnswer):
        services.save_response(**{**arguments, "nonce": uuid4()}, at=now + SECOND)


def test_save_of_an_empty_answer_takes_it_back(attempt: Attempt, now: datetime) -> None:
    save(attempt, 1, token(stored(attempt), "Right"), now, version=1)
    save(attempt, 1, None, now, version=2)
    assert stored(attempt).is_answered is False


@pytest.mark.parametrize("version", [0, -1, 2**63, 1_000_001, "1", 1.5, True, None])
def test_save_refuses_impossible_versions(attempt: Attempt, now: datetime, version: Any) -> None:
    """EXAM-19."""
    with pytest.raises(BadVersion):
        save(attempt, 1, None, now, version=version)
    assert stored(attempt).version == 0


def test_save_after_the_deadline_stores_nothing(attempt: Attempt, now: datetime) -> None:
    """EXAM-09."""
    answer = token(stored(attempt), "Right")
    with pytest.raises(AttemptOver):
        save(attempt, 1, answer, attempt.deadline_at + timedelta(microseconds=1))
    assert stored(attempt).answer is None
    assert save(attempt, 1, answer, attempt.deadline_at).answer is not None


def test_save_after_submitting_stores_nothing(attempt: Attempt, now: datetime) -> None:
    answer = token(stored(attempt), "Right")
    services.submit_attempt(attempt=attempt, at=now)
    with pytest.raises(AttemptOver):
        save(attempt, 1, answer, now)
    assert stored(attempt).answer is None


def test_save_that_waited_while_scoring_stores_nothing(attempt: Attempt, now: datetime) -> None:
    """The guard in the UPDATE itself: the attempt looked open when the save began."""
    answer = token(stored(attempt), "Right")
    attempt.responses.update(points=0)
    with pytest.raises(AttemptOver):
        save(attempt, 1, answer, now)
    attempt.responses.update(points=None)
    assert save(attempt, 1, answer, now).version == 1


def test_save_refuses_a_question_that_is_not_there(attempt: Attempt, now: datetime) -> None:
    with pytest.raises(NoSuchItem):
        save(attempt, 5, None, now)
    with pytest.raises(NoSuchItem):
        services.flag_response(attempt=attempt, position=5, is_flagged=True, at=now)


def test_save_takes_two_queries(attempt: Attempt, now: datetime, django_assert_num_queries) -> None:
    answer = token(stored(attempt), "Right")
    with django_assert_num_queries(2):
        save(attempt, 1, answer, now)


def test_flag_is_set_and_removed_until_the_deadline(attempt: Attempt, now: datetime) -> None:
    services.flag_response(attempt=attempt, position=2, is_flagged=True, at=now)
    assert stored(attempt, 2).is_flagged is True
    services.flag_response(attempt=attempt, position=2, is_flagged=False, at=now)
    assert stored(attempt, 2).is_flagged is False
    with pytest.raises(AttemptOver):
        services.flag_response(attempt=attempt, position=2, is_flagged=True, at=attempt.deadline_at + SECOND)
    services.submit_attempt(attempt=attempt, at=now)
    with pytest.raises(AttemptOver):
        services.flag_response(attempt=attempt, position=2, is_flagged=True, at=now)


TAMPERED: list[Any] = [
    ["a", "b"],
    {"a": "b"},
    "no-such-token",
    5,
    1e308,
    True,
    "x" * 100_000,
    [["a"]],
    [None],
    ["a"] * 10_000,
    {"a": {"b": "c"}},
    {f"t{number}": "x" for number in range(5000)},
    "\x00",
    "\ud800",
]


@pytest.mark.parametrize("answer", TAMPERED, ids=lambda answer: repr(answer)[:30])
def test_save_refuses_tampered_answers(full_exam, member, now: datetime, answer: Any) -> None:
    """EXAM-30: refused or taken as what it says; never a score outside 0..max, never a crash."""
    attempt = start(full_exam, member, now)
    for response in attempt.responses.select_related("item_version"):
        try:
            save(attempt, response.position, answer, now)
        except DomainError as error:
            assert error.status == 400
            assert "Nothing was saved" in error.message or error.code == "unsafe_input"
        else:
            assert response.item_version.type in {"numeric", "short_answer"}
    done = services.submit_attempt(attempt=attempt, at=now)
    assert 0 <= done.points <= done.max_points


def test_save_refuses_options_of_another_question(full_exam, member, now: datetime) -> None:
    """EXAM-30: a token holds for one question of one attempt."""
    attempt = start(full_exam, member, now)
    responses = {one.item_version.type: one for one in attempt.responses.select_related("item_version")}
    foreign = token(responses["choice"], "Right")
    own = token(responses["choices"], "A")
    for answer in ([foreign], [own, own], [own, foreign]):
        with pytest.raises(AnswerRefused):
            save(attempt, responses["choices"].position, answer, now)
    matching = responses["matching"]
    paris, france = token(matching, "Paris"), token(matching, "France")
    for answer in ({france: paris}, {paris: paris}, {paris: foreign}):
        with pytest.raises(AnswerRefused):
            save(attempt, matching.position, answer, now)
    ordering = responses["ordering"]
    first, second = token(ordering, "first"), token(ordering, "second")
    for answer in ([first], [first, first, second], [first, second, foreign]):
        with pytest.raises(AnswerRefused):
            save(attempt, ordering.position, answer, now)


def test_every_type_scores_right_and_wrong(full_exam, member, other, now: datetime) -> None:
    for person, answer_of, points in ((member, right_answer, 1), (other, wrong_answer, 0)):
        attempt = start(full_exam, person, now)
        for response in attempt.responses.select_related("item_version"):
            save(attempt, response.position, answer_of(response), now)
        services.submit_attempt(attempt=attempt, at=now)
        scored = {one.item_version.type: one.points for one in attempt.responses.select_related("item_version")}
        assert scored == dict.fromkeys(scored, points)
        assert len(scored) == 10
