"""The certificate as one file: page, tags, metadata, attachments and the signature, in reportlab's document."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

from reportlab import rl_config
from reportlab.lib.pagesizes import A4, LETTER, landscape
from reportlab.pdfbase.pdfdoc import PDFArray
from reportlab.pdfgen.canvas import Canvas

from certifications.pdf.archive import PRODUCER, About, Attachment, archive, attach, pdf_date
from certifications.pdf.cms import Signer, sign_detached
from certifications.pdf.layouts import LAYOUTS, Sheet
from certifications.pdf.objects import Dictionary, string
from certifications.pdf.setting import Page
from certifications.snapshot import Snapshot

rl_config.useA85 = 0  # streams as they are: a fifth smaller, and no time for text armour that nobody reads

PAPERS = {"a4": landscape(A4), "letter": landscape(LETTER)}
_RANGE = "/ByteRange [0 9999999999 9999999999 9999999999]"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Who signs, and when he says he did."""

    signer: Signer
    at: datetime


class _Canvas(Canvas):
    """A canvas that does not name Helvetica on each page: every font in the file is embedded."""

    def _make_preamble(self) -> None:
        self._preamble = "1 0 0 1 0 0 cm"


def draw_certificate(
    snapshot: Snapshot,
    *,
    credential_id: str,
    verify_url: str,
    attachments: Iterable[Attachment] = (),
    seal: Seal | None = None,
) -> bytes:
    """The certificate as tagged PDF/A-3a and PDF/UA-1, with `attachments` inside and signed when there is a `seal`.

    The same arguments give the same bytes; text stands in reading order.
    """
    target = BytesIO()
    size = PAPERS[snapshot.design.paper]
    canvas: Any = _Canvas(target, pagesize=size, invariant=1, pageCompression=1, lang="en-GB", pdfVersion=(1, 7))
    canvas.setViewerPreference("DisplayDocTitle", "true")
    document = canvas._doc
    page = Page(canvas, snapshot.country)
    LAYOUTS[snapshot.design.layout](page, Sheet(said=snapshot, credential_id=credential_id, verify_url=verify_url))
    field = _signature_field(page, seal) if seal else None
    about = About(
        title=f"{snapshot.title}: {snapshot.holder_name}",
        author=snapshot.issuer_name or PRODUCER,
        subject=f"Certificate {credential_id}",
        made_at=datetime.combine(snapshot.issued, time.min, UTC),
    )
    entries = archive(document, about)
    entries |= attach(document, attachments)
    entries |= {"MarkInfo": Dictionary({"Marked": "true"}), "StructTreeRoot": page.structure.close()}
    if field is not None:
        entries |= field.entries
    _finish_page(page)
    _add_entries(document.Catalog, entries)
    canvas.save()
    return _sign(target.getvalue(), document, field, seal) if seal and field else target.getvalue()


def _finish_page(page: Page) -> None:
    """Writes the page, with what reportlab's own page leaves out: tags, their order, annotations, images."""
    document = page.canvas._doc
    page.canvas.showPage()
    made = document.idToObject["Page1"]
    if page.images:
        made.XObjects = Dictionary(page.images)
    made.Annots = page.structure.annotations
    _add_entries(made, {"StructParents": 0, "Tabs": "/S"})


def _add_entries(thing: Any, entries: dict[str, Any]) -> None:
    """reportlab's page and catalogue write a fixed list of entries; ours are added to it."""
    thing.__NoDefault__ = [*thing.__NoDefault__, *entries]
    for name, value in entries.items():
        setattr(thing, name, PDFArray(value) if isinstance(value, list) else value)


@dataclass(frozen=True, kw_only=True)
class _Field:
    """The signature field: its value, and the catalogue's entries that tell of it."""

    value: Dictionary
    entries: dict[str, Any]
    room: int


def _signature_field(page: Page, seal: Seal) -> _Field:
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
    return _Field(value=value, entries=entries, room=seal.signer.room)


def _sign(unsigned: bytes, document: Any, field: _Field, seal: Seal) -> bytes:
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
