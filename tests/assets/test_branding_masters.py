"""Masters that no copy can be made of: found when zones are placed on them, before a partner meets them."""

import io
import tempfile

import pytest
from django.utils import timezone
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject, NullObject, NumberObject

from lms.assets.branding import copies, masters, rendering, slots
from lms.assets.branding.errors import DrawingBusy, MasterUnusable
from lms.assets.models import BrandTemplate
from lms.assets.services import branding
from tests.assets.branding_material import document, master_pdf, written
from tests.assets.factories import AssetFactory, add_file
from tests.assets.test_branding_rendering import endless_pdf


def _too_large() -> bytes:
    """Its pages can be counted and measured; one of them unpacks to more than is read."""
    writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
    content = DecodedStreamObject()
    content.set_data(b"0 0 m 1 1 l S " * 6_000_000)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(content.flate_encode())
    return written(writer)


@pytest.mark.django_db
def test_zones_are_not_saved_on_a_file_that_no_copy_can_be_made_of():
    asset = AssetFactory()
    add_file(asset, _too_large(), media_type="application/pdf", filename="a.pdf")
    with pytest.raises(MasterUnusable, match="too large"):
        branding.save_template(version=asset.current, document=document(), by=asset.owner, at=timezone.now())
    assert not BrandTemplate.objects.exists()


def test_pages_are_counted_before_they_are_looked_at(monkeypatch):
    def look(page):
        raise AssertionError("looked at")

    monkeypatch.setattr(masters, "MAX_PAGES", 2)
    monkeypatch.setattr(masters, "lie_of", look)
    with pytest.raises(MasterUnusable, match="The PDF has more than 2 pages"):
        masters.open_master(master_pdf(pages=3))


def test_a_forged_count_hides_no_pages_and_a_tree_without_end_is_left(monkeypatch):
    def look(page):
        raise AssertionError("looked at")

    monkeypatch.setattr(masters, "MAX_PAGES", 2)
    monkeypatch.setattr(masters, "lie_of", look)
    with pytest.raises(MasterUnusable, match="more than 2 pages"):
        masters.open_master(
            _tree(master_pdf(pages=3), lambda pages: pages.update({NameObject("/Count"): NumberObject(1)}))
        )
    with pytest.raises(MasterUnusable, match="no end"):
        masters.open_master(_tree(master_pdf(), lambda pages: pages["/Kids"].insert(0, pages.indirect_reference)))


def _tree(pdf: bytes, change) -> bytes:
    """With its page tree changed."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    change(writer._root_object["/Pages"].get_object())
    return written(writer)


@pytest.mark.parametrize("name", ["/Rotate", "/UserUnit", "/Resources", "/TrimBox", "/Annots"])
def test_a_null_is_the_same_as_nothing(name):
    writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
    writer.pages[0][NameObject(name)] = NullObject()
    for part in ("/AcroForm", "/Perms", "/Names"):
        writer._root_object[NameObject(part)] = NullObject()
    (size,) = copies.pages_of(written(writer))
    assert (round(size.width), round(size.height)) == (210, 297)


@pytest.mark.django_db
def test_zones_are_not_saved_on_pages_that_cannot_be_drawn(monkeypatch):
    monkeypatch.setattr(rendering, "TIME_LIMIT", 1)
    asset = AssetFactory()
    add_file(asset, endless_pdf(), media_type="application/pdf", filename="a.pdf")
    with pytest.raises(MasterUnusable, match="takes too long to draw"):
        branding.save_template(version=asset.current, document=document(), by=asset.owner, at=timezone.now())
    assert not BrandTemplate.objects.exists()


@pytest.mark.parametrize("named", [False, True])
def test_no_more_is_drawn_at_once_than_there_are_places(monkeypatch, tmp_path, settings, named):
    if named:  # a folder that containers of one machine share
        settings.DRAWING_LOCKS = str(tmp_path)
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(slots, "PLACES", 2)
    monkeypatch.setattr(slots, "PATIENCE", 0)
    with slots.place():
        with slots.place(), pytest.raises(DrawingBusy, match="try again in ten seconds"), slots.place():
            pass
        with slots.place():
            pass
    assert len(list(tmp_path.glob("laurel-drawing-*"))) == 2
