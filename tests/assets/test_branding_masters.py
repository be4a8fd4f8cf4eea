"""Masters that no copy can be made of: found when zones are placed on them, before a partner meets them."""

import io

import pytest
from django.utils import timezone
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from lms.assets.branding import masters
from lms.assets.branding.errors import MasterUnusable
from lms.assets.models import BrandTemplate
from lms.assets.services import branding
from tests.assets.branding_material import document, master_pdf, written
from tests.assets.factories import AssetFactory, add_file


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
    with pytest.raises(MasterUnusable, match="The PDF has 3 pages"):
        masters.open_master(master_pdf(pages=3))
