"""Storing statements: what the server sets, order, replays, conflicts, voiding, events."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from lms.events import services as outbox
from lms.xapi.agents import activity_key, actor_key, verb_key
from lms.xapi.errors import NotYours, StatementConflict, UnknownStatement, VoidingRefused
from lms.xapi.events import MilestonesStored, StatementsStored
from lms.xapi.models import Authority, Mention, Statement
from lms.xapi.services import platform_authority, record, void_statement
from tests.factories import UserFactory
from tests.xapi.factories import AuthorityFactory, statement, voiding
from tests.xapi.test_http import BY_DJANGO

pytestmark = pytest.mark.django_db
COMPLETED = {"id": "http://adlnet.gov/expapi/verbs/completed"}


@pytest.fixture
def authority():
    return AuthorityFactory()


@pytest.fixture
def told(monkeypatch):
    """Every event that is emitted, in order."""
    events = []
    monkeypatch.setattr("lms.xapi.services.recording.emit", lambda *new: events.extend(new))
    return events


def test_record_sets_what_the_server_sets(now, authority):
    (statement_id,) = record([statement()], authority=authority, at=now)
    row = Statement.objects.get()
    body = json.loads(row.body)
    assert body["id"] == str(statement_id) == str(row.statement_id)
    assert body["stored"] == body["timestamp"] == "2026-11-16T09:00:00.000000Z"
    assert body["version"] == "1.0.0"
    assert body["authority"] == authority.agent
    assert (row.stored_at, row.happened_at, row.registration, row.voided_by) == (now, now, None, None)
    assert row.actor_key == actor_key(statement()["actor"])
    assert row.verb_key == verb_key(statement()["verb"]["id"])
    assert row.object_key == activity_key(statement()["object"]["id"])


def test_record_keeps_the_clients_words_but_not_its_claims(now, authority):
    """LRS-05: stored, version and authority are the server's to say."""
    sent = statement(
        id=str(uuid4()).upper(),
        timestamp="2020-02-29T23:59:60.123456789+02:00",
        stored="1999-01-01T00:00:00Z",
        authority={"mbox": "mailto:somebody@else.example"},
        version="1.0.3",
        result={"score": {"raw": 12345678901234567890, "scaled": 0.1}, "extensions": {"https://x.example/e": None}},
    )
    record([sent], authority=authority, at=now)
    row = Statement.objects.get()
    body = json.loads(row.body)
    assert body["result"] == sent["result"]
    assert body["timestamp"] == sent["timestamp"]
    assert body["version"] == "1.0.3"
    assert (body["stored"], body["authority"]) == ("2026-11-16T09:00:00.000000Z", authority.agent)
    assert row.happened_at.isoformat() == "2020-02-29T21:59:59.999999+00:00"


def test_record_changes_nothing_of_what_it_is_given(now, authority):
    sent = statement(context={"contextActivities": {"parent": {"id": "https://x.example/1"}}})
    before = json.dumps(sent)
    record([sent], authority=authority, at=now)
    assert json.dumps(sent) == before


def test_record_keeps_the_order_of_a_batch(now, authority):
    ids = record([statement() for _ in range(20)], authority=authority, at=now)
    stored = Statement.objects.order_by("stored_at").values_list("statement_id", "stored_at")
    assert list(stored) == [(statement_id, now + timedelta(microseconds=n)) for n, statement_id in enumerate(ids)]


def test_record_of_nothing(now, authority, told):
    assert record([], authority=authority, at=now) == []
    assert told == []


def test_a_replay_changes_nothing(now, authority, told):
    sent = statement(id=str(uuid4()), result={"success": True, "completion": False})
    again = {"stored": "2026-01-01T00:00:00Z", **dict(reversed(sent.items())), "id": sent["id"].upper()}
    first = record([sent], authority=authority, at=now)
    before = Statement.objects.values().get()
    told.clear()
    assert record([again, statement(id=str(uuid4()))], authority=authority, at=now + timedelta(days=1))[:1] == first
    assert Statement.objects.values().get(statement_id=first[0]) == before
    assert [len(event.statement_ids) for event in told] == [1]
    assert record([sent], authority=AuthorityFactory(), at=now) == first
    assert len(told) == 1


def test_the_same_statement_twice_in_a_batch_is_stored_once(now, authority):
    sent = statement(id=str(uuid4()))
    assert record([sent, sent], authority=authority, at=now) == [UUID(sent["id"])] * 2
    assert Statement.objects.count() == 1


def test_other_content_under_an_id_conflicts_and_stores_nothing(now, authority):
    sent = statement(id=str(uuid4()))
    record([sent], authority=authority, at=now)
    other = {**sent, "result": {"success": True}}
    for batch in (
        [statement(), other],
        [statement(id=str(uuid4())), {**sent, "id": (n := str(uuid4()))}, {**other, "id": n}],
    ):
        with pytest.raises(StatementConflict):
            record(batch, authority=authority, at=now)
    assert Statement.objects.count() == 1


