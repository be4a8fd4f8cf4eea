"""A paper of headings, paragraphs and tables: as many pages as it takes, tagged, the same bytes each time."""

import re
from datetime import UTC, datetime
from io import BytesIO

from pypdf import PdfReader

from certifications.pdf import Paper

AT = datetime(2026, 11, 16, tzinfo=UTC)


def paper(rows: int) -> bytes:
    made = Paper(title="Kestrel: report", author="Halden", subject="A test", made_at=AT)
    made.heading("Figures")
    made.paragraph("Words " * 900)
    made.table(("Name", "Value"), [[f"Row {number}", "long " * 80] for number in range(rows)], widths=(1, 2))
    return made.save()


def test_it_goes_on_over_pages_and_heads_come_again() -> None:
    reader = PdfReader(BytesIO(paper(60)))
    texts = [page.extract_text() for page in reader.pages]
    assert len(texts) > 3
    assert all("Name" in text and "Value" in text for text in texts[2:])
    assert re.findall(r"Row (\d+)", " ".join(texts)) == [str(number) for number in range(60)]
    assert reader.metadata is not None
    assert reader.metadata.title == "Kestrel: report"


def test_a_cell_that_is_too_long_is_cut() -> None:
    assert "…" in PdfReader(BytesIO(paper(1))).pages[-1].extract_text()


def test_the_same_calls_give_the_same_bytes() -> None:
    assert paper(9) == paper(9)


def test_every_page_has_its_tags_in_the_one_tree() -> None:
    reader = PdfReader(BytesIO(paper(60)))
    root = reader.trailer["/Root"]
    tree = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    keys = tree[::2]
    assert keys == sorted(keys)
    assert [page["/StructParents"] for page in reader.pages] == [key for key in keys if key == 0 or key > 1_000_000]
    document = root["/StructTreeRoot"]["/K"][0].get_object()
    kinds = [child.get_object()["/S"] for child in document["/K"]]
    assert kinds[:2] == ["/H1", "/H2"]
    table = next(child.get_object() for child in document["/K"] if child.get_object()["/S"] == "/Table")
    head = table["/K"][0].get_object()["/K"][0].get_object()
    assert (head["/S"], head["/A"]["/Scope"]) == ("/TH", "/Column")
