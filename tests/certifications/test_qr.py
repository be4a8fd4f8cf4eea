"""Our QR codes are those of a library we did not write, module by module."""

import string

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from certifications.pdf.qr import qr_rows


def theirs(text: str) -> list[bytes]:
    drawn = segno.make(text, error="m", mask=2, micro=False, boost_error=False)
    return [bytes(row) for row in drawn.matrix]


@pytest.mark.parametrize("length", [1, 14, 15, 26, 27, 42, 43, 61, 62, 63, 84, 85, 106, 107, 300])
def test_codes_of_every_version_are_the_same(length: int) -> None:
    text = ("https://partners.halden.example/verify/" + "x-_9Z" * 60)[:length]
    assert qr_rows(text) == theirs(text)


@given(st.text(string.ascii_letters + string.digits + "-_", min_size=22, max_size=22))
def test_numbers_of_certificates_are_drawn_the_same(number: str) -> None:
    text = f"https://partners.halden.example/verify/{number}/"
    assert qr_rows(text) == theirs(text)


@pytest.mark.parametrize("text", ["0123456789", "HALDEN 1", "https://grüße.example/verify/x/"])
def test_what_is_no_plain_address_is_left_to_the_library(text: str) -> None:
    assert qr_rows(text) == theirs(text)
