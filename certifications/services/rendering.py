"""The certificate's file: drawn from the snapshot when somebody asks, kept by what it is made of."""

import hashlib
import json
import logging
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from certifications.errors import CredentialNotInForce
from certifications.exports import attachments_of
from certifications.models import Credential
from certifications.pdf import Attachment, Seal, Signer, render_pdf
from certifications.services.signing import signer

logger = logging.getLogger(__name__)

DRAWING = 2  # grows with each change of what is drawn: older files are then made anew


def certificate_pdf(*, credential: Credential, at: datetime) -> bytes:
    """The signed certificate with its badge inside. The same credential gives the same file, as long as badge and
    signer stay the same.

    Nothing waits for it: when it is asked for and not kept, it is drawn, and a storage that is full or down only costs
    the time of drawing it again. Raises CredentialNotInForce for one that was revoked, replaced or suspended, and
    SigningKeyUnusable.
    """
    credential.check_in_force()
    seal = Seal(signer=signer(at=at), at=at)
    attachments = attachments_of(credential)
    name = _kept_name(credential, attachments, seal.signer)
    kept = _kept(name)
    if kept is not None:
        return kept
    drawn = render_pdf(credential, attachments=attachments, seal=seal)
    _keep(name, drawn)
    return drawn


def _kept_name(credential: Credential, attachments: list[Attachment], signer: Signer) -> str:
    made_of = [
        DRAWING,
        credential.public_id,
        credential.verify_url,
        credential.snapshot,
        [[one.name, hashlib.sha256(one.content).hexdigest()] for one in attachments],
        signer.fingerprint,
    ]
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return f"certificates/pdf/{digest[:2]}/{digest}.pdf"


def _kept(name: str) -> bytes | None:
    """None as well for a file whose writer was killed on the way: it has no end."""
    try:
        with default_storage.open(name, "rb") as file:
            content = bytes(file.read())
    except OSError:
        return None
    if content.rstrip().endswith(b"%%EOF"):
        return content
    default_storage.delete(name)
    return None


def _keep(name: str, content: bytes) -> None:
    try:
        stored = default_storage.save(name, ContentFile(content))
        if stored != name:  # somebody else kept the same in between
            default_storage.delete(stored)
    except OSError:
        logger.exception("A certificate could not be kept; it is drawn again when it is asked for.")


__all__ = ["CredentialNotInForce", "certificate_pdf"]
