"""A detached CMS signature as PAdES baseline B asks for (ETSI EN 319 142-1, 6.3; RFC 5652; RFC 5035).

Written as DER by hand: a dozen fixed shapes around what `cryptography` signs. An ASN.1 library took longer to build
them than the signature takes.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_DATA = "1.2.840.113549.1.7.1"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_RSA_SHA256 = "1.2.840.113549.1.1.11"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"


@dataclass(frozen=True)
class Signer:
    """A private key with its certificate and those above it. Parsed once: checking an RSA key takes 70 ms."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def name(self) -> str:
        """Whom the certificate names, e.g. CN=Halden."""
        return self.certificate.subject.rfc4514_string()

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def certificates(self) -> bytes:
        """The signer's and those above, one after the other."""
        return b"".join([self.der, *(one.public_bytes(Encoding.DER) for one in self.chain)])

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(SHA256()).hex()

    @property
    def room(self) -> int:
        """Bytes that a signature of this signer takes at most."""
        return len(self.certificates) + 1400

    def sign(self, message: bytes) -> bytes:
        """Equal messages give equal signatures, with ECDSA too (RFC 6979)."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), SHA256())
        return self.key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))


def sign_detached(signer: Signer, digest: bytes) -> bytes:
    """The CMS SignedData over a content with this SHA-256 `digest`: one signer, the chain inside."""
    sha256 = _sequence(_oid(_SHA256))
    attributes = b"".join(sorted(_attributes(digest, signer.der)))
    is_rsa = isinstance(signer.key, rsa.RSAPrivateKey)
    algorithm = _sequence(_oid(_RSA_SHA256), _der(0x05)) if is_rsa else _sequence(_oid(_ECDSA_SHA256))
    signer_info = _sequence(
        _integer(1),
        _sequence(signer.certificate.issuer.public_bytes(), _integer(signer.certificate.serial_number)),
        sha256,
        _der(0xA0, attributes),
        algorithm,
        _octets(signer.sign(_der(0x31, attributes))),
    )
    signed_data = _sequence(
        _integer(1),
        _der(0x31, sha256),
        _sequence(_oid(_DATA)),
        _der(0xA0, signer.certificates),
        _der(0x31, signer_info),
    )
    return _sequence(_oid(_SIGNED_DATA), _der(0xA0, signed_data))


def _attributes(digest: bytes, certificate: bytes) -> list[bytes]:
    """What is signed beside the content. The hash of the certificate ties the signature to it; its algorithm is
    SHA-256 by default and then left out (RFC 5035, 4)."""
    certificate_id = _sequence(_octets(hashlib.sha256(certificate).digest()))
    return [
        _sequence(_oid(_CONTENT_TYPE), _der(0x31, _oid(_DATA))),
        _sequence(_oid(_MESSAGE_DIGEST), _der(0x31, _octets(digest))),
        _sequence(_oid(_SIGNING_CERTIFICATE_V2), _der(0x31, _sequence(_sequence(certificate_id)))),
    ]


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, *parts)


def _octets(content: bytes) -> bytes:
    return _der(0x04, content)


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@cache
def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytes([first * 40 + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        content += bytes(reversed(groups))
    return _der(0x06, content)
