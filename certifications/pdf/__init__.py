"""The certificate as PDF, drawn by reportlab from the credential's snapshot."""

from collections.abc import Iterable

from certifications.models import Credential
from certifications.pdf.archive import Attachment
from certifications.pdf.cms import Signer
from certifications.pdf.document import draw_certificate
from certifications.pdf.file import Seal
from certifications.pdf.paper import Paper

__all__ = ["Attachment", "Paper", "Seal", "Signer", "draw_certificate", "render_pdf"]


def render_pdf(credential: Credential, *, attachments: Iterable[Attachment] = (), seal: Seal | None = None) -> bytes:
    """The certificate of a credential, landscape. The same arguments give the same bytes."""
    return draw_certificate(
        credential.as_issued,
        credential_id=credential.public_id,
        verify_url=credential.verify_url,
        attachments=attachments,
        seal=seal,
    )
