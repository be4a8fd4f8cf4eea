"""How certificates look: designs kept by managers, and a page to look at before they are."""

import hashlib
import re
from datetime import datetime, timedelta
from io import BytesIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image

from certifications.errors import BadDesign, NotAllowed
from certifications.models import CertificateDesign
from certifications.pdf import draw_certificate
from certifications.snapshot import Design, Snapshot
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards

MAX_LOGO_BYTES = 2_000_000
MAX_LOGO_PIXELS = 16_000_000
MAX_SIGNATORIES = 3
READABLE = 4.5  # WCAG 2.2, 1.4.3


@transaction.atomic
def save_design(*, design: CertificateDesign, logo: bytes | None, by: User, at: datetime) -> CertificateDesign:
    """Stores a design; `logo` (PNG, JPEG or WebP) replaces the one it had. What was issued keeps what it was.

    Writes the audit log. Raises NotAllowed (permission certifications.manage_certifications), BadDesign.
    """
    if not by.has_perm("certifications.manage_certifications"):
        raise NotAllowed("You may not change page designs. Nothing was changed.")
    check_design(design)
    if logo is not None:
        design.logo = keep_logo(logo)
    design.save()
    record_audit(action="certifications.save_design", actor=by, at=at, target=design, detail={"name": design.name})
    return design


def check_design(design: CertificateDesign) -> None:
    """Raises BadDesign for colours that are none or cannot be read, for unknown layouts, too many signatories and
    text no page can hold."""
    for colour in (design.accent, design.ornament):
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            raise BadDesign(f"{colour[:20]!r} is no colour. Write it as #1f6f54.")
    if contrast_with_white(design.accent) < READABLE:
        raise BadDesign("This accent is too pale: text in it, or white on it, could not be read. Choose a darker one.")
    if design.layout not in CertificateDesign.Layout.values or design.paper not in CertificateDesign.Paper.values:
        raise BadDesign("Choose one of the layouts and papers offered.")
    guards.check_text(design.signatories)
    if len(design.as_design().signatories) > MAX_SIGNATORIES:
        raise BadDesign(f"At most {MAX_SIGNATORIES} signatories stand side by side.")


def contrast_with_white(colour: str) -> float:
    """Contrast ratio of #rrggbb against white (WCAG 2.2, relative luminance)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


def keep_logo(content: bytes) -> str:
    """Stores a picture, drawn anew as PNG (nothing but its pixels stays), under a name made of its content.

    Never deleted: credentials that were issued with it go on showing it. Raises BadDesign.
    """
    if len(content) > MAX_LOGO_BYTES:
        raise BadDesign(f"The logo has more than {MAX_LOGO_BYTES // 1_000_000} MB.")
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > MAX_LOGO_PIXELS:
                raise BadDesign("The logo has too many pixels. 1,000 across is plenty.")
            picture.thumbnail((1200, 1200))
            target = BytesIO()
            picture.convert("RGBA").save(target, "PNG")
    except (OSError, ValueError, SyntaxError) as error:
        raise BadDesign("The logo is no PNG, JPEG or WebP picture that can be read.") from error
    name = f"certificates/logos/{hashlib.sha256(target.getvalue()).hexdigest()}.png"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(target.getvalue()))
    return name


def preview(*, design: CertificateDesign, at: datetime) -> bytes:
    """A page of nobody in this design, unsigned. Nothing is stored. Raises BadDesign."""
    check_design(design)
    said = _specimen(design.as_design(), at)
    url = f"{settings.SITE_URL}/verify/specimen/"
    return draw_certificate(said, credential_id="specimen, not a certificate", verify_url=url)


def _specimen(design: Design, at: datetime) -> Snapshot:
    return Snapshot(
        title="Certified Engineer",
        number=1,
        description="",
        criteria="Sizes, installs and protects a system without help, and explains to a customer why it is built so.",
        issuer_name=settings.VENDOR_NAME,
        programme_name=settings.SITE_NAME,
        site_url=settings.SITE_URL,
        holder_name="Alexandra Specimen-Example",
        partner_name="",
        country="",
        issued_on=at.date().isoformat(),
        expires_on=(at + timedelta(days=730)).date().isoformat(),
        percent=None,
        sections=(),
        requirements=(),
        statement_id="",
        design=design,
    )
