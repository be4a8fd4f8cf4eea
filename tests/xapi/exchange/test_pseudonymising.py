"""LRS-30: a person is hidden wherever a statement names him, found no more under his old names, and brought back by
nobody. That no figure changes is shown in tests/flows/test_upkeep.py."""

import dataclasses
import io
import json
from hashlib import sha1
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command

from lms.accounts.models import AuditEntry
from lms.xapi.agents import activity_key, actor_key, person_agent
from lms.xapi.errors import StatementConflict
from lms.xapi.models import Activity, Credential, Document, Mention, Pseudonym, Reference, Statement
from lms.xapi.services import create_credential, platform_authority, pseudonymise_person, pseudonymising, record
from lms.xapi.services.documents import Content, Place, Precondition, get_document, put_document
from tests.factories import UserFactory
from tests.xapi.factories import statement

pytestmark = pytest.mark.django_db
BASE = "https://partners.halden.example"


@pytest.fixture
def ines(db):
    return UserFactory(name="Inès Navarro", email="ines@kestrel.example")


@pytest.fixture
def say(now):
    def make(**changes):
        (one,) = record([statement(**changes)], authority=platform_authority(), at=now)
        return one

    return make


def account(public_id):
    return {"account": {"homePage": BASE, "name": str(public_id)}}


def body(statement_id):
    return json.loads(Statement.objects.get(statement_id=statement_id).body)


def hide(person, now, **more):
    return pseudonymise_person(person=person, at=now, reason="asked for it", **more)


def traces(person):
    """What of the person is left in the two tables."""
    needles = [str(person.public_id), person.email, sha1(f"mailto:{person.email}".encode()).hexdigest()]
    text = " ".join(Statement.objects.values_list("body", flat=True)).lower()
    keys = [actor_key(agent) for agent in pseudonymising.identities(person)]
    return (
        [needle for needle in needles if needle in text],
        Statement.objects.filter(actor_key__in=keys).count() + Statement.objects.filter(object_key__in=keys).count(),
        Mention.objects.filter(key__in=keys).count(),
    )


