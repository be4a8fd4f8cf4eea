"""PDF and SVG made by strangers: what costs much to read is refused before it is read."""

import io
import tracemalloc

import pytest
from pypdf import PdfWriter
from pypdf.generic import TextStringObject

from badges import baking, carriers
from badges.baking import NotBaked
from badges.carriers import Unreadable

BIG = 20_000_000


def pdf(*contents: bytes, names: tuple[str, ...] = ("badge.json",)) -> bytes:
    """A PDF with attachments that are packed; the names are that in the list of files and, if given, its own."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for number, content in enumerate(contents):
        attached = writer.add_attachment(f"{number}{names[0]}", content)
        embedded = attached._embedded_file
        writer._replace_object(embedded.indirect_reference, embedded.flate_encode())
        attached.alternative_name = TextStringObject(names[-1] if len(names) > 1 else f"{number}{names[0]}")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["badge.json", "notes.txt"])
def test_attachments_that_are_no_badge_are_not_unpacked(name: str) -> None:
    """Three of 20 MB here; 140 of 70 MB fit into the 10 MB that may be handed in."""
    data = pdf(*[b" " * BIG] * 3, names=(name,))
    assert len(data) < 200_000
    tracemalloc.start()
    with pytest.raises(Unreadable, match=r"More than one|No badge"):
        carriers.open_carrier(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < BIG


def test_one_attachment_with_two_names_is_one() -> None:
    assert carriers.open_carrier(pdf(b'{"a": 1}', names=("badge.json", "credential.json"))).text == '{"a": 1}'


@pytest.mark.parametrize("part", ["<a/>", '<a b=""/>'])
def test_svg_of_nothing_but_parts_is_not_parsed(part: str) -> None:
    with pytest.raises(NotBaked, match="too many parts"):
        baking.from_svg(f"<svg>{part * 60_000}</svg>".encode())
