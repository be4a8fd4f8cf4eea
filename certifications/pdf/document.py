"""The certificate as one file: page, tags, metadata, attachments and the signature, in reportlab's document."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4, LETTER, landscape

from certifications.pdf.archive import PRODUCER, About, Attachment, archive, attach
from certifications.pdf.file import PlainCanvas, Seal, add_entries, finish_page, sign_file, signature_field
from certifications.pdf.layouts import LAYOUTS, Sheet
from certifications.pdf.objects import Dictionary
from certifications.pdf.setting import Page
from certifications.snapshot import Snapshot

PAPERS = {"a4": landscape(A4), "letter": landscape(LETTER)}


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
    canvas: Any = PlainCanvas(target, pagesize=size, invariant=1, pageCompression=1, lang="en-GB", pdfVersion=(1, 7))
    canvas.setViewerPreference("DisplayDocTitle", "true")
    document = canvas._doc
    page = Page(canvas, snapshot.country)
    LAYOUTS[snapshot.design.layout](page, Sheet(said=snapshot, credential_id=credential_id, verify_url=verify_url))
    field = signature_field(page, seal) if seal else None
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
    finish_page(page)
    add_entries(document.Catalog, entries)
    canvas.save()
    return sign_file(target.getvalue(), document, field, seal) if seal and field else target.getvalue()
