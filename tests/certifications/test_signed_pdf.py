"""The certificate's file, by programs that are not ours: tagged, archived, with its badge inside, signed."""

import dataclasses
import io
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pypdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from badges.models import Award
from certifications import services
from certifications.errors import SigningKeyUnusable
from certifications.models import Credential, SigningIdentity
from certifications.pdf import Attachment, Seal, Signer, draw_certificate
from certifications.pdf import cms as cms_module
from certifications.services import rendering, signing
from certifications.snapshot import Design, Signatory
from lms.events.services import drain
from tests.certifications.factories import credential
from tests.certifications.test_pdf import NAMES, VERIFY, snapshot
from tests.factories import MembershipFactory, UserFactory

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
BADGE = Attachment(
    name="badge.json", media_type="application/vc", description="Open Badge 3.0", content=b'{"a":"\xc3\xa9"}'
)


def program(name: str) -> str:
    """Its path; the test is skipped where it is not installed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed; .ci/run installs it")
    return path


def authority_and_signer(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> tuple[x509.Certificate, Signer]:
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name, name = signing._name("Test root"), signing._name("Halden certificates")
    root = signing._certificate(root_name, root_key, root_name, root_key, NOW, is_authority=True)
    own = signing._certificate(name, key, root_name, root_key, NOW, is_authority=False)  # type: ignore[arg-type]
    return root, Signer(key=key, certificate=own, chain=(root,))


@pytest.fixture(scope="module", params=["ecdsa", "rsa"])
def signed(request: pytest.FixtureRequest) -> tuple[x509.Certificate, bytes]:
    """An authority and a certificate signed under it, by both kinds of key."""
    is_rsa = request.param == "rsa"
    key = rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP256R1())
    root, signer = authority_and_signer(key)
    return root, drawn("محمد علي الأحمد", seal=Seal(signer=signer, at=NOW))


def drawn(name: str = "Ann Example", *, seal: Seal | None = None, **design: object) -> bytes:
    said = dataclasses.replace(snapshot(name), design=Design(**design))  # type: ignore[arg-type]
    return draw_certificate(
        said, credential_id="abcdefghijklmnopqrstuv", verify_url=VERIFY, attachments=[BADGE], seal=seal
    )


def validated(data: bytes, root: x509.Certificate) -> PdfSignatureStatus:
    from asn1crypto import x509 as asn1

    trusted = asn1.Certificate.load(root.public_bytes(Encoding.DER))
    signature = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    return validate_pdf_signature(signature, ValidationContext(trust_roots=[trusted], moment=NOW))


def test_pyhanko_trusts_the_signature(signed: tuple[x509.Certificate, bytes]) -> None:
    root, data = signed
    status = validated(data, root)
    assert (status.bottom_line, status.trusted, status.docmdp_ok) == (True, True, True)
    assert status.coverage.name == "ENTIRE_FILE"
    signature = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    assert signature.docmdp_level is not None
    assert signature.docmdp_level.value == 1
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_signature_has_what_pades_asks_for(signed: tuple[x509.Certificate, bytes]) -> None:
    """ETSI EN 319 142-1, 6.3: these three attributes, and no signing time inside the CMS."""
    signature = PdfFileReader(io.BytesIO(signed[1])).embedded_signatures[0]
    attributes = [one["type"].native for one in signature.signer_info["signed_attrs"]]
    assert sorted(attributes) == ["content_type", "message_digest", "signing_certificate_v2"]


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9, 0.99])
def test_any_changed_byte_breaks_the_signature(place: float) -> None:
    root, signer = authority_and_signer(ec.generate_private_key(ec.SECP256R1()))
    data = bytearray(drawn(seal=Seal(signer=signer, at=NOW)))
    text = data.rindex(b"/Registry") if place == 0.99 else data.index(b"Alt (") if place == 0.1 else None
    at = text + 6 if text else int(len(data) * place)
    data[at] ^= 1
    try:
        assert not validated(bytes(data), root).bottom_line
    except Exception as error:  # a reader may as well refuse the file
        assert "pyhanko" in type(error).__module__ or isinstance(error, ValueError | IndexError), error


def test_pdfsig_says_total_document_signed(signed: tuple[x509.Certificate, bytes], tmp_path: Path) -> None:
    (tmp_path / "c.pdf").write_bytes(signed[1])
    said = subprocess.run([program("pdfsig"), "-nocert", tmp_path / "c.pdf"], capture_output=True, text=True).stdout
    assert "Total document signed" in said
    assert "Signature is Valid" in said
    assert "ETSI.CAdES.detached" in said


def test_pdfsig_trusts_it_once_the_authority_is_known(signed: tuple[x509.Certificate, bytes], tmp_path: Path) -> None:
    root, data = signed
    certutil, known = program("certutil"), f"sql:{tmp_path}"
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (tmp_path / "c.pdf").write_bytes(data)
    subprocess.run([certutil, "-N", "-d", known, "--empty-password"], check=True)
    subprocess.run([certutil, "-A", "-d", known, "-n", "ca", "-t", "CT,C,C", "-i", tmp_path / "root.pem"], check=True)
    command = [program("pdfsig"), "-nssdir", known, tmp_path / "c.pdf"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Certificate is Trusted" in said


@pytest.mark.parametrize("layout", ["laurel", "band"])
@pytest.mark.parametrize("paper,size", [("a4", (842, 595)), ("letter", (792, 612))])
def test_qpdf_finds_nothing(layout: str, paper: str, size: tuple[int, int], tmp_path: Path) -> None:
    signatories = (Signatory(name="Ada Example", role="Head of Education"),)
    data = drawn("佐藤 美咲", layout=layout, paper=paper, signatories=signatories)
    (tmp_path / "c.pdf").write_bytes(data)
    subprocess.run([program("qpdf"), "--check", tmp_path / "c.pdf"], check=True, capture_output=True)
    box = pypdf.PdfReader(io.BytesIO(data)).pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == size


@pytest.mark.parametrize("layout", ["laurel", "band"])
def test_code_of_both_designs_can_be_scanned(layout: str, tmp_path: Path) -> None:
    """At 110 dpi: what a phone sees of a page on a screen."""
    (tmp_path / "c.pdf").write_bytes(drawn(layout=layout, accent="#27408b"))
    subprocess.run([program("pdftoppm"), "-r", "110", "-png", tmp_path / "c.pdf", tmp_path / "page"], check=True)
    read = subprocess.run([program("zbarimg"), "-q", "--raw", tmp_path / "page-1.png"], check=True, capture_output=True)
    assert read.stdout.decode().strip() == VERIFY


def test_badge_comes_out_byte_for_byte(signed: tuple[x509.Certificate, bytes], tmp_path: Path) -> None:
    (tmp_path / "c.pdf").write_bytes(signed[1])
    command = [program("pdfdetach"), "-savefile", "badge.json", "-o", tmp_path / "out.json", tmp_path / "c.pdf"]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "out.json").read_bytes() == BADGE.content


def test_badge_is_associated_with_the_document() -> None:
    """ISO 19005-3, 6.8: every attachment stands in /AF, with its relationship, MIME type and both names."""
    root = pypdf.PdfReader(io.BytesIO(drawn())).trailer["/Root"]
    (reference,) = root["/AF"]  # type: ignore[index]
    spec = reference.get_object()
    assert (spec["/F"], spec["/UF"], spec["/AFRelationship"]) == ("badge.json", "badge.json", "/Data")
    assert spec["/EF"]["/F"].get_object()["/Subtype"] == "/application/vc"


def test_metadata_names_both_standards_and_agrees_with_info() -> None:
    reader = pypdf.PdfReader(io.BytesIO(drawn('R&D <b>"Ann"</b>')))
    xmp = reader.trailer["/Root"]["/Metadata"].get_object()  # type: ignore[index]
    assert "/Filter" not in xmp
    tree = ElementTree.fromstring(xmp.get_data().decode().replace("\ufeff", "").split("?>", 1)[1].rsplit("<?", 1)[0])
    texts = {element.tag.rsplit("}", 1)[1]: element.text for element in tree.iter() if element.text}
    assert (texts["conformance"], texts["CreatorTool"]) == ("A", "Laurel")
    parts = [element.text for element in tree.iter() if element.tag.endswith("}part")]
    assert parts == ["3", "1"]
    titles = [element.text for element in tree.iter() if element.tag.endswith("}li")]
    assert reader.metadata is not None
    assert reader.metadata.title in titles
    assert reader.metadata.author in titles
    assert set(reader.metadata) == {
        "/Title",
        "/Author",
        "/Subject",
        "/Creator",
        "/Producer",
        "/CreationDate",
        "/ModDate",
    }


def test_colours_have_a_profile_that_stays_the_same() -> None:
    intent = pypdf.PdfReader(io.BytesIO(drawn())).trailer["/Root"]["/OutputIntents"][0].get_object()  # type: ignore[index]
    profile = intent["/DestOutputProfile"].get_object().get_data()
    assert (intent["/S"], profile[36:40], profile[16:20]) == ("/GTS_PDFA1", b"acsp", b"RGB ")
    assert int.from_bytes(profile[:4], "big") == len(profile)


def elements(node: pypdf.generic.DictionaryObject) -> list[pypdf.generic.DictionaryObject]:
    """The structure tree in reading order."""
    kids = node.get("/K", [])
    found = [node]
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object()
        if isinstance(kid, dict) and kid.get("/Type") == "/StructElem":
            found += elements(kid)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("layout", ["laurel", "band"])
def test_structure_tells_the_page_in_order(layout: str, tmp_path: Path) -> None:
    _, signer = authority_and_signer(ec.generate_private_key(ec.SECP256R1()))
    reader = pypdf.PdfReader(io.BytesIO(drawn(layout=layout, seal=Seal(signer=signer, at=NOW))))
    catalogue, page = reader.trailer["/Root"], reader.pages[0]
    assert catalogue["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert (page["/Tabs"], page["/StructParents"]) == ("/S", 0)
    tree = catalogue["/StructTreeRoot"]  # type: ignore[index]
    (top,) = tree["/K"]
    kinds = [element["/S"] for element in elements(top.get_object())]
    assert kinds.count("/H1") == 1
    assert kinds[:6] == ["/Document", "/P", "/P", "/P", "/P", "/H1"]
    assert kinds[-3:] == ["/Link", "/Figure", "/Form"]
    figure = next(element for element in elements(top.get_object()) if element["/S"] == "/Figure")
    assert figure["/Alt"] == f"QR code that leads to {VERIFY}"
    # each number of marked content leads to the element that claims it, each annotation to its own
    numbers = tree["/ParentTree"].get_object()["/Nums"]
    assert [owner.get_object()["/K"] for owner in numbers[1]] == list(range(len(numbers[1])))
    for reference in page["/Annots"]:  # type: ignore[attr-defined]
        annotation = reference.get_object()
        owner = numbers[numbers.index(annotation["/StructParent"], 2) + 1].get_object()
        assert owner["/K"][-1].get_object()["/Obj"].get_object() == annotation
        assert annotation["/Contents"]


@pytest.mark.parametrize("layout", ["laurel", "band"])
def test_everything_drawn_is_tagged_or_decoration(layout: str) -> None:
    """PDF/UA-1, 7.1: no operator that paints stands outside marked content, and none is marked twice."""
    page = pypdf.PdfReader(io.BytesIO(drawn(layout=layout))).pages[0]
    content = page.get_contents()
    assert content is not None
    depth = 0
    for _, operator in content.operations:
        if operator in {b"BDC", b"BMC"}:
            depth += 1
        elif operator == b"EMC":
            depth -= 1
        elif operator in {b"TJ", b"Tj", b"f", b"S", b"B", b"Do", b"f*"}:
            assert depth == 1, operator
        assert depth in {0, 1}


@pytest.mark.parametrize(
    "name", [*NAMES.values(), "Ann 😀", "ⴰⵎⴰⵣⵉⵖ", "\u0600"], ids=[*NAMES, "emoji", "tifinagh", "sign"]
)
def test_no_letter_is_drawn_as_undefined(name: str) -> None:
    """ISO 19005-3, 6.2.11.8: glyph 0 is never shown; what no font has is a box that reads as the letter."""
    reader = pypdf.PdfReader(io.BytesIO(drawn(name)))
    for font in reader.pages[0]["/Resources"]["/Font"].values():  # type: ignore[index]
        descendant = font.get_object()["/DescendantFonts"][0].get_object()
        glyphs = descendant["/CIDToGIDMap"].get_object().get_data()
        assert all(glyphs[place : place + 2] != b"\0\0" for place in range(2, len(glyphs), 2))


def test_same_arguments_give_the_same_file_signed() -> None:
    _, signer = authority_and_signer(ec.generate_private_key(ec.SECP256R1()))
    seal = Seal(signer=signer, at=NOW)
    assert drawn(seal=seal) == drawn(seal=seal)


def test_lengths_beyond_127_and_large_arcs_are_der() -> None:
    assert cms_module._der(0x04, b"x" * 300)[:4] == b"\x04\x82\x01\x2c"
    assert cms_module._oid("1.2.840.113549.1.7.2").hex() == "06092a864886f70d010702"
    assert cms_module._integer(128).hex() == "02020080"


# --- The key ---


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "key.p12"


def pack(path: Path, key: object, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...] = ()) -> None:
    content = pkcs12.serialize_key_and_certificates(b"x", key, certificate, chain, BestAvailableEncryption(b"secret"))  # type: ignore[arg-type]
    path.write_bytes(content)


def test_key_comes_from_pkcs12_or_pem(key_file: Path, settings: object) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    root, signer = authority_and_signer(key)
    pack(key_file, key, signer.certificate, (root,))
    settings.CERTIFICATE_KEY_FILE, settings.CERTIFICATE_KEY_PASSWORD = str(key_file), "secret"  # type: ignore[attr-defined]
    assert signing.signer(at=NOW).certificate == signer.certificate
    pem = key_file.with_suffix(".pem")
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + root.public_bytes(Encoding.PEM)
        + signer.certificate.public_bytes(Encoding.PEM)
    )
    settings.CERTIFICATE_KEY_FILE, settings.CERTIFICATE_KEY_PASSWORD = str(pem), ""  # type: ignore[attr-defined]
    found = signing.signer(at=NOW)
    assert (found.certificate, found.chain) == (signer.certificate, (root,))
    assert signing.own_authority(at=NOW).count("BEGIN CERTIFICATE") == 2


def test_unusable_keys_say_what_is_wrong(key_file: Path, settings: object) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    root, _ = authority_and_signer(key)
    settings.CERTIFICATE_KEY_FILE, settings.CERTIFICATE_KEY_PASSWORD = str(key_file), "secret"  # type: ignore[attr-defined]
    with pytest.raises(SigningKeyUnusable, match="cannot be read: No such file"):
        signing.signer(at=NOW)
    key_file.write_bytes(b"nothing")
    with pytest.raises(SigningKeyUnusable, match="PASSWORD opens"):
        signing.signer(at=NOW)
    for number, (bad, says) in enumerate(
        [
            (ed25519.Ed25519PrivateKey.generate(), "neither RSA nor ECDSA"),
            (rsa.generate_private_key(65537, 1024), "1024 bits"),
        ]
    ):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
        builder = x509.CertificateBuilder(name, name, bad.public_key(), 5, NOW, NOW + timedelta(days=1))
        certificate = builder.sign(bad, None if "Ed25519" in type(bad).__name__ else SHA256())  # type: ignore[arg-type]
        other = key_file.with_name(f"{number}.p12")
        pack(other, bad, certificate)
        settings.CERTIFICATE_KEY_FILE = str(other)  # type: ignore[attr-defined]
        with pytest.raises(SigningKeyUnusable, match=says):
            signing.signer(at=NOW)
    pem = key_file.with_suffix(".pem")
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + root.public_bytes(Encoding.PEM)
    )
    settings.CERTIFICATE_KEY_FILE, settings.CERTIFICATE_KEY_PASSWORD = str(pem), ""  # type: ignore[attr-defined]
    with pytest.raises(SigningKeyUnusable, match="no certificate of its key"):
        signing.signer(at=NOW)


@pytest.mark.django_db
def test_ended_certificate_signs_nothing() -> None:
    signing.signer(at=NOW)
    with pytest.raises(SigningKeyUnusable, match="only"):
        signing.signer(at=NOW + timedelta(days=21 * 365))


@pytest.mark.django_db
def test_self_made_authority_is_made_once_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    first, second = signing.signer(at=NOW), signing.signer(at=NOW + timedelta(days=1))
    assert first.certificate == second.certificate
    assert "nobody outside vouches for it" in first.name
    assert SigningIdentity.objects.count() == 1
    assert len([one for one in caplog.records if "self-made" in one.getMessage()]) == 1
    assert "PRIVATE" not in SigningIdentity.objects.get().key_sealed


@pytest.mark.django_db
def test_another_secret_key_is_told_and_nothing_is_lost(settings: object, now: datetime) -> None:
    """Signing key wrong: a clear error; the credential is kept and signed once it is mended."""
    issued = credential(now)
    signing.signer(at=now)
    signing._from_identity.cache_clear()
    kept, settings.SECRET_KEY = settings.SECRET_KEY, "x" * 60  # type: ignore[attr-defined]
    with pytest.raises(SigningKeyUnusable, match="SECRET_KEY"):
        services.certificate_pdf(credential=issued, at=now)
    settings.SECRET_KEY = kept  # type: ignore[attr-defined]
    assert services.certificate_pdf(credential=issued, at=now).startswith(b"%PDF")


# --- Rendering ---


@pytest.fixture
def issued() -> Credential:
    made = credential(timezone.now() - timedelta(days=1), membership=MembershipFactory(person=UserFactory(name="Ann")))
    drain()
    return made


def signed_in(issued: Credential) -> Client:
    client = Client()
    client.force_login(issued.person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.django_db
def test_download_is_signed_and_carries_the_badge(issued: Credential, tmp_path: Path) -> None:
    data = signed_in(issued).get(f"/my/certificates/{issued.public_id}/certificate.pdf").content
    badge = Client().get(f"/badges/awards/{Award.objects.get().public_id}.json").content
    attached = pypdf.PdfReader(io.BytesIO(data)).attachments["badge.json"]
    assert attached == [badge]
    assert json.loads(badge)["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    (root, _) = x509.load_pem_x509_certificates(services.own_authority(at=timezone.now()).encode())
    from asn1crypto import x509 as asn1

    context = ValidationContext(trust_roots=[asn1.Certificate.load(root.public_bytes(Encoding.DER))])
    assert validate_pdf_signature(PdfFileReader(io.BytesIO(data)).embedded_signatures[0], context).bottom_line


@pytest.mark.django_db
def test_same_credential_gives_the_same_file(issued: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept by content: a second download draws nothing; a change of the badge or of the drawing makes a new one."""
    at = timezone.now()
    first = services.certificate_pdf(credential=issued, at=at)
    assert services.certificate_pdf(credential=issued, at=at + timedelta(days=3)) == first
    monkeypatch.setattr(rendering, "DRAWING", rendering.DRAWING + 1)
    assert services.certificate_pdf(credential=issued, at=at + timedelta(days=3)) != first


