"""The guard for XML: what is hostile is refused before it costs anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.common import xmltree
from lms.common.guards import UnsafeInput
from lms.common.xmltree import Node, load_xml

BOMB = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
EXTERNAL = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def test_tree_has_names_attributes_text_and_lines() -> None:
    root = load_xml(b'<?xml version="1.0"?>\n<a xmlns="urn:x" b="1">one<c/>two\n<!-- no --><d xml:id="e">f</d></a>')
    assert (root.name, root.namespace, root.get("b"), root.get("z", "?"), root.text) == ("a", "urn:x", "1", "?", "one")
    assert [(node.name, node.line, node.tail.strip()) for node in root.children] == [("c", 2, "two"), ("d", 3, "")]
    assert (root.words, root.all("d")[0].get("id")) == ("onetwo\nf", "e")
    assert root.find("d") is root.first("d")
    assert root.find("d", "nothing") is None
    assert [node.name for node in root.walk()] == ["a", "c", "d"]


def test_tree_reads_other_encodings() -> None:
    assert load_xml('<?xml version="1.0" encoding="windows-1252"?><a>ä…</a>'.encode("windows-1252")).text == "ä…"
    assert load_xml("<a>ä</a>".encode("utf-16")).text == "ä"


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        EXTERNAL,
        b'<!DOCTYPE a SYSTEM "http://halden.example/a.dtd"><a/>',
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://halden.example/p">%p;]><a/>',
    ],
    ids=["bomb", "external entity", "external type", "bare type", "parameter entity"],
)
def test_types_and_entities_are_refused(data: bytes) -> None:
    """UP-05."""
    with pytest.raises(UnsafeInput, match="document type or entities"):
        load_xml(data)


def test_xinclude_is_text_like_any_other() -> None:
    """UP-05: nothing is fetched; the element is an element."""
    root = load_xml(b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></a>')
    assert (root.children[0].name, root.words) == ("include", "")


def test_depth_size_and_number_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """UP-05: 50 MB, 10,000 levels."""
    with pytest.raises(UnsafeInput, match="deep"):
        load_xml(b"<a>" * 10_000 + b"</a>" * 10_000)
    with pytest.raises(UnsafeInput, match="at most"):
        load_xml(b"<a>" + b" " * 50_000_000 + b"</a>")
    monkeypatch.setattr(xmltree, "MAX_NODES", 10)
    with pytest.raises(UnsafeInput, match="more than 10 elements"):
        load_xml(b"<a>" + b"<b/>" * 10 + b"</a>")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<a><b></a>", "line 1, column 9"),
        (b"", "not well formed"),
        (b"<a>&nbsp;</a>", "not well formed"),
        (b"\x00\x01", "not well formed"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "encoding|well formed"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "encoding|well formed"),
    ],
)
def test_broken_xml_is_refused_with_its_place(data: bytes, words: str) -> None:
    with pytest.raises(UnsafeInput, match=words):
        load_xml(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(noise: bytes) -> None:
    for data in (noise, b"<a>" + noise + b"</a>", b"<?xml version='1.0'?><a b='" + noise + b"'/>"):
        try:
            root = load_xml(data)
        except UnsafeInput:
            continue
        assert isinstance(root, Node)