def test_the_database_keeps_one_statement_per_id(now, authority):
    record([statement()], authority=authority, at=now)
    row = Statement.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


REFUSE = {
    "sqlite": "CREATE TRIGGER refuse BEFORE INSERT ON xapi_statement BEGIN SELECT RAISE(ABORT, 'refused'); END",
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE check_violation; END'; "
        "CREATE TRIGGER refuse BEFORE INSERT ON xapi_statement FOR EACH ROW EXECUTE FUNCTION refuse()"
    ),
}


def test_record_does_not_hide_another_refusal_of_the_database(now, authority):
    with connection.cursor() as cursor:
        cursor.execute(REFUSE[connection.vendor])
    with pytest.raises(IntegrityError):
        record([statement(id=str(uuid4()))], authority=authority, at=now)


def test_rows_say_what_they_are(now, authority):
    (statement_id,) = record([statement(context={"instructor": BEN})], authority=authority, at=now)
    assert str(Statement.objects.get()) == str(statement_id)
    assert str(Mention.objects.get()).endswith(str(actor_key(BEN)))
    assert str(authority) == authority.name


BEN, CAROL = {"mbox": "mailto:ben@x.example"}, {"openid": "https://carol.example/"}
CREW = {"objectType": "Group", "mbox": "mailto:crew@x.example", "member": [CAROL]}


def mentioned(sent, authority, now):
    record([sent], authority=authority, at=now)
    return dict(Mention.objects.values_list("key", "is_member"))


def test_mentions_of_agents(now, authority):
    context = {
        "instructor": BEN,
        "team": CREW,
        "contextAgents": [{"objectType": "contextAgent", "agent": {"mbox": "mailto:d@x.example"}}],
        "contextGroups": [{"objectType": "contextGroup", "group": {**CREW, "mbox": "mailto:e@x.example"}}],
    }
    assert mentioned(statement(context=context), authority, now) == {
        actor_key(BEN): False,
        actor_key(CREW): False,
        actor_key(CAROL): False,
        actor_key({"mbox": "mailto:d@x.example"}): False,
        actor_key({"mbox": "mailto:e@x.example"}): False,
    }


def test_mentions_mark_members_of_actor_and_object(now, authority):
    sent = statement(actor={"objectType": "Group", "member": [BEN]}, object=CREW, context={"instructor": CAROL})
    assert mentioned(sent, authority, now) == {actor_key(BEN): True, actor_key(CAROL): True}


def test_mentions_leave_out_actor_and_object_themselves(now, authority):
    sent = statement(
        context={"instructor": statement()["actor"], "contextActivities": {"other": statement()["object"]}}
    )
    assert mentioned(sent, authority, now) == {}


def test_mentions_of_activities_and_a_sub_statement(now, authority):
    inner = statement(
        actor=BEN,
        object={"id": "https://x.example/inner"},
        context={"instructor": CAROL, "contextActivities": {"parent": {"id": "https://x.example/parent"}}},
    )
    sent = statement(
        object={"objectType": "SubStatement", **inner},
        context={
            "contextActivities": {kind: [{"id": f"https://x.example/{kind}"}] for kind in ("grouping", "category")}
        },
    )
    assert mentioned(sent, authority, now) == {
        actor_key(BEN): False,
        actor_key(CAROL): False,
        activity_key("https://x.example/inner"): False,
        activity_key("https://x.example/parent"): False,
        activity_key("https://x.example/grouping"): False,
        activity_key("https://x.example/category"): False,
    }


def test_voiding_marks_the_target_once(now, authority):
    (target,) = record([statement()], authority=authority, at=now)
    first, second = record([voiding(target), voiding(target)], authority=authority, at=now)
    assert Statement.objects.get(statement_id=target).voided_by in {first, second}
    kept = Statement.objects.get(statement_id=target).voided_by
    record([voiding(target)], authority=authority, at=now)
    assert Statement.objects.get(statement_id=target).voided_by == kept
    assert Statement.objects.filter(voided_by=None).count() == 3


def test_voiding_within_the_batch(now, authority):
    target = str(uuid4())
    (_, by) = record([statement(id=target), voiding(target)], authority=authority, at=now)
    assert Statement.objects.get(statement_id=target).voided_by == by


def test_voiding_ahead_of_its_target_takes_effect_when_it_comes(now, authority):
    target = str(uuid4())
    (by,) = record([voiding(target)], authority=authority, at=now)
    record([statement(id=target)], authority=authority, at=now)
    assert Statement.objects.get(statement_id=target).voided_by == by


def test_a_foreign_voiding_ahead_of_its_target_has_no_effect(now, authority):
    target = str(uuid4())
    record([voiding(target)], authority=AuthorityFactory(), at=now)
    record([statement(id=target)], authority=authority, at=now)
    assert Statement.objects.get(statement_id=target).voided_by is None