def test_every_place_of_a_statement_is_reached(say, ines, now):
    me = account(ines.public_id)
    mail = {"mbox": "mailto:ines@kestrel.example", "name": "Inès Navarro", "objectType": "Agent"}
    hashed = {"mbox_sha1sum": sha1(b"mailto:ines@kestrel.example").hexdigest()}
    other = {"mbox": "mailto:ben@kestrel.example", "name": "Ben"}
    places = {
        "actor": {"actor": me},
        "actor by address": {"actor": mail},
        "object": {"object": {**mail, "objectType": "Agent"}},
        "instructor": {"context": {"instructor": hashed}},
        "member of a team": {"context": {"team": {"objectType": "Group", "member": [other, mail]}}},
        "member of an anonymous group": {"actor": {"objectType": "Group", "member": [me, other]}},
        "member of an identified group": {"actor": {"objectType": "Group", **account(uuid4()), "member": [me]}},
        "sub-statement": {"object": {"objectType": "SubStatement", **statement(actor=me)}},
        "context agent": {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": me}]}},
    }
    ids = {name: say(**changes) for name, changes in places.items()}
    hidden = hide(ines, now)
    assert hidden.statements == len(places)
    assert traces(ines) == ([], 0, 0)
    mask = {"account": {"homePage": BASE, "name": str(hidden.account)}}
    assert body(ids["actor"])["actor"] == mask
    assert body(ids["actor by address"])["actor"] == {"objectType": "Agent", **mask}
    assert body(ids["object"])["object"] == {"objectType": "Agent", **mask}
    assert body(ids["instructor"])["context"]["instructor"] == mask
    assert body(ids["member of a team"])["context"]["team"]["member"] == [other, {"objectType": "Agent", **mask}]
    assert body(ids["sub-statement"])["object"]["actor"] == mask
    found = set(Statement.objects.filter(mentions__key=actor_key(mask)).values_list("statement_id", flat=True))
    found |= set(Statement.objects.filter(actor_key=actor_key(mask)).values_list("statement_id", flat=True))
    found |= set(Statement.objects.filter(object_key=actor_key(mask)).values_list("statement_id", flat=True))
    assert found == set(ids.values())


def test_keys_are_those_of_a_statement_that_always_had_the_pseudonym(say, ines, now):
    """What stands in the tables afterwards is what a store would have made of the hidden statement."""
    me, group = account(ines.public_id), {"objectType": "Group", "member": [account(ines.public_id)]}
    activity = {"id": f"{BASE}/people/{ines.public_id}/plan"}
    for changes in (
        {"actor": group, "object": activity},
        {"context": {"team": group, "contextActivities": {"parent": [activity]}, "instructor": me}},
        {"actor": me, "object": {"objectType": "SubStatement", **statement(object=activity)}},
    ):
        one = say(**changes)
        say(actor=me)
        hide(ines, now)
        row = Statement.objects.get(statement_id=one)
        told = json.loads(row.body) | {"id": str(uuid4())}
        told.pop("authority")
        (twin_id,) = record([told], authority=platform_authority(), at=now)
        twin = Statement.objects.get(statement_id=twin_id)
        assert (row.actor_key, row.object_key) == (twin.actor_key, twin.object_key)
        keys = [set(which.mentions.values_list("key", "is_member")) for which in (row, twin)]
        assert keys[0] == keys[1]


def test_what_points_at_a_hidden_statement_is_found_under_the_pseudonym_too(say, ines, now):
    me, group = account(ines.public_id), {"objectType": "Group", "member": [account(ines.public_id)]}
    activity = {"id": f"{BASE}/people/{ines.public_id}/plan"}
    targets = [say(actor=me, object=activity), say(context={"instructor": me, "team": group}), say(actor=group)]
    for target in targets:
        say(object={"objectType": "StatementRef", "id": str(target)})
    hidden = hide(ines, now)
    mask = account(hidden.account)
    masked_group = {"objectType": "Group", "member": [mask]}
    first, second, third = Reference.objects.order_by("target").prefetch_related("mentions")
    assert first.actor_key == actor_key(mask)
    assert first.object_key == activity_key(f"{BASE}/people/{hidden.account}/plan")
    assert {mention.key for mention in second.mentions.all()} == {actor_key(mask), actor_key(masked_group)}
    assert third.actor_key == actor_key(masked_group)
    assert {(mention.key, mention.is_member) for mention in third.mentions.all()} == {(actor_key(mask), True)}


def test_what_is_known_of_an_activity_moves_with_its_address(say, ines, now):
    iri = f"{BASE}/people/{ines.public_id}/plan"
    Activity.objects.create(
        key=activity_key(iri),
        activity_id=iri,
        definition='{"name":{"en":"Plan"}}',
        authority=platform_authority(),
        updated_at=now,
    )
    say(actor=account(ines.public_id), object={"id": iri})
    hidden = hide(ines, now)
    found = Activity.objects.get()
    assert found.activity_id == f"{BASE}/people/{hidden.account}/plan"
    assert found.key == activity_key(found.activity_id)


def test_states_and_profiles_become_those_of_the_pseudonym(ines, now):
    key = actor_key(account(ines.public_id))
    places = [
        Place(kind=Document.Kind.STATE, activity_id="https://x.example/1", agent_key=key, registration=uuid4()),
        Place(kind=Document.Kind.AGENT_PROFILE, agent_key=key),
        Place(kind=Document.Kind.AGENT_PROFILE, agent_key=actor_key(account(uuid4()))),
    ]
    contents = [
        Content(data=json.dumps({"who": account(ines.public_id), "at": 7}).encode(), type="application/json"),
        Content(data=b"mail ines@kestrel.example", type="text/plain; charset=utf-8"),
        Content(data=b"mail ines@kestrel.example", type="text/plain"),
    ]

    def put(place, content):
        return put_document(
            place=place,
            document_id="d",
            content=content,
            precondition=Precondition(),
            authority=platform_authority(),
            at=now,
            needs_precondition=False,
            may_overwrite=True,
        )

    for place, content in zip(places, contents, strict=True):
        put(place, content)
    hidden = hide(ines, now)
    assert hidden.documents == 2
    mask = actor_key(account(hidden.account))
    state = get_document(place=dataclasses.replace(places[0], agent_key=mask), document_id="d")
    assert json.loads(bytes(state.content)) == {"who": account(hidden.account), "at": 7}
    assert state.etag == sha1(bytes(state.content)).hexdigest()
    profile = get_document(place=dataclasses.replace(places[1], agent_key=mask), document_id="d")
    assert bytes(profile.content) == f"mail {hidden.account}".encode()
    assert bytes(get_document(place=places[2], document_id="d").content) == b"mail ines@kestrel.example"
    put(places[1], Content(data=b"new", type="text/plain"))
    assert hide(ines, now).documents == 1
    assert bytes(get_document(place=dataclasses.replace(places[1], agent_key=mask), document_id="d").content) == b"new"


@pytest.mark.parametrize(
    "data, kind", [(b"{broken", "application/json"), (b"\xff", "text/plain"), (b"\x00", "image/png")]
)
def test_document_that_cannot_be_read_moves_as_it_is(ines, now, data, kind):
    put_document(
        place=Place(kind=Document.Kind.AGENT_PROFILE, agent_key=actor_key(account(ines.public_id))),
        document_id="d",
        content=Content(data=data, type=kind),
        precondition=Precondition(),
        authority=platform_authority(),
        at=now,
        needs_precondition=False,
        may_overwrite=True,
    )
    assert hide(ines, now).documents == 1
    assert bytes(Document.objects.get().content) == data


def test_text_with_the_id_or_the_address_is_reached_and_other_text_is_not(say, ines, now):
    one = say(
        actor=account(ines.public_id),
        object={"id": f"{BASE}/people/{str(ines.public_id).upper()}/plan"},
        result={
            "response": "Write to INES@kestrel.example, says Inès Navarro",
            "extensions": {f"{BASE}/{ines.public_id}": {"account": 7, "mbox": ["odd"], "n": 1.5}},
        },
    )
    hidden = hide(ines, now)
    told = body(one)
    assert told["object"]["id"] == f"{BASE}/people/{hidden.account}/plan"
    assert told["result"]["response"] == f"Write to {hidden.account}, says Inès Navarro"
    assert told["result"]["extensions"] == {f"{BASE}/{hidden.account}": {"account": 7, "mbox": ["odd"], "n": 1.5}}


def test_others_are_left_as_they_are(say, ines, now):
    others = [say(), say(actor=account(uuid4())), say(context={"instructor": {"mbox": "mailto:ben@x.example"}})]
    before = list(Statement.objects.order_by("pk").values())
    assert hide(ines, now).statements == 0
    assert list(Statement.objects.order_by("pk").values()) == before
    assert len(others) == 3


def test_further_identities_can_be_named(say, ines, now):
    old, login = {"mbox": "mailto:maiden@old.example"}, {"account": {"homePage": "https://hr.example", "name": "17"}}
    ids = [say(actor=old), say(actor=login), say(actor=account(ines.public_id), result={"response": old["mbox"]})]
    hidden = hide(ines, now, also=[old, login])
    assert {body(one)["actor"]["account"]["name"] for one in ids} == {str(hidden.account)}
    assert body(ids[2])["result"]["response"] == f"mailto:{hidden.account}"


def test_twice_changes_nothing_and_what_came_since_gets_the_same_pseudonym(say, ines, now):
    say(actor=account(ines.public_id))
    first = hide(ines, now)
    rows = list(Statement.objects.order_by("pk").values())
    second = hide(ines, now)
    assert (second.account, second.statements) == (first.account, 0)
    assert list(Statement.objects.order_by("pk").values()) == rows
    say(actor=account(ines.public_id))
    third = hide(ines, now)
    assert (third.account, third.statements) == (first.account, 1)
    assert Statement.objects.values("actor_key").distinct().count() == 1


def test_client_that_repeats_itself_brings_nobody_back(say, ines, now):
    """The digest stays that of what was said: a repetition is known, something else is refused."""
    told = statement(id=str(uuid4()), actor=account(ines.public_id))
    say(**told)
    hide(ines, now)
    rows = list(Statement.objects.order_by("pk").values())
    assert record([told], authority=platform_authority(), at=now) == [UUID(told["id"])]
    assert list(Statement.objects.order_by("pk").values()) == rows
    with pytest.raises(StatementConflict):
        record([told | {"result": {"success": True}}], authority=platform_authority(), at=now)


def test_authority_and_order_and_times_stay(say, ines, now):
    one = say(actor=account(ines.public_id))
    before = Statement.objects.values("stored_at", "happened_at", "authority", "digest", "verb_key").get()
    told = body(one)
    hide(ines, now)
    assert Statement.objects.values("stored_at", "happened_at", "authority", "digest", "verb_key").get() == before
    assert {name: part for name, part in body(one).items() if name != "actor"} == {
        name: part for name, part in told.items() if name != "actor"
    }


def test_bound_credentials_are_revoked_and_others_are_not(ines, now):
    agent = person_agent(ines).as_version()
    bound, _ = create_credential(name="Launch", scopes=["statements/write"], actor=agent, at=now)
    free, _ = create_credential(name="Free", scopes=["statements/write"], at=now)
    assert hide(ines, now).credentials == 1
    bound.refresh_from_db()
    assert (bound.revoked_at, Credential.objects.get(pk=free.pk).revoked_at) == (now, None)


def test_deed_is_in_the_audit_log_without_the_pseudonym(say, ines, now):
    say(actor=account(ines.public_id))
    admin = UserFactory()
    hidden = hide(ines, now, by=admin)
    entry = AuditEntry.objects.get(action="xapi.pseudonymise_person")
    assert (entry.actor, entry.object_id) == (admin, str(ines.public_id))
    assert entry.detail == {"statements": 1, "documents": 0, "credentials": 0, "reason": "asked for it"}
    assert Pseudonym.objects.get().made_by == admin
    assert str(hidden.account) not in json.dumps(entry.detail)


def test_many_statements_are_hidden_in_small_transactions(ines, now, monkeypatch):
    monkeypatch.setattr(pseudonymising, "_CHUNK", 3)
    me = account(ines.public_id)
    sent = [
        statement(actor=me, context={"instructor": me if n % 2 else {"mbox": "mailto:x@x.example"}}) for n in range(10)
    ]
    record(sent, authority=platform_authority(), at=now)
    assert hide(ines, now).statements == 10
    assert traces(ines) == ([], 0, 0)


def pseudonymise(*words):
    out = io.StringIO()
    call_command("xapi", "pseudonymise", *words, stdout=out)
    return out.getvalue()


def test_command_says_what_it_does_and_does_not(say, ines, now, monkeypatch):
    say(actor=account(ines.public_id))
    old = json.dumps({"mbox": "mailto:maiden@old.example"})
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was changed"):
        pseudonymise("ines@kestrel.example", "--reason", "asked")
    assert not Pseudonym.objects.exists()
    monkeypatch.setattr("builtins.input", lambda _: " yes")
    said = pseudonymise("INES@kestrel.example", "--reason", "asked", "--also", old)
    assert "mailto:maiden@old.example" in said
    assert "Not reached: the name in free text" in said
    assert "1 statements and 0 documents hold" in said
    assert "still active" in said
    ines.is_active = False
    ines.save(update_fields=["is_active"])
    assert "still active" not in pseudonymise(str(ines.public_id), "--reason", "asked", "--yes")


def test_command_refuses_whom_it_does_not_know(db):
    with pytest.raises(CommandError, match="no account"):
        pseudonymise("nobody@x.example", "--reason", "asked", "--yes")


def test_command_refuses_an_identity_that_is_none(ines):
    with pytest.raises(CommandError, match="exactly one of"):
        pseudonymise(ines.email, "--reason", "asked", "--yes", "--also", '{"name": "Inès"}')
