"""Words into boxes, in any script: they shrink, wrap, and never leave the box."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.assets.branding.fitting import Room, Setter, is_right_to_left

SETTER = Setter(weight=400, country="")
SCRIPTS = "abcßÆ ﬁ żǻ Ωλ Жщ שלום مرحبا नमस्ते தமிழ் ไทยก็ 東京 한국어 ខ្មែរ 🙂 - & <b>"


def _lines(block) -> list[str]:
    return [line.text for line in block.lines]


def test_short_text_takes_the_largest_size():
    block = SETTER.fit(["Nordwind"], Room(200, 30, 7, 14, 2))

    assert (block.size, _lines(block), block.is_cut) == (14, ["Nordwind"], False)


def test_longer_text_shrinks_on_one_line_before_it_is_wrapped():
    block = SETTER.fit(["Nordwind Systems and Partners"], Room(180, 60, 7, 14, 3))

    assert _lines(block) == ["Nordwind Systems and Partners"]
    assert 9.8 <= block.size < 14


def test_long_text_is_wrapped_at_blanks_in_the_largest_size_that_fits():
    block = SETTER.fit(["Gesellschaft für Unternehmensberatung und Systemintegration"], Room(150, 60, 7, 14, 3))

    assert " ".join(_lines(block)) == "Gesellschaft für Unternehmensberatung und Systemintegration"
    assert len(block.lines) > 1
    assert not block.is_cut


def test_word_too_long_for_a_line_is_broken_between_letters_and_not_from_their_marks():
    block = SETTER.fit(["e\u0301" * 60], Room(100, 200, 9, 14, 9))

    assert "".join(_lines(block)) == "e\u0301" * 60
    assert all(line.startswith("e\u0301") for line in _lines(block))


def test_text_that_fits_in_no_size_is_cut_with_an_ellipsis():
    block = SETTER.fit(["Word " * 100], Room(100, 20, 7, 14, 2))

    assert block.is_cut
    assert _lines(block)[-1].endswith("…")
    assert block.size == 7


def test_nothing_takes_no_room():
    block = SETTER.fit(["", "  "], Room(100, 20, 7, 14, 2))

    assert (block.lines, block.height, block.width) == ((), 0, 0)


@given(
    texts=st.lists(st.text(st.sampled_from(SCRIPTS), max_size=60), min_size=1, max_size=3),
    wide=st.floats(12, 400),
    high=st.floats(8, 120),
    smallest=st.floats(5, 9),
    more=st.floats(0, 20),
    lines=st.integers(1, 6),
)
@settings(max_examples=25)
def test_words_never_leave_their_box(texts, wide, high, smallest, more, lines):
    block = SETTER.fit(texts, Room(wide, high, smallest, smallest + more, lines))

    assert block.width <= wide + 0.02
    assert block.height <= high + 0.02
    assert len(block.lines) <= lines
    assert block.size <= smallest + more
    if not block.is_cut:
        assert "".join("".join(_lines(block)).split()) == "".join("".join(texts).split())


@pytest.mark.parametrize(
    "text, is_rtl", [("Nordwind", False), ("مرحبا Solutions", True), ("(שלום)", True), ("12 – 4", False)]
)
def test_direction_is_that_of_the_first_strong_letter(text, is_rtl):
    assert is_right_to_left(text) is is_rtl