def test_voiding_of_anothers_statement_is_refused_but_to_the_platform(now, authority):
    (target,) = record([statement()], authority=authority, at=now)
    with pytest.raises(NotYours):
        record([voiding(target)], authority=AuthorityFactory(is_trusted=True), at=now)
    record([voiding(target)], authority=platform_authority(), at=now)
    assert Statement.objects.get(statement_id=target).voided_by is not None


def test_a_voiding_statement_cannot_be_voided(now, authority):
    (target,) = record([statement()], authority=authority, at=now)
    (by,) = record([voiding(target)], authority=authority, at=now)
    itself = str(uuid4())
    for refused in (voiding(by), voiding(itself, id=itself)):
        with pytest.raises(VoidingRefused):
            record([refused], authority=authority, at=now)
    assert Statement.objects.get(statement_id=by).voided_by is None
    # one that came ahead has no effect either
    ahead = str(uuid4())
    record([voiding(ahead)], authority=authority, at=now)
    record([voiding(target, id=ahead)], authority=authority, at=now)
    assert Statement.objects.get(statement_id=ahead).voided_by is None


def test_void_statement_speaks_for_the_platform(now, authority):
    (target,) = record([statement()], authority=authority, at=now)
    who = UserFactory()
    voiding_id = void_statement(statement_id=target, reason="Entered twice", by=who, at=now)
    row = Statement.objects.get(statement_id=voiding_id)
    assert Statement.objects.get(statement_id=target).voided_by == voiding_id
    assert (row.authority, row.actor_key) == (platform_authority(), actor_key(json.loads(row.body)["actor"]))
    assert list(json.loads(row.body)["context"]["extensions"].values()) == ["Entered twice"]
    assert void_statement(statement_id=target, reason="Again", by=who, at=now) == voiding_id
    with pytest.raises(VoidingRefused):
        void_statement(statement_id=voiding_id, reason="No", by=who, at=now)
    with pytest.raises(UnknownStatement):
        void_statement(statement_id=uuid4(), reason="No", by=who, at=now)


def test_events_tell_what_was_stored_and_which_registrations_moved(now, told):
    registration, other = uuid4(), uuid4()
    batch = [
        statement(verb=COMPLETED, context={"registration": str(registration)}),
        statement(context={"registration": str(other)}),
        statement(verb=COMPLETED),
    ]
    ids = record(batch, authority=platform_authority(), at=now)
    assert told == [
        StatementsStored(at=now, statement_ids=tuple(sorted(ids))),
        MilestonesStored(at=now, registrations=(registration,)),
    ]


def test_events_of_untrusted_authorities_move_no_registration(now, authority, told):
    sent = statement(verb=COMPLETED, context={"registration": str(uuid4())})
    (target,) = record([sent], authority=authority, at=now)
    record([voiding(target)], authority=authority, at=now)
    assert {type(event) for event in told} == {StatementsStored}


def test_voiding_moves_the_registration_of_a_trusted_target(now, told):
    registration = uuid4()
    (target,) = record(
        [statement(verb=COMPLETED, context={"registration": str(registration)})], authority=platform_authority(), at=now
    )
    told.clear()
    record([voiding(target)], authority=platform_authority(), at=now)
    assert told[-1] == MilestonesStored(at=now, registrations=(registration,))


def test_events_survive_the_outbox(now):
    seen = []
    outbox.subscribe(StatementsStored)(seen.append)
    try:
        ids = record([statement()], authority=platform_authority(), at=now)
        outbox.drain()
    finally:
        outbox._handlers.pop(StatementsStored.type)
    assert seen == [StatementsStored(at=now, statement_ids=tuple(ids))]


@pytest.mark.parametrize("size", [1, 3])
def test_query_count_does_not_depend_on_size(now, authority, django_assert_num_queries, size):
    def batch():
        return [statement(id=str(uuid4()), context={"instructor": BEN}) for _ in range(size)]

    platform, stored = platform_authority(), batch()
    with django_assert_num_queries(2 + BY_DJANGO):  # a transaction (2), statements, mentions
        record(stored, authority=platform, at=now)
    with django_assert_num_queries(3 + BY_DJANGO):  # and statements that came before
        record(batch(), authority=authority, at=now)
    with django_assert_num_queries(3 + 3 * BY_DJANGO // 2):  # a replay: a look; by Django also an insert that fails
        record(stored, authority=platform, at=now)
    # Also targets, the mark; targets again, links (2), rows, known ones, references, their mentions. No own mentions.
    with django_assert_num_queries(11 + BY_DJANGO - BY_DJANGO // 4):
        record([voiding(item["id"]) for item in stored], authority=platform, at=now)


def test_platform_authority_is_one_and_trusted():
    assert platform_authority() == platform_authority()
    assert platform_authority().is_trusted
    for wrong in ({"is_platform": True, "is_trusted": True}, {"is_platform": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Authority.objects.create(name="Second", agent={}, **wrong)
