"""Each guard against what comes from people and machines."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.common import guards
from lms.common.guards import UnsafeInput

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), children, max_size=4
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_load_json_returns_what_was_written(value: object) -> None:
    assert guards.load_json(json.dumps(value)) == value


@given(st.binary(max_size=300))
def test_load_json_never_raises_anything_else(data: bytes) -> None:
    try:
        guards.load_json(data)
    except UnsafeInput as error:
        assert error.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested"),
        ('{"a": 1, "a": 2}', "twice"),
        ("1e400", "too large"),
        ("-1e400", "too large"),
        ("NaN", "not a JSON number"),
        ("Infinity", "not a JSON number"),
        ("9" * 5000, "digits"),
        ('"\\u0000"', "NUL"),
        ('{"\\u0000": 1}', "NUL"),
        ('"\\ud800"', "surrogate"),
        ("{", "line 1, column"),
        ("", "line 1, column"),
    ],
)
def test_load_json_refuses_and_says_why(text: str, words: str) -> None:
    with pytest.raises(UnsafeInput) as caught:
        guards.load_json(text.encode())
    assert words in caught.value.message


def test_load_json_counts_no_brackets_in_strings() -> None:
    text = json.dumps(["[" * 1000, '\\"[[['])
    assert guards.load_json(text) == ["[" * 1000, '\\"[[[']


def test_load_json_refuses_more_bytes_than_allowed() -> None:
    with pytest.raises(UnsafeInput, match="at most 10"):
        guards.load_json(b'"0123456789"', max_bytes=10)


def test_load_json_names_the_byte_that_is_not_utf8() -> None:
    with pytest.raises(UnsafeInput, match="byte 1"):
        guards.load_json(b'"\xff"')


@given(st.text(max_size=2000))
def test_clean_search_query_leaves_words_only(text: str) -> None:
    query = guards.clean_search_query(text)
    assert len(query) <= 100
    assert len(query.split()) <= 12
    assert all(character.isalnum() or character == " " for character in query)


@pytest.mark.parametrize(
    ("text", "query"), [('"', ""), ("'\">", ""), ("\x00", ""), ("sizing  hot-node", "sizing hot node")]
)
def test_clean_search_query_examples(text: str, query: str) -> None:
    assert guards.clean_search_query(text) == query


def test_clean_name_puts_a_name_on_one_line() -> None:
    assert guards.clean_name("  Ann\n\tLee\u202egnp.exe ") == "Ann Leegnp.exe"


def test_clean_name_composes_characters() -> None:
    assert guards.clean_name("Lê Thị") == "Lê Thị"


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800"])
def test_clean_name_refuses_what_cannot_be_stored(text: str) -> None:
    with pytest.raises(UnsafeInput):
        guards.clean_name(text)


@given(st.text(max_size=50))
def test_clean_cell_is_never_a_formula(text: str) -> None:
    """OUT-01: also after a round trip through a CSV file."""
    out = io.StringIO()
    csv.writer(out).writerow([guards.clean_cell(text)])
    cell = next(csv.reader(io.StringIO(out.getvalue())))[0] if out.getvalue().strip() else ""
    assert not cell.strip().startswith(("=", "+", "-", "@", "＝"))
    assert "\x00" not in cell


def test_clean_cell_leaves_numbers_alone() -> None:
    assert guards.clean_cell(-3) == -3
