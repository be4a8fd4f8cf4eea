"""Fetching: in order, resumed, each once, under a trust of its own."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from lms.xapi import services, tasks
from lms.xapi.errors import InvalidCredential
from lms.xapi.models import Authority, DeadLetter, PullSource, Statement
from lms.xapi.services import platform_authority, pulling, record
from lms.xapi.timestamps import format_timestamp
from tests.xapi.exchange.peer import _Handler
from tests.xapi.factories import statement, voiding

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(peer, now):
    """Puts statements into the other store, a minute apart and long ago."""
    peer.consistent_through = format_timestamp(now)

    def make(*statements, stored=None):
        for one in statements:
            at = stored or now - timedelta(days=1) + timedelta(minutes=len(peer.listed))
            peer.listed.append({"id": str(uuid4()), "stored": format_timestamp(at), **one})
        return [one["id"] for one in peer.listed[-len(statements) :]]

    return make


def run(source, at):
    source.refresh_from_db()
    return services.pull_statements(source=source, at=at)


def stored():
    return [str(one) for one in Statement.objects.order_by("stored_at", "id").values_list("statement_id", flat=True)]


def test_statements_are_fetched_in_order_page_by_page_and_once(offer, peer, make_source, now):
    source = make_source()
    ids = offer(*[statement() for _ in range(5)])
    result = run(source, now)
    assert (result.fetched, result.refused, result.is_done, result.problem) == (5, 0, True, "")
    assert stored() == ids
    more = offer(statement())
    assert run(source, now + timedelta(minutes=1)).fetched == 1
    assert stored() == ids + more
    assert run(source, now + timedelta(minutes=2)).fetched == 0
    queries = [path for _, path, _ in peer.requests]
    assert queries[0] == "/xapi/statements?ascending=true&limit=100"
    assert f"since={peer.listed[4]['stored'].replace(':', '%3A')}" in queries[3]


def test_what_a_source_says_is_as_trusted_as_its_authority(offer, make_source, now):
    offer(statement(authority={"objectType": "Agent", "mbox": "mailto:the@ministry.example"}))
    run(make_source(), now)
    one = Statement.objects.get()
    assert (one.authority.name, one.authority.is_trusted) == ("Old store", False)
    assert json.loads(one.body)["authority"] == one.authority.agent
    make_source(name="Trusted", is_trusted=True)
    assert Authority.objects.get(name="Trusted").is_trusted


def test_source_cannot_speak_for_the_platform(make_source):
    platform_authority()
    with pytest.raises(InvalidCredential):
        make_source(authority="Platform")
    assert not PullSource.objects.exists()


def test_source_voids_its_own_statements_and_no_others(offer, make_source, now):
    (ours,) = record([statement()], authority=platform_authority(), at=now)
    (theirs,) = offer(statement())
    (fine,) = offer(voiding(theirs))
    offer(voiding(ours))
    result = run(make_source(), now)
    assert (result.fetched, result.refused) == (2, 1)
    assert str(Statement.objects.get(statement_id=theirs).voided_by) == fine
    assert Statement.objects.get(statement_id=ours).voided_by is None
    assert "only that one may void it" in DeadLetter.objects.get().reason


def test_invalid_and_conflicting_statements_become_dead_letters_and_block_nobody(offer, make_source, now, peer):
    peer.page = 10
    (taken,) = record([statement(result={"response": "ours"})], authority=platform_authority(), at=now)
    fine = offer(statement())
    offer(statement(verb={"id": "no iri"}), statement(id=str(taken)), statement(id="7"))
    fine += offer(statement())
    result = run(make_source(), now)
    assert (result.fetched, result.refused) == (2, 3)
    assert set(stored()) == {*fine, str(taken)}
    letters = {letter.reason[:12]: letter for letter in DeadLetter.objects.all()}
    assert set(letters) == {"/verb/id: is", "Another stat", "/id: is not "}
    assert json.loads(letters["/verb/id: is"].body)["verb"] == {"id": "no iri"}
    assert letters["Another stat"].statement_id == taken


@pytest.mark.parametrize("text", ['{"actor":"\\u0000"}', "7", '{"id":1e999}', '{"a":1,"a":2}', "[" * 300 + "]" * 300])
def test_unreadable_statement_among_readable_ones_is_told_apart(offer, make_source, now, peer, text):
    offer(statement())
    peer.raw = f'{{"statements":[{text},{json.dumps(peer.listed[0])}],"more":""}}'
    result = run(make_source(), now)
    assert (result.fetched, result.refused) == (1, 1)
    assert run(PullSource.objects.get(), now).fetched == 1
    assert DeadLetter.objects.count() == 1


def test_statement_without_an_id_is_refused(make_source, now, peer):
    peer.raw = json.dumps({"statements": [statement()], "more": ""})
    assert run(make_source(), now).refused == 1


@pytest.mark.parametrize("raw", ["<html>", "[]", '{"statements":7}', '{"statements":[],"more":7}'])
def test_answer_that_is_not_xapi_is_a_failure(make_source, now, peer, raw):
    peer.raw = raw
    result = run(make_source(), now)
    assert "not xAPI" in result.problem
    assert PullSource.objects.get().failures == 1


@pytest.mark.parametrize("more", ["http://169.254.169.254/xapi/more", "https://other.example/x", "//other.example/x"])
def test_next_page_on_another_host_is_not_fetched(offer, make_source, now, peer, more):
    """SSRF-01."""
    offer(statement())
    peer.more = more
    assert "another host" in run(make_source(), now).problem
    assert len(peer.requests) == 1


def test_list_in_a_circle_is_given_up(offer, make_source, now, peer):
    offer(statement())
    peer.more = "/xapi/statements?since=&from=0"
    assert "circle" in run(make_source(), now).problem


def test_last_minute_is_read_again(offer, peer, make_source, now):
    """A writer of the other store with an earlier stored time may commit after we looked."""
    source = make_source()
    offer(statement(), stored=now - timedelta(seconds=10))
    run(source, now)
    late = offer(statement(), stored=now - timedelta(seconds=20))
    peer.listed.sort(key=lambda one: one["stored"])
    peer.consistent_through = format_timestamp(now + timedelta(minutes=5))
    run(source, now)
    assert late[0] in stored()
    source.refresh_from_db()
    assert source.since == format_timestamp(now - timedelta(seconds=10))
    assert run(source, now).fetched == 0


def test_own_clock_serves_where_the_other_store_tells_none(offer, peer, make_source, now):
    peer.consistent_through = ""
    offer(statement(), stored=now)
    source = make_source()
    run(source, now)
    source.refresh_from_db()
    assert source.since < format_timestamp(now - timedelta(seconds=59))
    run(source, now)
    assert len(stored()) == 1
    before = source.since
    source.refresh_from_db()
    assert source.since >= before


def test_statements_without_a_stored_time_leave_the_place_where_it_was(peer, make_source, now):
    peer.raw = json.dumps({"statements": [statement(id=str(uuid4()))], "more": None})
    source = make_source(since=now)
    assert run(source, now).fetched == 1
    source.refresh_from_db()
    assert source.since == "2026-11-16T09:00:00Z"


def test_run_that_died_in_a_list_goes_on_behind_the_last_page(offer, peer, make_source, now, monkeypatch):
    source = make_source()
    ids = offer(*[statement() for _ in range(5)])
    sort_out, pages = pulling._sorted_out, []

    def die_at_the_third(*more):
        pages.append(more)
        if len(pages) == 3:
            raise SystemExit
        return sort_out(*more)

    monkeypatch.setattr(pulling, "_sorted_out", die_at_the_third)
    with pytest.raises(SystemExit):
        run(source, now)
    monkeypatch.undo()
    peer.requests.clear()
    assert run(source, now + timedelta(minutes=1)).fetched == 1
    assert [path for _, path, _ in peer.requests] == ["/xapi/statements?since=&from=4"]
    assert stored() == ids


def test_source_that_fails_is_tried_again_later(offer, peer, make_source, now):
    source = make_source()
    offer(statement())
    peer.fail = (503, {"Retry-After": "90"})
    assert "503" in run(source, now).problem
    assert "waits for its next try" in run(source, now).problem
    peer.fail = None
    assert run(source, now + timedelta(seconds=100)).fetched == 1


def test_beat_fetches_from_all_that_are_due(offer, make_source):
    make_source(name="Broken", address="http://127.0.0.1:9/xapi/")
    make_source(name="Sound")
    offer(statement())
    assert tasks.pull_statements() == 1
    assert PullSource.objects.get(name="Broken").failures == 1


def test_fetched_twice_under_two_names_is_stored_once(offer, make_source, now):
    (one,) = offer(statement())
    run(make_source(), now)
    run(make_source(name="Again"), now)
    assert (stored(), Statement.objects.get(statement_id=UUID(one)).authority.name) == ([one], "Old store")


def test_own_statements_that_come_back_are_known(offer, make_source, now):
    """Said without a timestamp, they come back with the one that we gave them."""
    (ours,) = record([statement()], authority=platform_authority(), at=now)
    back = json.loads(Statement.objects.get().body)
    offer({name: back[name] for name in back if name not in {"stored", "authority"}})
    result = run(make_source(), now)
    assert (result.fetched, result.refused, Statement.objects.count()) == (1, 0, 1)
    assert Statement.objects.get().statement_id == ours


ATTACHED = {
    "usageType": "https://x.example/usage",
    "display": {"en": "A plan"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "a" * 64,
}


def test_statement_whose_file_does_not_come_is_refused_and_blocks_nobody(offer, peer, make_source, now):
    peer.page = 10
    offer(statement(attachments=[ATTACHED]))
    fine = offer(statement(attachments=[ATTACHED | {"fileUrl": "https://x.example/plan.txt"}]))
    result = run(make_source(), now)
    assert (result.fetched, result.refused, stored()) == (1, 1, fine)
    assert "no data for it was sent" in DeadLetter.objects.get().reason


def test_statement_that_is_gone_when_its_file_is_asked_for_is_a_failure(offer, peer, make_source, now, monkeypatch):
    offer(statement(attachments=[ATTACHED]))
    listed = _Handler._list

    def gone(handler):
        if "statementId" in handler.path:
            return handler._answer(404, {"detail": "no such statement"})
        return listed(handler)

    monkeypatch.setattr(_Handler, "_list", gone)
    assert "404: no such statement" in run(make_source(), now).problem
