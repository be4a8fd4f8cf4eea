"""Signed statements: a JSON Web Signature (RFC 7515, compact) that came as an attachment. xAPI 1.0.3, Data 2.6."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from lms.common import guards
from lms.xapi.digests import content_digest
from lms.xapi.errors import InvalidAttachment

USAGE_TYPE = "http://adlnet.gov/expapi/attachments/signature"
CONTENT_TYPE = "application/octet-stream"
MAX_SIGNATURE_BYTES = 1_000_000
_HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}


def is_signature(attachment: Mapping[str, Any]) -> bool:
    return bool(attachment["usageType"] == USAGE_TYPE)


def check_signature(jws: bytes, statement: Mapping[str, Any]) -> None:
    """Raises InvalidAttachment unless `jws` signs `statement`.

    The algorithm must be RS256, RS384 or RS512, whatever the header would like it to be. With a certificate in `x5c`
    the signature must be that key's. Without one there is nothing to verify it by: its form and its payload are
    checked, and whoever trusts it has to know the key. The payload must be the statement, but for what comes after
    signing: the signature itself, and what the store sets.
    """
    try:
        head, payload, signature = jws.decode("ascii").strip().split(".")
    except ValueError as error:
        raise InvalidAttachment("The signature is not a JSON Web Signature of three parts.") from error
    header = _object(head, "header")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _HASHES:
        raise InvalidAttachment("The signature's algorithm is not RS256, RS384 or RS512.")
    if header.get("crit"):
        raise InvalidAttachment("The signature's header asks for an extension (crit) that is not known here.")
    signed = _bytes(signature, "signature")
    if not signed:
        raise InvalidAttachment("The signature is empty.")
    if "x5c" in header:
        _verify(_public_key(header["x5c"]), signed, f"{head}.{payload}".encode("ascii"), _HASHES[algorithm])
    _check_payload(_object(payload, "payload"), statement)


def _check_payload(payload: Mapping[str, Any], statement: Mapping[str, Any]) -> None:
    attachments = [item for item in statement.get("attachments", ()) if not is_signature(item)]
    unsigned = {name: value for name, value in statement.items() if name != "attachments"}
    if attachments:
        unsigned["attachments"] = attachments
    if "timestamp" not in payload:
        unsigned.pop("timestamp", None)
    ids = {str(one["id"]).lower() for one in (payload, statement) if "id" in one}
    try:
        is_same = content_digest(payload) == content_digest(unsigned)
    except (AttributeError, KeyError, TypeError):  # not even the form of a statement
        is_same = False
    if len(ids) > 1 or not is_same:
        raise InvalidAttachment("The signature's payload is not the statement that it came with.")


def _bytes(part: str, what: str) -> bytes:
    try:
        if "=" in part:
            raise ValueError("padded")
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidAttachment(f"The {what} of the signature is not in base64url.") from error


def _object(part: str, what: str) -> dict[str, Any]:
    try:
        value = guards.load_json(_bytes(part, what))
    except guards.UnsafeInput as error:
        raise InvalidAttachment(f"The {what} of the signature cannot be read: {error.message}") from error
    if not isinstance(value, dict):
        raise InvalidAttachment(f"The {what} of the signature is not a JSON object.")
    return value


def _public_key(chain: Any) -> RSAPublicKey:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
        key = certificate.public_key()
    except (ValueError, TypeError, LookupError, UnsupportedAlgorithm) as error:
        raise InvalidAttachment("The certificate in the signature's header (x5c) cannot be read.") from error
    if not isinstance(key, RSAPublicKey):
        raise InvalidAttachment("The certificate in the signature's header (x5c) is not of an RSA key.")
    return key


def _verify(key: RSAPublicKey, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm) -> None:
    try:
        key.verify(signature, signed, PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise InvalidAttachment("The signature was not made with the key of its certificate (x5c).") from error