@pytest.mark.django_db
def test_badge_that_waits_is_attached_later(issued: Credential) -> None:
    Award.objects.all().delete()
    without = services.certificate_pdf(credential=issued, at=timezone.now())
    assert pypdf.PdfReader(io.BytesIO(without)).attachments == {}
    from badges.services import award_badge

    award_badge(credential=issued, at=timezone.now())
    later = services.certificate_pdf(credential=issued, at=timezone.now())
    assert list(pypdf.PdfReader(io.BytesIO(later)).attachments) == ["badge.json"]


@pytest.mark.django_db
def test_full_storage_costs_time_only(issued: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage full: the download works, and the log tells."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)
    at = timezone.now()
    assert services.certificate_pdf(credential=issued, at=at) == services.certificate_pdf(credential=issued, at=at)


@pytest.mark.django_db
def test_half_written_file_is_drawn_again(issued: Credential) -> None:
    """A worker killed while it kept the PDF: what has no end is never handed out."""
    at = timezone.now()
    whole = services.certificate_pdf(credential=issued, at=at)
    from certifications.exports import attachments_of

    name = rendering._kept_name(issued, attachments_of(issued), signing.signer(at=at))
    with default_storage.open(name, "wb") as file:
        file.write(whole[:2000])
    assert services.certificate_pdf(credential=issued, at=at) == whole


@pytest.mark.django_db
def test_unusable_key_is_a_page_that_says_the_certificate_stands(issued: Credential, settings: object) -> None:
    settings.CERTIFICATE_KEY_FILE = "/nowhere.p12"  # type: ignore[attr-defined]
    response = signed_in(issued).get(f"/my/certificates/{issued.public_id}/certificate.pdf")
    assert response.status_code == 503
    assert "Your certificate stands and is valid" in response.content.decode()
    assert "nowhere" not in response.content.decode()
