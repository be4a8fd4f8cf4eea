"""A target that fails at one statement each time, and how it gets past it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError

from lms.accounts.models import AuditEntry
from lms.xapi.errors import InvalidPeer
from lms.xapi.models import DeadLetter
from lms.xapi.services import pause_peer, platform_authority, record, skip_failing
from lms.xapi.services.skipping import BY_HAND
from tests.xapi.exchange.test_forwarding import run
from tests.xapi.exchange.test_peer_commands import xapi
from tests.xapi.factories import statement

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(now):
    return [str(one) for one in record([statement() for _ in range(5)], authority=platform_authority(), at=now)]


@pytest.fixture
def target(make_target, now, ids):
    return make_target(since=now - timedelta(days=1))


def letters():
    return dict(DeadLetter.objects.values_list("statement_id", "reason"))


def test_the_statement_at_which_it_fails_is_found_and_skipped(target, ids, peer, now):
    peer.refuse = lambda one: 500 if one["id"] == ids[2] else 0
    assert run(target, now).problem
    result = skip_failing(target=target, at=now)
    assert (result.sent, result.refused, result.problem) == (4, 1, "")
    assert peer.arrived == [ids[0], ids[1], ids[3], ids[4]]
    assert list(letters()) == [UUID(ids[2])]
    assert "500" in letters()[UUID(ids[2])]
    entry = AuditEntry.objects.get(action="xapi.skip_statements")
    assert entry.detail == {"name": target.name, "statements": 1}
    later = [str(one) for one in record([statement()], authority=platform_authority(), at=now)]
    assert run(target, now).sent == 1
    assert peer.arrived[4:] == later


def test_a_refused_statement_is_buried_on_the_way(target, ids, peer, now):
    peer.refuse = lambda one: {ids[1]: 400, ids[2]: 500}.get(one["id"], 0)
    assert skip_failing(target=target, at=now).refused == 2


def test_a_target_that_fails_at_all_of_them_loses_nothing(target, ids, peer, now):
    peer.refuse = lambda _: 500
    result = skip_failing(target=target, at=now)
    assert result.problem.startswith("It fails at every statement, so it is not one of them.")
    assert letters() == {}
    peer.refuse = lambda _: 0
    run(target, now)
    assert peer.arrived == ids


def test_a_target_that_does_not_answer_loses_nothing(target, ids, peer, now):
    peer.fail = (503, {})
    assert "503" in skip_failing(target=target, at=now).problem
    target.refresh_from_db()
    assert (target.failures, letters()) == (1, {})


def test_one_can_be_named_and_is_not_even_tried(target, ids, peer, now):
    result = skip_failing(target=target, at=now, statement_id=UUID(ids[0]))
    assert (result.sent, result.refused) == (4, 1)
    assert peer.arrived == ids[1:]
    assert letters() == {UUID(ids[0]): BY_HAND}
    with pytest.raises(InvalidPeer, match="is not in the next batch"):
        skip_failing(target=target, at=now, statement_id=uuid4())


def test_nothing_to_send_is_nothing_to_skip(make_target, now):
    result = skip_failing(target=make_target(), at=now)
    assert (result.sent, result.refused, result.is_done) == (0, 0, True)


def test_a_paused_target_is_left_alone(target, ids, peer, now):
    pause_peer(peer=target, at=now)
    assert skip_failing(target=target, at=now).problem == "It is paused, or another worker is at it."
    assert peer.requests == []


def test_nothing_is_skipped_while_somebody_stores_at_length(target, ids, peer, now, monkeypatch):
    monkeypatch.setattr("lms.xapi.services.skipping.settled_through", lambda: None)
    assert skip_failing(target=target, at=now).is_done
    assert peer.arrived == []


def test_command_says_what_it_skipped(target, ids, peer):
    peer.refuse = lambda one: 500 if one["id"] == ids[0] else 0
    words = xapi("forward", "skip", target.name)
    assert words == "1 skipped, 4 sent. `forward dead` lists what was skipped.\n"
    peer.fail = (503, {})
    with pytest.raises(CommandError, match="Nothing was skipped"):
        xapi("forward", "skip", target.name)
