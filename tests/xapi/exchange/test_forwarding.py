"""Sending on: in order, all of it, each at least once, whatever the other side does."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from lms.accounts.models import AuditEntry
from lms.common.outgoing import ForbiddenAddress, Unreachable
from lms.common.peers import Lease
from lms.xapi import services, tasks, vocabulary
from lms.xapi.errors import InvalidPeer, InvalidStatement
from lms.xapi.models import DeadLetter, ForwardingTarget, Statement
from lms.xapi.remote import PeerFailure, for_sending
from lms.xapi.services import forwarding, peers, platform_authority, record
from tests.xapi.factories import AuthorityFactory, statement, voiding

pytestmark = pytest.mark.django_db


@pytest.fixture
def say(now):
    """Records statements by an authority of ours; the n-th call a minute after the one before."""
    calls = iter(range(1000))

    def make(*statements, authority=None):
        at = now + timedelta(minutes=next(calls))
        return [str(one) for one in record(statements, authority=authority or platform_authority(), at=at)]

    return make


def run(target, at):
    target.refresh_from_db()
    return services.forward_statements(target=target, at=at)


def test_statements_arrive_in_stored_order_and_once(say, peer, make_target, now):
    target = make_target()
    ids = say(*[statement() for _ in range(5)]) + say(*[statement() for _ in range(5)])
    first = run(target, now)
    assert (first.sent, first.refused, first.is_done, first.problem) == (10, 0, True, "")
    assert peer.arrived == ids
    again = run(target, now)
    assert (again.sent, again.is_done) == (0, True)
    assert peer.batches == [ids]
    later = say(statement())
    run(target, now)
    assert peer.arrived == ids + later


def test_only_what_comes_after_the_target_is_sent_unless_asked(say, peer, make_target, now):
    before = say(statement())
    run(make_target(), now)
    assert peer.arrived == []
    run(make_target(name="All", since=now - timedelta(days=1)), now)
    assert peer.arrived == before


def test_many_statements_go_in_batches_of_a_hundred_and_of_a_million_characters(say, peer, make_target, now):
    target = make_target()
    say(*[statement() for _ in range(250)])
    say(*[statement(result={"response": "x" * 600_000}) for _ in range(3)])
    assert run(target, now).sent == 253
    assert [len(batch) for batch in peer.batches] == [100, 100, 51, 1, 1]


def test_statement_goes_as_it_was_said_without_what_the_other_store_sets(say, peer, make_target, now):
    said = statement(result={"extensions": {"https://x.example/n": 1.0}}, timestamp="2026-01-01T00:00:00+02:00")
    (sent,) = say(said)
    run(make_target(since=now), now)
    assert peer.bodies[sent] == {"id": sent, **said}
    assert b'"https://x.example/n":1.0' in peer.requests[-1][2]
    head = peer.headers[-1]
    assert (head["X-Experience-API-Version"], head["Content-Type"]) == ("1.0.3", "application/json")
    assert head["Authorization"] == "Basic azpzM2NyZXQ="


@pytest.mark.parametrize(
    "context, left",
    [
        ({"extensions": {vocabulary.PERSONA_EXTENSION: "sales_rep"}}, None),
        (
            {
                "team": {"objectType": "Group", "mbox": "mailto:kestrel@x.example"},
                "extensions": {vocabulary.PERSONA_EXTENSION: "sales_rep", "https://x.example/e": 1},
                "platform": "Laurel",
            },
            {"platform": "Laurel", "extensions": {"https://x.example/e": 1}},
        ),
        ({"platform": "Laurel"}, {"platform": "Laurel"}),
    ],
)
def test_persona_and_team_stay_here_if_wanted(context, left):
    body = json.dumps(statement(context=context))
    sent = json.loads(for_sending(body, is_persona_free=True))
    assert sent.get("context") == left
    assert json.loads(for_sending(body, is_persona_free=False))["context"] == context


def test_filters_choose_by_verb_activity_authority_and_trust(say, peer, make_target, now):
    verb, thing = "https://x.example/verbs/sang", "https://x.example/songs/1"
    claims = AuthorityFactory()
    sung = say(statement(verb={"id": verb}))
    about = say(statement(object={"id": thing}))
    claimed = say(statement(), authority=claims)
    wanted = {"V": {"verbs": [verb]}, "A": {"activities": [thing]}, "C": {"authorities": [claims]}}
    for name, filters in (wanted | {"T": {"is_trusted_only": True}}).items():
        peer.arrived.clear()
        peer.bodies.clear()
        run(make_target(name=name, since=now, **filters), now)
        assert peer.arrived == {"V": sung, "A": about, "C": claimed, "T": sung + about}[name], name


def test_voiding_goes_where_its_target_went(say, peer, make_target, now):
    verb = "https://x.example/verbs/sang"
    (sung,) = say(statement(verb={"id": verb}))
    (other,) = say(statement())
    (void_sung,) = say(voiding(sung))
    say(voiding(other))
    run(make_target(since=now, verbs=[verb]), now)
    assert peer.arrived == [sung, void_sung]


@pytest.mark.parametrize("status", [400, 403, 409, 413])
def test_refused_statement_becomes_a_dead_letter_and_blocks_nobody(say, peer, make_target, now, status):
    target = make_target()
    ids = say(*[statement() for _ in range(11)])
    bad = {ids[3], ids[7]}
    peer.refuse = lambda one: status if one["id"] in bad else 0
    result = run(target, now)
    assert (result.sent, result.refused, result.is_done) == (9, 2, True)
    assert peer.arrived == [one for one in ids if one not in bad]
    letters = list(DeadLetter.objects.order_by("pk").values_list("statement_id", "reason"))
    assert letters == [(UUID(one), f"{status}: /{one}: not that one") for one in (ids[3], ids[7])]
    assert run(target, now).sent == 0


def test_dead_letters_are_sent_again_by_hand(say, peer, make_target, now):
    target = make_target()
    one, two = say(statement(), statement())
    peer.refuse = lambda _: 400
    run(target, now)
    peer.refuse = lambda found: 400 if found["id"] == two else 0
    result = services.retry_dead_letters(target=target, at=now)
    assert (result.sent, result.refused) == (1, 1)
    assert peer.arrived == [one]
    assert list(target.dead_letters.values_list("statement_id", flat=True)) == [UUID(two)]


def test_key_that_may_store_nothing_makes_no_dead_letters(say, peer, make_target, now):
    target = make_target()
    say(statement(), statement())
    peer.refuse = lambda _: 403
    result = run(target, now)
    assert "lets the key store nothing" in result.problem
    assert not DeadLetter.objects.exists()
    peer.refuse = lambda _: 0
    assert run(target, target.next_try_at + timedelta(hours=1)).sent == 2


@pytest.mark.parametrize(
    "status, headers, words",
    [
        (503, {}, "503"),
        (500, {}, "500"),
        (401, {}, "401"),
        (404, {}, "404"),
        (302, {"Location": "http://127.0.0.1/"}, "redirects"),
    ],
)
def test_target_that_fails_as_a_whole_is_tried_again_from_the_same_place(
    say, peer, make_target, now, status, headers, words
):
    target = make_target()
    ids = say(statement(), statement())
    peer.fail = (status, headers)
    result = run(target, now)
    assert words in result.problem
    target.refresh_from_db()
    assert (target.failures, words in target.last_error) == (1, True)
    assert timedelta(seconds=2) < target.next_try_at - now < timedelta(seconds=7)
    assert "waits for its next try" in run(target, now).problem
    peer.fail = None
    assert run(target, now + timedelta(seconds=10)).sent == 2
    target.refresh_from_db()
    assert (peer.arrived, target.failures, target.last_error) == (ids, 0, "")


def test_back_off_doubles_to_an_hour_with_a_random_part(say, peer, make_target, now):
    target = make_target()
    say(statement())
    peer.fail = (503, {})
    at, pauses = now, []
    for _ in range(13):
        run(target, at)
        target.refresh_from_db()
        pauses.append((target.next_try_at - at).total_seconds())
        at = target.next_try_at
    for count, pause in enumerate(pauses):
        most = min(5 * 2**count, 3600)
        assert most / 2 <= pause <= most + 5
    assert len({round(pause / min(5 * 2**count, 3600), 2) for count, pause in enumerate(pauses)}) > 5


@pytest.mark.parametrize("asked, waits", [("120", 120), ("999999", 3600), ("soon", 0), ("9" * 50, 0)])
def test_target_that_asks_for_a_pause_gets_it(say, peer, make_target, now, asked, waits):
    target = make_target()
    say(statement())
    peer.fail = (429, {"Retry-After": asked})
    run(target, now)
    target.refresh_from_db()
    assert waits <= (target.next_try_at - now).total_seconds() < max(waits, 5) + 5


def test_address_that_is_no_record_store_makes_no_dead_letters(say, peer, make_target, now):
    target = make_target(version="2.0.0")
    say(statement())
    peer.versions = ("1.0.3",)
    assert "does not speak xAPI 2.0.0" in run(target, now).problem
    assert (DeadLetter.objects.count(), peer.arrived) == (0, [])


def test_statements_outlive_a_target_that_is_not_there(say, make_target, now):
    target = make_target(address="http://127.0.0.1:9/xapi/")
    say(statement())
    assert "did not answer" in run(target, now).problem
    with pytest.raises(Unreachable):
        services.retry_dead_letters(target=target, at=now)


def test_target_inside_a_private_network_is_refused_at_the_connection(say, make_target, now, settings, peer):
    """SSRF-01."""
    target = make_target()
    say(statement())
    settings.OUTGOING_PRIVATE_NETWORKS = []
    assert "private network" in run(target, now).problem
    assert peer.requests == []


@pytest.mark.parametrize("address", ["file:///etc/passwd", "https://k:s@lrs.example.com/", "lrs"])
def test_target_with_an_address_of_a_wrong_form_is_refused(make_target, address):
    with pytest.raises(ForbiddenAddress):
        make_target(address=address)
    assert not ForwardingTarget.objects.exists()


@pytest.mark.parametrize(
    "more, error",
    [({"version": "0.9"}, InvalidPeer), ({"name": " "}, InvalidPeer), ({"verbs": ["sang"]}, InvalidStatement)],
)
def test_target_that_makes_no_sense_is_refused(db, make_target, more, error):
    with pytest.raises(error):
        make_target(**more)


def test_name_is_taken_once(make_target):
    make_target()
    with pytest.raises(InvalidPeer, match="already"):
        make_target()


def test_secret_is_sealed_and_told_to_nobody(make_target):
    target = make_target()
    assert "s3cret" not in target.sealed_secret
    assert target.secret == "s3cret"
    assert "s3cret" not in json.dumps([entry.detail for entry in AuditEntry.objects.all()])


def test_secret_that_cannot_be_unsealed_is_a_failure_with_words(say, make_target, peer, now):
    target = make_target()
    say(statement())
    ForwardingTarget.objects.update(sealed_secret="broken")
    assert run(target, now).problem == "The sealed text cannot be opened."


def test_paused_target_keeps_its_place(say, peer, make_target, now):
    target = make_target()
    ids = say(statement())
    services.pause_peer(peer=target, at=now)
    services.pause_peer(peer=target, at=now)
    assert "paused" in run(target, now).problem
    assert services.forward_due(at=now) == {}
    services.resume_peer(peer=target, at=now)
    services.resume_peer(peer=target, at=now)
    assert run(target, now).sent == 1
    assert peer.arrived == ids
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["xapi.add_target", "xapi.pause_peer", "xapi.resume_peer"]


def test_pause_in_mid_run_ends_it_after_the_batch(say, peer, make_target, now, monkeypatch):
    target = make_target()
    ids = say(*[statement() for _ in range(150)])

    refused = forwarding._refused

    def pause_meanwhile(*more):
        services.pause_peer(peer=ForwardingTarget.objects.get(), at=now)
        return refused(*more)

    monkeypatch.setattr(forwarding, "_refused", pause_meanwhile)
    run(target, now)
    assert peer.batches == [ids[:100]]
    monkeypatch.undo()
    services.resume_peer(peer=target, at=now)
    run(target, now)
    assert peer.arrived == ids
    assert [len(batch) for batch in peer.batches] == [100, 100, 50]  # the place of the first was not saved


def test_second_worker_finds_the_target_leased_until_the_first_died(say, peer, make_target, now):
    target = make_target()
    say(statement())
    assert Lease(target, now).take()
    assert "another worker" in run(target, now).problem
    assert run(target, now + ForwardingTarget.LEASE).sent == 1


def test_place_survives_a_worker_that_dies_between_batches(say, peer, make_target, now, monkeypatch):
    target = make_target()
    ids = say(*[statement() for _ in range(250)])
    send = forwarding._send

    def die_at_the_third(run, rows):
        if len(peer.batches) == 2:
            raise SystemExit
        send(run, rows)

    monkeypatch.setattr(forwarding, "_send", die_at_the_third)
    with pytest.raises(SystemExit):
        run(target, now)
    monkeypatch.undo()
    run(target, now)
    assert peer.batches == [ids[:100], ids[100:200], ids[200:]]


def test_replay_sends_again_from_a_date(say, peer, make_target, now):
    target = make_target()
    ids = [say(statement())[0] for _ in range(3)]
    run(target, now)
    services.replay_target(target=target, since=now + timedelta(minutes=1), at=now)
    run(target, now)
    assert peer.batches == [ids, ids[1:]]
    assert peer.arrived == ids
    services.replay_target(target=target, since=now + timedelta(days=1), at=now)
    assert run(target, now).sent == 0


def test_removed_target_takes_its_dead_letters_along(say, peer, make_target, now):
    target = make_target()
    say(statement())
    peer.refuse = lambda _: 400
    run(target, now)
    services.remove_peer(peer=target, at=now)
    assert (DeadLetter.objects.count(), Statement.objects.count()) == (0, 1)
    assert AuditEntry.objects.latest("pk").detail["host"] == "127.0.0.1"


def test_beat_sends_for_all_that_are_due_and_one_failure_holds_up_nobody(say, peer, make_target):
    make_target(name="Broken", address="http://127.0.0.1:9/xapi/")
    make_target(name="Sound")
    say(statement())
    assert tasks.forward_statements() == 1
    assert ForwardingTarget.objects.get(name="Broken").failures == 1


def test_answer_without_ids_is_not_taken_for_a_success(say, peer, make_target, now, monkeypatch):
    target = make_target()
    say(statement())
    monkeypatch.setattr("tests.xapi.exchange.peer._Handler._store", lambda handler, _: handler._answer(200, {}))
    assert "not xAPI" in run(target, now).problem
    monkeypatch.setattr("tests.xapi.exchange.peer._Handler._store", lambda handler, _: handler._answer(200, []))
    assert "without the ids" in run(target, now + timedelta(hours=1)).problem


def test_run_ends_with_its_time(say, peer, make_target, now):
    target = make_target()
    say(*[statement() for _ in range(150)])
    result = services.forward_statements(target=target, at=now, seconds=0)
    assert (result.sent, result.is_done) == (0, False)


def test_peer_failure_of_a_retry_is_told(say, peer, make_target, now):
    target = make_target()
    peer.fail = (500, {})
    with pytest.raises(PeerFailure):
        services.retry_dead_letters(target=target, at=now)


@pytest.mark.parametrize("since", [True, False])
def test_place_that_is_not_settled_is_not_taken(make_target, now, monkeypatch, since):
    monkeypatch.setattr(peers, "settled_through", lambda: None)
    with pytest.raises(InvalidPeer, match="Try again in a minute"):
        make_target(since=now if since else None)
    assert not ForwardingTarget.objects.exists()


def test_run_that_waits_for_a_writer_in_vain_says_so(say, peer, make_target, now, monkeypatch):
    target = make_target()
    say(statement())
    monkeypatch.setattr(forwarding, "settled_through", lambda: None)
    assert "at length" in run(target, now).problem
    assert peer.requests == []


def test_many_targets_share_four_minutes(say, peer, make_target, now, monkeypatch):
    make_target(name="A")
    make_target(name="B")
    say(statement())
    monkeypatch.setattr(forwarding, "ALL_RUNS_SECONDS", 0)
    assert services.forward_due(at=now) == {}
