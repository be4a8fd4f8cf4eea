"""The certificate as PDF, drawn by reportlab from the credential's snapshot."""

from certifications.models import Credential
from certifications.pdf.page import draw_certificate
from certifications.snapshot import Snapshot


def render_pdf(credential: Credential) -> bytes:
    """The certificate of a credential, A4 landscape. The same credential gives the same bytes."""
    return draw_certificate(
        Snapshot.from_json(credential.snapshot),
        credential_id=credential.public_id,
        verify_url=credential.verify_url,
    )
