"""What is a statement: good ones pass, each broken one is refused with the place where it is broken."""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms.xapi.errors import InvalidStatement
from lms.xapi.models import Statement
from lms.xapi.timestamps import format_timestamp, parse_timestamp
from lms.xapi.validation import Version, check_batch, check_statement
from tests.xapi.factories import statement

ANN = {"mbox": "mailto:ann@kestrel.example"}
UUID1 = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
FULL: dict[str, Any] = {
    "id": UUID1,
    "actor": {
        "objectType": "Group",
        "name": "Crew",
        "account": {"homePage": "https://kestrel.example", "name": "crew"},
        "member": [ANN, {"objectType": "Agent", "openid": "https://ben.example/"}, {"mbox_sha1sum": "a" * 40}],
    },
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en-GB": "answered", "zh-Hant-TW": "回答"}},
    "object": {
        "objectType": "Activity",
        "id": "https://kestrel.example/问题/1",
        "definition": {
            "name": {"en": "Question"},
            "description": {"de-CH-1996": "Frage"},
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "moreInfo": "https://kestrel.example/1",
            "interactionType": "matching",
            "correctResponsesPattern": ["a[.]1[,]b[.]2"],
            "source": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
            "target": [{"id": "1"}, {"id": "2"}],
            "extensions": {"https://kestrel.example/e": {"any": [None, 1, "x"]}},
        },
    },
    "result": {
        "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
        "success": True,
        "completion": False,
        "response": "a[.]1",
        "duration": "P1DT2H3M4.05S",
        "extensions": {},
    },
    "context": {
        "registration": UUID1.upper(),
        "instructor": ANN,
        "team": {"objectType": "Group", "member": [ANN]},
        "contextActivities": {"parent": {"id": "https://kestrel.example/exam"}, "other": []},
        "revision": "2",
        "platform": "Laurel",
        "language": "en-GB",
        "statement": {"objectType": "StatementRef", "id": UUID1},
        "extensions": {"https://kestrel.example/c": None},
    },
    "timestamp": "2027-03-12T09:30:00.123+01:00",
    "stored": "2027-03-12T09:30:00Z",
    "authority": {"objectType": "Group", "member": [ANN, {"mbox": "mailto:app@kestrel.example"}]},
    "version": "1.0.3",
    "attachments": [
        {
            "usageType": "https://kestrel.example/usage",
            "display": {"en": "Proof"},
            "contentType": "text/plain; charset=utf-8",
            "length": 12,
            "sha2": "0" * 64,
            "fileUrl": "https://kestrel.example/proof.txt",
        }
    ],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The full statement with one part replaced; `...` removes it."""
    body = copy.deepcopy(FULL)
    *parents, last = path.strip("/").split("/")
    part: Any = body
    for name in parents:
        part = part[int(name)] if isinstance(part, list) else part[name]
    if value is ...:
        del part[last]
    elif isinstance(part, list):
        part[int(last)] = value
    else:
        part[last] = value
    return body


def problem(value: Any, version: Version = Version.V1) -> str:
    with pytest.raises(InvalidStatement) as caught:
        check_statement(value, version)
    return caught.value.message


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("value", [FULL, statement()])
def test_valid_statements_pass(value, version):
    check_statement(value, version)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("actor", {"account": {"homePage": "https://a.example", "name": ""}}),
        ("object", {"objectType": "Agent", **ANN}),
        ("object", {"objectType": "Group", "member": [ANN]}),
        ("object", {"objectType": "StatementRef", "id": UUID1}),
        ("object", {"objectType": "SubStatement", **statement()}),
    ],
)
def test_other_shapes_pass(path, value):
    body = changed(path, value)
    if path == "object":
        body["context"] = {}
    check_statement(body, Version.V1)


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("actor", ..., ""),
        ("verb", ..., ""),
        ("object", ..., ""),
        ("extra", 1, "/extra"),
        ("Actor", ANN, "/Actor"),
        ("id", "1", "/id"),
        ("id", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "/id"),
        ("id", None, "/id"),
        ("actor", "ann", "/actor"),
        ("actor", {}, "/actor"),
        ("actor", {"objectType": "Person", **ANN}, "/actor/objectType"),
        ("actor", {**ANN, "openid": "https://ann.example/"}, "/actor"),
        ("actor", {"mbox": "ann@kestrel.example"}, "/actor/mbox"),
        ("actor", {"mbox_sha1sum": "xyz"}, "/actor/mbox_sha1sum"),
        ("actor", {"openid": "ann"}, "/actor/openid"),
        ("actor", {"account": {"name": "ann"}}, "/actor/account"),
        ("actor", {"account": {"homePage": "kestrel", "name": "ann"}}, "/actor/account/homePage"),
        ("actor", {"account": {"homePage": "https://a.example", "name": 1}}, "/actor/account/name"),
        ("actor", {"objectType": "Group"}, "/actor"),
        ("actor", {"objectType": "Group", "member": []}, "/actor"),
        ("actor", {"objectType": "Group", **ANN, "openid": "https://ann.example/"}, "/actor"),
        ("actor/member/0", {"objectType": "Group", "member": [ANN]}, "/actor/member/0/objectType"),
        ("verb/id", ..., "/verb"),
        ("verb/id", "answered", "/verb/id"),
        ("verb/id", "https://a.example/with space", "/verb/id"),
        ("verb/id", "https://a.example/" + "a" * 2000, "/verb/id"),
        ("verb/display", {"not a tag": "x"}, "/verb/display/not a tag"),
        ("verb/display", {"en": 1}, "/verb/display/en"),
        ("verb/display", "answered", "/verb/display"),
        ("object", {"objectType": "Activity"}, "/object"),
        ("object", {"objectType": "Thing", "id": "https://a.example"}, "/object/objectType"),
        ("object", {"objectType": ["Activity"], "id": "https://a.example"}, "/object/objectType"),
        ("object/definition/interactionType", "guess", "/object/definition/interactionType"),
        ("object/definition/interactionType", ..., "/object/definition"),
        ("object/definition/interactionType", "choice", "/object/definition/source"),
        ("object/definition/source", [{"id": "a"}, {"id": "a"}], "/object/definition/source"),
        ("object/definition/source", [{"description": {}}], "/object/definition/source/0"),
        ("object/definition/correctResponsesPattern", "a", "/object/definition/correctResponsesPattern"),
        ("object/definition/extensions", {"e/~": 1}, "/object/definition/extensions/e~1~0"),
        ("object/definition/extensions", [], "/object/definition/extensions"),
        ("result", [], "/result"),
        ("result/success", "true", "/result/success"),
        ("result/completion", 1, "/result/completion"),
        ("result/response", 1, "/result/response"),
        ("result/score/scaled", 1.01, "/result/score/scaled"),
        ("result/score/scaled", True, "/result/score/scaled"),
        ("result/score/raw", 11, "/result/score/raw"),
        ("result/score/raw", -1, "/result/score/raw"),
        ("result/score/min", 10, "/result/score/min"),
        ("result/score/max", "10", "/result/score/max"),
        ("context/registration", "x", "/context/registration"),
        ("context/instructor", {}, "/context/instructor"),
        ("context/team", ANN, "/context/team"),
        ("context/contextActivities", [], "/context/contextActivities"),
        ("context/contextActivities", {"child": []}, "/context/contextActivities/child"),
        ("context/contextActivities/parent", "x", "/context/contextActivities/parent"),
        ("context/contextActivities/parent", [{}], "/context/contextActivities/parent/0"),
        ("context/revision", 2, "/context/revision"),
        ("context/language", "english-", "/context/language"),
        ("context/statement", {"id": UUID1}, "/context/statement"),
        ("context/extensions", {"short": 1}, "/context/extensions/short"),
        ("timestamp", 1, "/timestamp"),
        ("stored", "yesterday", "/stored"),
        ("version", "0.9", "/version"),
        ("version", 1, "/version"),
        ("authority", {"objectType": "Group", "member": [ANN]}, "/authority"),
        ("attachments", {}, "/attachments"),
        ("attachments/0/sha2", "0", "/attachments/0/sha2"),
        ("attachments/0/length", -1, "/attachments/0/length"),
        ("attachments/0/length", True, "/attachments/0/length"),
        ("attachments/0/contentType", "text", "/attachments/0/contentType"),
        ("attachments/0/display", ..., "/attachments/0"),
    ],
)
def test_invalid_parts_are_refused_where_they_stand(path, value, at):
    assert problem(changed(path, value)).startswith(f"{at or 'The statement'}: ")


@pytest.mark.parametrize("value", [None, [], "statement", 1, {}])
def test_what_is_no_statement_is_refused(value):
    assert problem(value)


@pytest.mark.parametrize(
    "duration", ["P1Y2M3DT4H5M6S", "PT0.5S", "PT0,5S", "P2W", "PT36H", "P1.5D", "PT00H00M00.00S", "P3DT4H"]
)
def test_durations_pass(duration):
    check_statement(changed("result/duration", duration), Version.V1)


@pytest.mark.parametrize(
    "duration", ["P", "PT", "P1S", "1H", "PT1", "P1W2D", "-PT1S", "P1DT", "PT1H1H", "p1d", "PT٣S", 5]
)
def test_other_durations_are_refused(duration):
    assert problem(changed("result/duration", duration)).startswith("/result/duration: ")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-03-12T09:30:00Z", "2027-03-12T09:30:00.000000Z"),
        ("2027-03-12T09:30:00+02:00", "2027-03-12T07:30:00.000000Z"),
        ("2027-03-12T09:30:00-0330", "2027-03-12T13:00:00.000000Z"),
        ("2027-03-12T09:30:00+02", "2027-03-12T07:30:00.000000Z"),
        ("2027-03-12T09:30:00.1234567891Z", "2027-03-12T09:30:00.123456Z"),
        ("2027-03-12T09:30Z", "2027-03-12T09:30:00.000000Z"),
        ("2027-03-12t09:30:00z", "2027-03-12T09:30:00.000000Z"),
        ("2027-03-12T09:30:00", "2027-03-12T09:30:00.000000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
    ],
)
def test_timestamps_are_read(text, instant):
    check_statement(changed("timestamp", text), Version.V1)
    assert format_timestamp(parse_timestamp(text)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-12T09:30:00-00:00",
        "2027-03-12T09:30:00-00",
        "2027-03-12T24:00:00Z",
        "2027-W10-5T09:30:00Z",
        "2027-03-12",
        "2027-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2027-03-12T09:30:00+25:00",
        "2027-03-12 09:30:00Z",
        "٢٠٢٧-03-12T09:30:00Z",
        "",
        "2027-03-12T09:30:00." + "0" * 500 + "Z",
    ],
)
def test_other_timestamps_are_refused(text):
    """LRS-18."""
    assert problem(changed("timestamp", text)).startswith("/timestamp: ")


def test_sub_statements_hold_no_sub_statement_and_nothing_of_the_server():
    sub = {"objectType": "SubStatement", **statement()}
    for name, value in (("id", UUID1), ("stored", "2027-03-12T09:30:00Z"), ("version", "1.0.0"), ("authority", ANN)):
        assert problem(statement(object=sub | {name: value})).startswith(f"/object/{name}: ")
    assert problem(statement(object=sub | {"object": sub})).startswith("/object/object/objectType: ")


def test_voiding_needs_a_reference():
    voided = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    assert problem(statement(verb=voided)).startswith("/object: ")
    check_statement(statement(verb=voided, object={"objectType": "StatementRef", "id": UUID1}), Version.V1)


@pytest.mark.parametrize("name", ["revision", "platform"])
def test_revision_and_platform_are_of_activities(name):
    body = statement(object={"objectType": "Agent", **ANN}, context={name: "x"})
    assert problem(body).startswith(f"/context/{name}: ")


def test_context_agents_are_of_version_2():
    entry = {"objectType": "contextAgent", "agent": ANN, "relevantTypes": ["https://x.example/role"]}
    crew = {"objectType": "contextGroup", "group": {"objectType": "Group", "member": [ANN]}}
    body = statement(context={"contextAgents": [entry], "contextGroups": [crew]})
    check_statement(body, Version.V2)
    assert problem(body).startswith("/context/contextAgents: ")
    for broken in ({**entry, "relevantTypes": []}, {**entry, "agent": crew["group"]}, {"agent": ANN}):
        assert problem(statement(context={"contextAgents": [broken]}), Version.V2)


def test_versions_of_a_statement():
    check_statement(statement(version="2.0.0"), Version.V2)
    check_statement(statement(version="1.0.3"), Version.V2)
    assert problem(statement(version="2.0.0"), Version.V1).startswith("/version: ")


def test_a_batch_tells_which_statement_is_wrong():
    with pytest.raises(InvalidStatement, match=r"^/1/actor: "):
        check_batch([statement(), statement(actor=1)], Version.V1)


def test_a_pointer_from_a_long_name_is_cut():
    with pytest.raises(InvalidStatement) as caught:
        check_statement({"x" * 100_000: 1, **statement()}, Version.V1)
    assert len(caught.value.message) < 400


# --- generated statements ---------------------------------------------------------------------------------------------
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
iris = st.sampled_from(
    ["https://x.example/a", "urn:isbn:1", "tag:x.example,2027:ü", "http://adlnet.gov/expapi/verbs/passed"]
)
words = st.dictionaries(st.sampled_from(["en", "en-GB", "zh-Hant", "x-private"]), text, max_size=2)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
bags = st.dictionaries(iris, plain, max_size=2)
identities = st.sampled_from(
    [
        ANN,
        {"openid": "https://ann.example"},
        {"mbox_sha1sum": "0" * 40},
        {"account": {"homePage": "https://a.example", "name": "ann"}},
    ]
)
agents = st.builds(lambda i, extra: {**i, **extra}, identities, st.fixed_dictionaries({}, optional={"name": text}))
groups = st.builds(
    lambda m: {"objectType": "Group", "member": m}, st.lists(agents, min_size=1, max_size=2)
) | st.builds(lambda i: {"objectType": "Group", **i}, identities)
activities = st.fixed_dictionaries(
    {"id": iris},
    optional={
        "definition": st.fixed_dictionaries(
            {}, optional={"name": words, "description": words, "type": iris, "extensions": bags}
        )
    },
)
results = st.fixed_dictionaries(
    {},
    optional={
        "score": st.fixed_dictionaries({}, optional={"scaled": st.floats(-1, 1), "raw": st.integers()}),
        "success": st.booleans(),
        "response": text,
        "duration": st.sampled_from(["PT1S", "P2W"]),
        "extensions": bags,
    },
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "registration": st.uuids().map(str),
        "instructor": agents | groups,
        "team": groups,
        "language": st.sampled_from(["en", "de-CH"]),
        "contextActivities": st.dictionaries(
            st.sampled_from(["parent", "grouping", "category", "other"]), activities | st.lists(activities, max_size=2)
        ),
        "extensions": bags,
    },
)
bases = {"actor": agents | groups, "verb": st.fixed_dictionaries({"id": iris}, optional={"display": words})}
optional = {
    "result": results,
    "context": contexts,
    "timestamp": st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z".zfill(20)),
}
subs = st.fixed_dictionaries({**bases, "object": activities, "objectType": st.just("SubStatement")}, optional=optional)
refs = st.builds(lambda i: {"objectType": "StatementRef", "id": str(i)}, st.uuids())
valid = st.fixed_dictionaries(
    {**bases, "object": activities | groups | subs | refs}, optional={**optional, "id": st.uuids().map(str)}
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something could be changed."""
    found = [at] if at else []
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        found += paths(member, (*at, name))
    return found


def mutate(body: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """One part dropped, renamed, or replaced by anything."""
    body = copy.deepcopy(body)
    *parents, last = data.draw(st.sampled_from(paths(body)))
    part: Any = body
    for name in parents:
        part = part[name]
    match data.draw(st.sampled_from(["drop", "replace", "add"])):
        case "drop":
            del part[last]
        case "replace":
            part[last] = data.draw(plain)
        case _ if isinstance(part, dict):
            part[data.draw(text)] = data.draw(plain)
    return body


RELAXED = settings(max_examples=120, suppress_health_check=list(HealthCheck))


@contextmanager
def forgotten() -> Iterator[None]:
    """Nothing that an example stored is there for the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@RELAXED
@given(body=valid)
def test_generated_statements_are_accepted_and_come_back(lrs, body):
    with forgotten():
        response = lrs.post(body)
        assert response.status_code == 200, response.content
        (statement_id,) = response.json()
        back = lrs.get(statementId=statement_id).json()
        for name in ("actor", "verb", "result"):
            assert back.get(name) == body.get(name)
        for shape in ("ids", "canonical"):
            assert lrs.get(statementId=statement_id, format=shape).status_code == 200


@pytest.mark.django_db
@RELAXED
@given(body=valid, data=st.data())
def test_mutated_statements_are_stored_whole_or_refused(lrs, body, data):
    with forgotten():
        response = lrs.post(mutate(body, data))
        assert response.status_code in {200, 400}, response.content
        assert Statement.objects.count() == (1 if response.status_code == 200 else 0)


@pytest.mark.django_db
@RELAXED
@given(sent=st.binary(max_size=60) | plain.map(json.dumps))
def test_anything_else_is_refused(lrs, sent):
    response = lrs.post(sent)
    assert response.status_code == 400 or response.json() == []
