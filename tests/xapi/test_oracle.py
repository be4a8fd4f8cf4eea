"""The two validators of the code and the oracle of the tests agree about valid and nearly valid statements."""

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lms.common.guards import UnsafeInput
from lms.xapi.errors import InvalidStatement, TooLarge
from lms.xapi.validation import Version, check_statement, read_statement, read_statements
from lms.xapi.validation.compiled import is_valid
from tests.xapi.factories import statement
from tests.xapi.oracle import is_statement
from tests.xapi.test_validation import FULL, paths, plain, valid

QUICK = settings(max_examples=400, suppress_health_check=list(HealthCheck))
VERSIONS = {1: Version.V1, 2: Version.V2}
VOIDED = "http://adlnet.gov/expapi/verbs/voided"

# What is nearly a value of each kind of the specification, and some that are one though they look odd.
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        1.0,
        1.5,
        -1.01,
        10**30,
        "",
        " ",
        "x",
        "X",
        [],
        [None],
        {},
        {"a": 1},
        {"en": 1},
        {"en": "x"},
    ),
    *(
        "Agent",
        "agent",
        "Group",
        "Activity",
        "activity",
        "StatementRef",
        "SubStatement",
        "Person",
        "contextAgent",
        "contextGroup",
    ),
    *("choice", "Choice", "matching", "other", "true-false", "numeric"),
    *("1.0", "1.0.3", "1.0.", "1.1", "2.0", "2.0.0", "2.0.0 ", "0.9", "١.0"),
    *("mailto:a@b", "MAILTO:a@b", "mailto:a", "mailto:@b", "mailto:a@b@c", "mailto:a b@c", "a@b", "mailto:a@b\n"),
    *(
        "http:",
        "http:x",
        "http://a b",
        "1http://x",
        "h+-.1:x",
        "http://é.example/ü",
        "://x",
        "urn:x",
        "http://x\n",
        "http://<x>",
    ),
    *("a" * 40, "A" * 40, "a" * 39, "g" * 40, "0" * 56, "0" * 64, "0" * 96, "0" * 128, "0" * 65, "a" * 40 + "\n"),
    *(
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "6BA7B810-9DAD-F1D1-00B4-00C04FD430C8",
        "6ba7b8109dad11d180b400c04fd430c8",
    ),
    *(
        "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c",
        "٦ba7b810-9dad-11d1-80b4-00c04fd430c8",
    ),
    *(
        "en",
        "EN-gb",
        "zh-Hant-TW",
        "de-CH-1996",
        "sl-rozaj-biske",
        "x-whatever",
        "en-x-a",
        "a",
        "en-",
        "en_GB",
        "en-a",
        "en-a-bb",
    ),
    *("abcdefghi", "en-12", "es-419", "zh-cmn-Hans-CN", "i-klingon", "en\n", "x", "12", "en-aaaaaaaaa"),
    *(
        "P1Y",
        "P",
        "PT",
        "P1M2D",
        "P2D1M",
        "PT1H2M3S",
        "PT1.5S",
        "PT1,5S",
        "P1W",
        "P1W1D",
        "P1WT1S",
        "pt1s",
        "P1.D",
        "PT.5S",
        "PT1S\n",
    ),
    *("2027-03-12T09:30:00Z", "2027-03-12t09:30:00z", "2027-03-12 09:30:00Z", "2027-03-12", "2027-02-29T00:00:00Z"),
    *("2027-03-12T24:00:00Z", "2027-03-12T23:59:60Z", "2027-03-12T23:59:61Z", "2027-03-12T09:30Z", "2027-03-12T09Z"),
    *(
        "2027-03-12T09:30:00.123456789+05:30",
        "2027-03-12T09:30:00-00:00",
        "2027-03-12T09:30:00-0000",
        "2027-03-12T09:30:00-00",
    ),
    *(
        "2027-03-12T09:30:00+24:00",
        "2027-03-12T09:30:00+2:00",
        "2027-03-12T09:30:00.Z",
        "2027-03-12T09:30:00",
        "2027-W10-5T09:30:00Z",
    ),
    *(
        "text/plain",
        "text",
        "text/",
        "text/plain; charset=utf-8",
        "text/plain\n",
        "text /plain",
        "a/b/c",
        "text/plain ; x",
    ),
    *(
        {"mbox": "mailto:a@b"},
        {"mbox": "mailto:a@b", "openid": "http://x"},
        {"objectType": "Agent", "mbox": "mailto:a@b"},
    ),
    *(
        {"objectType": "Group"},
        {"objectType": "Group", "member": []},
        {"objectType": "Group", "member": [{"mbox": "mailto:a@b"}]},
    ),
    *({"objectType": "Group", "mbox": "mailto:a@b", "member": []}, {"member": [{"mbox": "mailto:a@b"}]}, {"name": "x"}),
    *(
        {"id": "http://x"},
        {"id": "x"},
        {"id": "http://x", "objectType": "Activity"},
        {"id": "http://x", "definition": {}},
    ),
    *({"objectType": "StatementRef", "id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, {"objectType": "StatementRef"}),
    *(
        {"id": "http://x", "definition": {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "a"}]}},
        {"id": VOIDED},
    ),
    *(
        {"id": "http://x", "definition": {"choices": []}},
        {"id": "http://x", "definition": {"interactionType": "likert", "scale": []}},
    ),
    *(
        {"min": 1, "max": 1},
        {"min": 2, "max": 1},
        {"raw": 3, "max": 2},
        {"raw": 1, "min": 2},
        {"scaled": 1, "raw": 0},
        {"scaled": True},
    ),
    *(
        {"homePage": "http://x", "name": ""},
        {"homePage": "http://x"},
        {"homePage": "x", "name": "n"},
        {"http://x": None},
        {"x": 1},
    ),
    [{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@b"}}],
    [{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@b"}, "relevantTypes": []}],
    [{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@b"}, "relevantTypes": ["http://x"]}],
    [{"objectType": "contextGroup", "group": {"objectType": "Group", "mbox": "mailto:a@b"}}],
    [{"objectType": "contextGroup", "group": {"mbox": "mailto:a@b"}}],
]
NAMES = [
    *(
        "actor",
        "verb",
        "object",
        "result",
        "context",
        "timestamp",
        "stored",
        "authority",
        "version",
        "attachments",
        "id",
        "objectType",
    ),
    *(
        "name",
        "mbox",
        "mbox_sha1sum",
        "openid",
        "account",
        "member",
        "homePage",
        "display",
        "definition",
        "description",
        "type",
    ),
    *(
        "moreInfo",
        "extensions",
        "interactionType",
        "correctResponsesPattern",
        "choices",
        "scale",
        "source",
        "target",
        "steps",
    ),
    *(
        "score",
        "success",
        "completion",
        "response",
        "duration",
        "scaled",
        "raw",
        "min",
        "max",
        "registration",
        "instructor",
    ),
    *(
        "team",
        "contextActivities",
        "parent",
        "revision",
        "platform",
        "language",
        "statement",
        "contextAgents",
        "contextGroups",
    ),
    *("relevantTypes", "Actor", "ID", "x"),
]


def nearly(draw: Any, body: Any) -> Any:
    """A statement with one to three parts dropped, replaced, added or exchanged."""
    body = json.loads(json.dumps(body))
    for _ in range(draw(st.integers(1, 3))):
        places = paths(body)
        if not places:
            return body
        *parents, last = draw(st.sampled_from(places))
        part = body
        for name in parents:
            part = part[name]
        match draw(st.sampled_from(["drop", "replace", "replace", "add", "move"])):
            case "drop":
                del part[last]
            case "replace":
                part[last] = deepcopy(draw(st.sampled_from(ODD) | plain))
            case "add" if isinstance(part, dict):
                part[draw(st.sampled_from(NAMES))] = deepcopy(draw(st.sampled_from(ODD)))
            case "move" if isinstance(part, dict):
                part[draw(st.sampled_from(NAMES))] = part.pop(last)
    return body


nearly_valid = st.composite(lambda draw: nearly(draw, draw(valid | st.just(FULL))))()


def checked(body: Any, version: Version) -> bool:
    try:
        check_statement(body, version)
    except InvalidStatement:
        return False
    return True


def read(text: bytes, version: Version) -> bool:
    try:
        return read_statement(text, version).text == text
    except (InvalidStatement, UnsafeInput):
        return False


def agree(body: Any, versions: Iterable[int] = VERSIONS) -> None:
    for number, version in ((number, VERSIONS[number]) for number in versions):
        said, text = is_statement(body, number), json.dumps(body).encode()
        verdicts = {"checker": checked(body, version), "compiled": is_valid(text, version), "read": read(text, version)}
        assert verdicts == dict.fromkeys(verdicts, said), (number, body)


@QUICK
@given(body=valid)
@example(body=FULL)
@example(body=statement())
def test_valid_statements_are_valid_to_all(body):
    assert is_statement(body, 1)
    agree(body)


@settings(QUICK, max_examples=800)
@given(body=nearly_valid)
def test_all_agree_about_nearly_valid_statements(body):
    agree(body)


PLACES = paths(FULL)


def with_part(path: tuple[Any, ...], value: Any) -> Any:
    """The full statement with the part at `path` replaced, or (`...`) dropped."""
    body = json.loads(json.dumps(FULL))
    *parents, last = path
    part = body
    for name in parents:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return body


def differing(path: tuple[Any, ...]) -> Iterable[int]:
    """Both versions where they differ; elsewhere one is enough."""
    return VERSIONS if {*path[:1]} & {"context", "version"} else [1]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: "/".join(map(str, path)))
def test_all_agree_about_each_odd_value_in_each_place(path):
    for odd in [..., *ODD]:
        agree(with_part(path, odd), differing(path))


OBJECTS = sorted({path[:-1] for path in PLACES if isinstance(path[-1], str)}, key=str)


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: "/".join(map(str, path)))
def test_all_agree_about_each_odd_name_in_each_object(path):
    """Names are case-sensitive, and none may be unknown or in the wrong place."""
    for name in NAMES:
        for odd in ("x", {"mbox": "mailto:a@b"}, [], "http://x"):
            agree(with_part((*path, name), odd), differing(path))


# --- What JSON can hide from a quick reader ---

GOOD = json.dumps(statement(), separators=(",", ":")).encode()


def with_extension(text: bytes) -> bytes:
    """A statement whose result has an extension with this JSON as its value."""
    return GOOD[:-1] + b',"result":{"extensions":{"http://x":' + text + b"}}}"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a" :2}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":1},"a":{"b":1}}',
        b'[{"a":1,"a":2},{"b" :1}]',
        b'[{"a":1,"a":2},{"b"\n:1}]',
        b'[{"a":1,"a":2},{"x":"\\u0022:"}]',
        b'[{"a":1,"a":2},{"x":"\\":"}]',
        b'[{"a":1,"a":2},{"\\\\":1}]',
        b'[{"a":1,"a":2},"\\\\\\":"]',
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b"1e400",
        b"-1e400",
        b"1" + b"0" * 5000,
        b"NaN",
        b"Infinity",
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000 + b"]" * 100_000,
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\x00"',
        b'"\n"',
        b"[1,]",
        b"01",
        b"'a'",
        b"{a:1}",
        b"//x\n1",
        b"\xef\xbb\xbf1",
        b"",
    ],
)
@pytest.mark.parametrize("version", Version)
def test_what_should_not_be_digested_is_refused(text, version):
    """LRS-13, LRS-14, LRS-15: the quick reader lets nothing pass that the careful one refuses."""
    sent = with_extension(text)
    with pytest.raises(UnsafeInput):
        read_statement(sent, version)
    with pytest.raises(UnsafeInput):
        read_statements(b"[" + GOOD + b"," + sent + b"]", version, most=10)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a" : 1, "b" : [ 1 , 2 ]}',
        b'{"a":"\\":","b":"\\\\"}',
        b'"\\u00e9 \\u0022 \\u002f \\ud83d\\ude00"',
        b"[" * 50 + b"]" * 50,
        b"12345678901234567890123",
        b"1e2",
        b"-0.0",
        b"[" + b"[]," * 200 + b"[]]",
        b'{"a":{"a":{"a":1}}}',
        b'"\xf0\x9f\x98\x80"',
    ],
)
def test_odd_but_good_json_is_kept_as_it_is(text):
    sent = with_extension(text)
    assert read_statement(sent, Version.V1).text == sent
    assert [one.text for one in read_statements(b" [" + GOOD + b",\n" + sent + b"] ", Version.V1, most=10)] == [
        GOOD,
        sent,
    ]


