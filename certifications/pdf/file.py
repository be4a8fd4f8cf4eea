"""What every PDF of ours has in common, in reportlab's document: the end of a page, the catalogue, the signature."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reportlab import rl_config
from reportlab.pdfbase.pdfdoc import PDFArray
from reportlab.pdfgen.canvas import Canvas

from certifications.pdf.archive import pdf_date
from certifications.pdf.cms import Signer, sign_detached
from certifications.pdf.objects import Dictionary, string
from certifications.pdf.setting import Page

rl_config.useA85 = 0  # streams as they are: a fifth smaller, and no time for text armour that nobody reads

_RANGE = "/ByteRange [0 9999999999 9999999999 9999999999]"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Who signs, and when he says he did."""

    signer: Signer
    at: datetime


class PlainCanvas(Canvas):
    """A canvas that does not name Helvetica on each page: every font in the file is embedded."""

    def _make_preamble(self) -> None:
        self._preamble = "1 0 0 1 0 0 cm"


def finish_page(page: Page) -> None:
    """Writes the page, with what reportlab's own page leaves out: tags, their order, annotations, images."""
    document = page.canvas._doc
    page.canvas.showPage()
    made = document.idToObject[f"Page{page.structure.page_number}"]
    if page.images:
        made.XObjects = Dictionary(page.images)
    made.Annots = page.structure.annotations
    add_entries(made, {"StructParents": page.structure.page_key, "Tabs": "/S"})


def add_entries(thing: Any, entries: dict[str, Any]) -> None:
    """reportlab's page and catalogue write a fixed list of entries; ours are added to it."""
    thing.__NoDefault__ = [*thing.__NoDefault__, *entries]
    for name, value in entries.items():
        setattr(thing, name, PDFArray(value) if isinstance(value, list) else value)


@dataclass(frozen=True, kw_only=True)
class Field:
    """The signature field: its value, and the catalogue's entries that tell of it."""

    value: Dictionary
    entries: dict[str, Any]
    room: int


def signature_field(page: Page, seal: Seal) -> Field:
    """An invisible field whose value has a hole for the signature, and allows no change after it (DocMDP, P 1)."""
    document = page.canvas._doc
    reference = "[<</Type /SigRef /TransformMethod /DocMDP /TransformParams <</Type /TransformParams /P 1 /V /1.2>>>>]"
    value = Dictionary(
        {
            "Type": "/Sig",
            "Filter": "/Adobe.PPKLite",
            "SubFilter": "/ETSI.CAdES.detached",
            "ByteRange": _RANGE.removeprefix("/ByteRange "),
            "Contents": "<" + "00" * seal.signer.room + ">",
            "M": string(pdf_date(seal.at.astimezone(UTC))),
            "Reference": reference,
        }
    )
    signed = document.Reference(value)
    says = "Digital signature of the issuer"
    members = {"FT": "/Sig", "T": string("Signature"), "TU": string(says), "F": 132, "V": signed}
    with page.structure.annotation("Form", members, says=says, box=(0, 0, 0, 0)) as field:
        pass
    entries = {
        "AcroForm": Dictionary({"Fields": [field], "SigFlags": 3}),
        "Perms": Dictionary({"DocMDP": signed}),
    }
    return Field(value=value, entries=entries, room=seal.signer.room)


def sign_file(unsigned: bytes, document: Any, field: Field, seal: Seal) -> bytes:
    """Fills the hole: the signature is over everything but itself (ISO 32000-1, 12.8.1)."""
    data = bytearray(unsigned)
    start = document.idToOffset[document.Reference(field.value).name]
    first = data.index(b"/Contents <", start) + len("/Contents ")
    last = first + 2 * field.room + 2
    place = data.index(_RANGE.encode(), start)
    text = f"/ByteRange [0 {first} {last} {len(data) - last}]".encode()
    data[place : place + len(_RANGE)] = text.ljust(len(_RANGE))
    digest = hashlib.sha256(memoryview(data)[:first])
    digest.update(memoryview(data)[last:])
    signature = sign_detached(seal.signer, digest.digest()).hex().encode()
    data[first + 1 : first + 1 + len(signature)] = signature
    return bytes(data)
