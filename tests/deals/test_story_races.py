"""Two at once about a story and about weights, on PostgreSQL."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.utils import timezone

from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.models import StageWeights, WinStory
from tests.deals.factories import head_of_channel, house
from tests.deals.stories import judge, step, tell, won, words

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
WEIGHTS = {"waiting": 20, "asked": 10, "contested": 5, "protected": 50}


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def at_once(*acts: Callable[[], object]) -> list[str]:
    """The codes of what was refused."""
    start, refused = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        start.wait(30)
        try:
            act()
        except DomainError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return refused


def test_of_two_who_begin_a_story_one_does(now: datetime) -> None:
    rep = house()
    deal = won(rep, now)
    refused = at_once(
        *(
            lambda text=text: services.begin_story(deal=deal, words=words(now, done=text), by=rep.person, at=now)
            for text in ("One", "Two")
        )
    )
    assert (refused, WinStory.objects.count()) == (["illegal_move"], 1)


def test_a_permission_that_ends_while_it_is_published_wins(now: datetime) -> None:
    rep, chloe = house(), judge()
    story = step(tell(rep, now), "submit", rep.person, now)
    refused = at_once(
        lambda: step(story, "publish", chloe, now), lambda: step(story, "revoke", rep.person, now, text="They called")
    )
    story.refresh_from_db()
    assert (story.state, refused in ([], ["illegal_move"])) == ("revoked", True)
    assert list(story.entries.values_list("number", flat=True).order_by("number")) == list(
        range(1, story.entries.count() + 1)
    )


def test_of_two_first_weights_the_second_is_told(now: datetime) -> None:
    people = head_of_channel("Uma"), head_of_channel("Vera")
    refused = at_once(
        *(lambda by=by: services.set_weights(weights=WEIGHTS, reason=by.name, by=by, at=now, seen="") for by in people)
    )
    assert (refused, StageWeights.objects.count()) == (["weights_overtaken"], 1)
