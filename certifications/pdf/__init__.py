"""The certificate as PDF, drawn by reportlab from the credential's snapshot."""

from certifications.models import Credential
from certifications.pdf.page import draw_certificate


def render_pdf(credential: Credential) -> bytes:
    """The certificate of a credential, A4 landscape. The same credential gives the same bytes."""
    return draw_certificate(
        credential.as_issued,
        credential_id=credential.public_id,
        verify_url=credential.verify_url,
    )