@settings(QUICK, max_examples=600)
@given(data=st.data())
def test_names_that_stand_twice_are_found_however_they_are_written(data):
    """Members of nested objects, each name written in one of several ways; the reader refuses exactly real doubles."""
    ways = st.sampled_from(['"{0}":', '"{0}" :', '"{0}"\n:', "escaped"])

    def written(names: list[str]) -> str:
        parts = []
        for name in names:
            way = data.draw(ways)
            escaped = "".join(f"\\u{ord(sign):04x}" for sign in name)
            head = f'"{escaped}":' if way == "escaped" else way.format(name)
            value = data.draw(st.sampled_from(["1", '"\\":"', '"\\u0022:"', '{"a":1}', '"a\\\\"']))
            parts.append(head + value)
        return "{" + ",".join(parts) + "}"

    lists = data.draw(st.lists(st.lists(st.sampled_from("abc"), max_size=4), min_size=1, max_size=3))
    text = with_extension(f"[{','.join(map(written, lists))}]".encode())
    assert read(text, Version.V1) == all(len(set(names)) == len(names) for names in lists)


def test_a_body_of_one_and_of_many():
    assert [one.value for one in read_statements(b"\xef\xbb\xbf " + GOOD, Version.V1, most=1)] == [statement()]
    assert read_statements(b" [ ] ", Version.V1, most=1) == []
    with pytest.raises(TooLarge):
        read_statements(b"[" + GOOD + b"," + GOOD + b"]", Version.V1, most=1)
    with pytest.raises(TooLarge):
        read_statements(b"[" + b" " * 2_000_000 + b"]", Version.V1, most=1)
    with pytest.raises(InvalidStatement):
        read_statements(b"[" + GOOD + b"]", Version.V1, most=1, as_list=False)
    for broken in (b"[", b"[" + GOOD, b"[1,,2]", b"[" * 100_000, b"", b"[\xff]", b"[{]"):
        with pytest.raises((UnsafeInput, InvalidStatement)):
            read_statements(broken, Version.V1, most=10)
