"""Secrets that must wait in a table (an invitation's token in the outbox) are sealed: unreadable without our key."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from lms.common.errors import DomainError


class BrokenSeal(DomainError):
    """The text was not sealed by this site, for this purpose, with a key it still knows."""

    code = "broken_seal"
    status = 400


def _box(purpose: str, secrets: Sequence[str]) -> MultiFernet:
    """Seals with the first secret and opens with all. Without any: SECRET_KEY and its fallbacks. Each purpose has its
    own key.
    """
    keys = [*secrets] or [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    digests = (hashlib.sha256(f"lms.common.sealing:{purpose}:{key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def seal(text: str, *, purpose: str, secrets: Sequence[str] = ()) -> str:
    """Encrypts and signs `text`; only `unseal` with the same purpose (and secrets) reads it again."""
    return _box(purpose, secrets).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str, secrets: Sequence[str] = ()) -> str:
    """The text again. Raises BrokenSeal."""
    try:
        return _box(purpose, secrets).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise BrokenSeal("The sealed text cannot be opened.") from error
