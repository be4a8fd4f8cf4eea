"""The key that signs certificates: the organisation's from a file, or a self-made one that says what it is."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings

from certifications.errors import SigningKeyUnusable
from certifications.models import SigningIdentity
from certifications.pdf import Signer
from lms.common.sealing import BrokenSeal, seal, unseal

logger = logging.getLogger(__name__)

_PURPOSE = "certifications.signing_identity"
_SELF_MADE = "self-made"
_DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
_KEEP = "Certificates stay as issued and are signed once this is mended."


def signer(*, at: datetime) -> Signer:
    """Who signs now: the key of CERTIFICATE_KEY_FILE (PKCS#12, or PEM with key and certificates), parsed once; without
    one a self-made authority, which is made on first use and says that nobody outside vouches for it.

    Raises SigningKeyUnusable, whose message names what is wrong: no such file, another password, a key that does not
    belong to its certificate, a kind of key PDF readers do not know, a certificate that has ended.
    """
    path = settings.CERTIFICATE_KEY_FILE
    found = _from_file(path, settings.CERTIFICATE_KEY_PASSWORD) if path else _self_made(at)
    certificate = found.certificate
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise SigningKeyUnusable(
            f"The signing certificate {found.name} is valid from {certificate.not_valid_before_utc:%d %B %Y} to "
            f"{certificate.not_valid_after_utc:%d %B %Y} only. {_KEEP}"
        )
    return found


def own_authority(*, at: datetime) -> str:
    """The certificates above and of the present signer as PEM, the highest first: what people import to trust it."""
    found = signer(at=at)
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in [*reversed(found.chain), found.certificate])


@lru_cache(maxsize=4)
def _from_file(path: str, password: str) -> Signer:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise SigningKeyUnusable(f"CERTIFICATE_KEY_FILE cannot be read: {error.strerror}. {_KEEP}") from error
    try:
        secret = password.encode() or None
        if b"-----BEGIN" in content:
            key: object = load_pem_private_key(content, secret)
            certificates = x509.load_pem_x509_certificates(content)
        else:
            store = pkcs12.load_pkcs12(content, secret)
            key = store.key
            certificates = [one.certificate for one in [store.cert, *store.additional_certs] if one]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyUnusable(
            f"CERTIFICATE_KEY_FILE is no PKCS#12 or PEM file that CERTIFICATE_KEY_PASSWORD opens. {_KEEP}"
        ) from error
    return _checked(key, certificates)


def _checked(key: object, certificates: Sequence[x509.Certificate]) -> Signer:
    """The signer with the certificate of `key`, wherever it stands among `certificates`."""
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SigningKeyUnusable(f"The signing key is neither RSA nor ECDSA, which readers of PDF ask for. {_KEEP}")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < 2048:
        raise SigningKeyUnusable(f"The signing key has {key.key_size} bits; RSA needs 2048 at least. {_KEEP}")
    own = next((one for one in certificates if one.public_key() == key.public_key()), None)
    if own is None:
        raise SigningKeyUnusable(f"CERTIFICATE_KEY_FILE holds no certificate of its key. {_KEEP}")
    return Signer(key=key, certificate=own, chain=tuple(one for one in certificates if one != own))


def _self_made(at: datetime) -> Signer:
    identity = SigningIdentity.objects.filter(name=_SELF_MADE).first() or _make_identity(at)
    return _from_identity(identity.certificates, identity.key_sealed)


@lru_cache(maxsize=4)
def _from_identity(certificates: str, key_sealed: str) -> Signer:
    try:
        key = load_pem_private_key(unseal(key_sealed, purpose=_PURPOSE).encode(), None)
    except BrokenSeal as error:
        raise SigningKeyUnusable(
            f"The self-made signing key cannot be opened with the present SECRET_KEY. Restore it, or set "
            f"CERTIFICATE_KEY_FILE. {_KEEP}"
        ) from error
    return _checked(key, x509.load_pem_x509_certificates(certificates.encode()))


def _make_identity(at: datetime) -> SigningIdentity:
    """Of two at once the unique name lets one through."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name(f"{settings.VENDOR_NAME} self-made certificate authority")
    root = _certificate(root_name, root_key, root_name, root_key, at, is_authority=True)
    own = _certificate(_name(f"{settings.VENDOR_NAME} certificates"), key, root_name, root_key, at, is_authority=False)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    identity, is_new = SigningIdentity.objects.get_or_create(
        name=_SELF_MADE,
        defaults={
            "certificates": "".join(one.public_bytes(Encoding.PEM).decode() for one in (own, root)),
            "key_sealed": seal(pem, purpose=_PURPOSE),
            "created_at": at,
        },
    )
    if is_new:
        logger.warning(
            "CERTIFICATE_KEY_FILE is not set: certificates are signed by a self-made authority that nobody outside "
            "vouches for. `manage.py credentials authority` writes its certificate."
        )
    return identity


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, settings.VENDOR_NAME[:64]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Self-made: nobody outside vouches for it"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    at: datetime,
    *,
    is_authority: bool,
) -> x509.Certificate:
    """For 20 years: what it signed must be checked as long as a career lasts."""
    start = at.astimezone(UTC).replace(microsecond=0) - timedelta(days=1)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=20 * 365))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_authority:  # e-mail protection is what NSS, and with it pdfsig, asks of a signer
        uses = [_DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return builder.sign(issuer_key, SHA256())
