"""Filters look through statement references. 1.0.3 Communication 2.1.3, "Filter Conditions for StatementRefs"."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from lms.xapi.models import Reference, ReferenceMention
from lms.xapi.services import record, referencing
from tests.xapi.factories import AuthorityFactory, statement, voiding

pytestmark = pytest.mark.django_db
ANN = {"mbox": "mailto:ann@kestrel.example"}
BEN = {"mbox": "mailto:ben@kestrel.example"}
CLARA = {"mbox": "mailto:clara@kestrel.example"}
DID = {"id": "https://verbs.example/did"}
SAW = {"id": "https://verbs.example/saw"}
REGISTRATION = str(uuid4())


def ref(target, **changes):
    return statement(
        id=str(uuid4()), actor=BEN, verb=SAW, object={"objectType": "StatementRef", "id": target["id"]}, **changes
    )


@pytest.fixture
def target():
    return statement(
        id=str(uuid4()),
        actor={"objectType": "Group", "member": [ANN]},
        verb=DID,
        object={"id": "https://a.example/1"},
        context={
            "registration": REGISTRATION,
            "instructor": CLARA,
            "contextActivities": {"parent": [{"id": "https://a.example/p"}]},
        },
    )


QUERIES = [
    {"verb": DID["id"]},
    {"agent": json.dumps(ANN)},
    {"activity": "https://a.example/1"},
    {"registration": REGISTRATION},
    {"agent": json.dumps(CLARA), "related_agents": "true"},
    {"activity": "https://a.example/p", "related_activities": "true"},
    {"agent": json.dumps(CLARA), "related_agents": "true", "verb": DID["id"]},
    {"agent": json.dumps(ANN), "activity": "https://a.example/p", "related_activities": "true"},
    {"agent": json.dumps(ANN), "activity": "https://a.example/1", "registration": REGISTRATION},
]


def ids(lrs, **query):
    response = lrs.get(**query)
    assert response.status_code == 200
    return [item["id"] for item in response.json()["statements"]]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("order", ["target first", "pointer first", "one batch"])
def test_a_pointer_is_found_by_what_it_points_at(lrs, target, query, order):
    pointer, chained = ref(target), None
    chained = ref(pointer)
    match order:
        case "target first":
            batches = [[target], [pointer], [chained]]
        case "pointer first":
            batches = [[chained], [pointer], [target]]
        case _:
            batches = [[chained, target, pointer]]
    for batch in batches:
        assert lrs.post(batch).status_code == 200
    assert set(ids(lrs, **query)) == {target["id"], pointer["id"], chained["id"]}
    assert len(ids(lrs, **query, limit="2")) == 2
    assert ids(lrs, **query, ascending="true") == ids(lrs, **query)[::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"verb": DID["id"], "agent": json.dumps(BEN)},
        {"verb": SAW["id"], "registration": REGISTRATION},
        {"agent": json.dumps(CLARA)},
        {"activity": "https://a.example/p"},
        {"agent": json.dumps(CLARA), "related_agents": "true", "verb": SAW["id"]},
    ],
)
def test_conditions_are_met_by_one_statement_not_by_two_together(lrs, target, query):
    lrs.post([target, ref(target)])
    assert ids(lrs, **query) == []


def test_since_until_and_pages_are_the_pointers_own(lrs, target, now):
    authority = AuthorityFactory()
    pointers = [ref(target) for _ in range(5)]
    record([target], authority=authority, at=now - timedelta(days=10))
    record(pointers, authority=authority, at=now)
    assert set(ids(lrs, verb=DID["id"], since="2026-11-15T00:00:00Z")) == {pointer["id"] for pointer in pointers}
    assert ids(lrs, verb=DID["id"], until="2026-11-15T00:00:00Z") == [target["id"]]
    seen, page = [], lrs.get(verb=DID["id"], limit="2").json()
    while True:
        seen += [item["id"] for item in page["statements"]]
        if not page["more"]:
            break
        page = lrs.client.get(page["more"], headers=lrs.headers()).json()
    assert seen == [pointer["id"] for pointer in reversed(pointers)] + [target["id"]]


def test_a_voided_statement_is_found_by_its_pointers_alone(lrs, target):
    pointer, void = ref(target), voiding(target["id"], id=str(uuid4()))
    for item in (target, void, pointer):
        assert lrs.post(item).status_code == 200
    assert set(ids(lrs, verb=DID["id"])) == {pointer["id"], void["id"]}


def test_a_pointer_tells_nothing_of_what_may_not_be_seen(lrs, connect, target):
    """LRS-09, LRS-31: to point at another's statement does not show what it says."""
    lrs.post(target)
    stranger = connect(name="Stranger", scopes=["statements/write", "statements/read/mine"])
    pointer = ref(target)
    stranger.post(pointer)
    assert ids(stranger) == [pointer["id"]]
    for query in QUERIES:
        assert ids(stranger, **query) == []
        assert set(ids(lrs, **query)) == {target["id"], pointer["id"]}
    own = statement(id=str(uuid4()), verb=DID)
    stranger.post([own, ref(own)])
    assert len(ids(stranger, verb=DID["id"])) == 2


def test_circles_and_long_chains_come_to_an_end(lrs, monkeypatch):
    """What one request may cause to be stored is bounded."""
    monkeypatch.setattr(referencing, "FOLLOWED", 5)
    one = statement(id=str(uuid4()))
    two = ref(one)
    one["object"] = {"objectType": "StatementRef", "id": two["id"]}
    lrs.post([one, two])
    assert Reference.objects.count() == 2
    itself = statement(id=(own := str(uuid4())), object={"objectType": "StatementRef", "id": own})
    lrs.post(itself)
    assert Reference.objects.count() == 2
    chain = [statement(id=str(uuid4()))]
    for _ in range(30):
        chain.append(ref(chain[-1]))
    lrs.post(chain)
    per_pointer = {}
    for reference in Reference.objects.all():
        per_pointer[reference.referrer_id] = per_pointer.get(reference.referrer_id, 0) + 1
    assert max(per_pointer.values()) == 5
    for pointer in [ref(chain[0]) for _ in range(10)]:
        lrs.post(pointer)
    assert ids(lrs, activity="https://system.example/activities/1", limit="1")


def test_rows_say_what_they_are(lrs, target):
    lrs.post([target, ref(target)])
    reference = Reference.objects.get()
    assert str(reference) == f"{reference.referrer_id} -> {reference.target_id}"
    assert {str(mention).split(":")[0] for mention in ReferenceMention.objects.all()} == {str(reference.pk)}


def test_a_replay_of_a_pointer_adds_nothing(lrs, target):
    pointer = ref(target)
    for _ in range(2):
        lrs.post([target, pointer])
    assert Reference.objects.count() == 1
