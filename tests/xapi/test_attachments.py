"""Attachments by multipart/mixed and signatures: 1.0.3 Data 2.4.11, 2.6 and Communication 1.5; 2.0 4.1.3."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from django.core.files.storage import default_storage

from lms.xapi.models import Attachment, Statement, StatementAttachment
from lms.xapi.services import attachments
from tests.xapi.factories import statement

pytestmark = pytest.mark.django_db
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
FORM = 'multipart/mixed; boundary="b"'


def sha2(data, algorithm="sha256"):
    return hashlib.new(algorithm, data).hexdigest()


def described(data, **changes):
    return {
        "usageType": "https://system.example/usage",
        "display": {"en": "A file"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha2(data),
    } | changes


def part(data, **headers):
    head = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha2(data),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        "".join(f"{name}: {value}\r\n" for name, value in head.items() if value is not None).encode() + b"\r\n" + data
    )


def multipart(statements, *parts, json_type="application/json", end=b"\r\n--b--\r\n"):
    first = f"Content-Type: {json_type}\r\n\r\n".encode() + json.dumps(statements).encode()
    return b"--b\r\n" + b"\r\n--b\r\n".join([first, *parts]) + end


def send(lrs, body, content_type=FORM):
    return lrs.post(body, content_type=content_type)


def received(response):
    """The JSON and the other parts of a multipart answer, read by Python's own parser."""
    head = f"Content-Type: {response['Content-Type']}\r\n\r\n".encode()
    first, *others = message_from_bytes(head + response.getvalue()).get_payload()
    assert first.get_content_type() == "application/json"
    files = {other["X-Experience-API-Hash"]: other.get_payload(decode=True) for other in others}
    assert {other["Content-Transfer-Encoding"] for other in others} <= {"binary"}
    return json.loads(first.get_payload(decode=True)), files


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
def test_an_attachment_comes_back_as_it_was_sent(lrs, algorithm):
    data = b"\r\n--c \r\n\x00\xff--b" + b"x" * 200_000
    digest = sha2(data, algorithm)
    sent = statement(attachments=[described(data, sha2=digest.upper())])
    response = send(lrs, multipart(sent, part(data, X_Experience_API_Hash=digest)))
    assert response.status_code == 200, response.content
    (statement_id,) = response.json()
    shown, files = received(lrs.get(statementId=statement_id, attachments="true"))
    assert (shown["id"], files) == (statement_id, {digest: data})
    assert received(lrs.get(attachments="true"))[1] == {digest: data}
    assert lrs.get(attachments="false")["Content-Type"] == "application/json"
    assert received(lrs.get(attachments="true", limit="1", verb="https://none.example/"))[1] == {}


def test_an_empty_attachment_is_one(lrs):
    response = send(lrs, multipart(statement(attachments=[described(b"")]), part(b"")))
    assert received(lrs.get(statementId=response.json()[0], attachments="true"))[1] == {sha2(b""): b""}


def test_attachments_of_sub_statements_and_of_many_statements(lrs):
    sub = {**statement(attachments=[described(b"one")]), "objectType": "SubStatement"}
    batch = [statement(object=sub), statement(attachments=[described(b"two"), described(b"one")]), statement()]
    assert send(lrs, multipart(batch, part(b"one"), part(b"two"))).status_code == 200
    assert received(lrs.get(attachments="true"))[1] == {sha2(b"one"): b"one", sha2(b"two"): b"two"}
    assert (Attachment.objects.count(), StatementAttachment.objects.count()) == (2, 3)


def test_bytes_are_kept_once_and_privately(lrs, settings):
    for _ in range(2):
        send(lrs, multipart(statement(attachments=[described(b"same")]), part(b"same")))
    (row,) = Attachment.objects.all()
    assert (row.size, str(row), default_storage.url(row.file.name)) == (4, sha2(b"same"), "")
    assert [path.name for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()] == [sha2(b"same")]
    assert {str(use) for use in StatementAttachment.objects.all()} == {
        f"{pk}: {row.pk}" for pk in Statement.objects.values_list("pk", flat=True)
    }


def test_naming_a_digest_opens_nothing(lrs, connect):
    """Only a statement that came with the bytes shows them, and only to whom the statement is shown."""
    send(lrs, multipart(statement(attachments=[described(b"secret")]), part(b"secret")))
    other = connect(name="Other", scopes=["statements/write", "statements/read/mine"])
    claim = statement(attachments=[described(b"secret", fileUrl="https://other.example/x")])
    (statement_id,) = other.post(claim).json()
    assert received(other.get(statementId=statement_id, attachments="true"))[1] == {}
    assert received(other.get(attachments="true"))[1] == {}


def test_a_file_url_needs_no_data(lrs):
    assert lrs.post(statement(attachments=[described(b"x", fileUrl="https://x.example/1")])).status_code == 200
    body = multipart(statement(attachments=[described(b"x", fileUrl="https://x.example/1")]))
    assert send(lrs, body).status_code == 200


def test_put_takes_attachments_too(lrs):
    statement_id = str(uuid4())
    body = multipart(statement(attachments=[described(b"x")]), part(b"x"))
    assert lrs.call("PUT", "statements", body, content_type=FORM, statementId=statement_id).status_code == 204
    assert received(lrs.get(statementId=statement_id, attachments="true"))[1] == {sha2(b"x"): b"x"}


ONE = statement(attachments=[described(b"x")])
NO_BOUNDARY = multipart(ONE, part(b"x"))


@pytest.mark.parametrize(
    ("name", "body", "content_type"),
    [
        ("no data", multipart(ONE), FORM),
        ("plain JSON without fileUrl", json.dumps(ONE).encode(), "application/json"),
        ("wrong hash", multipart(ONE, part(b"y", X_Experience_API_Hash=sha2(b"x"))), FORM),
        ("no hash", multipart(ONE, part(b"x", X_Experience_API_Hash=None)), FORM),
        ("no SHA-2", multipart(ONE, part(b"x", X_Experience_API_Hash="abc")), FORM),
        ("not in the statement", multipart(ONE, part(b"x"), part(b"y")), FORM),
        ("no encoding", multipart(ONE, part(b"x", Content_Transfer_Encoding=None)), FORM),
        ("another encoding", multipart(ONE, part(b"x", Content_Transfer_Encoding="base64")), FORM),
        ("first part not JSON", multipart(ONE, part(b"x"), json_type="text/plain"), FORM),
        ("first part broken", b"--b\r\nContent-Type: application/json\r\n\r\n{\r\n--b--", FORM),
        ("first part invalid", multipart({}, part(b"x")), FORM),
        ("statements in two parts", multipart(ONE, b"Content-Type: application/json\r\n\r\n{}", part(b"x")), FORM),
        ("no end", multipart(ONE, part(b"x"), end=b""), FORM),
        ("no parts", b"--b--\r\n", FORM),
        ("nothing", b"", FORM),
        ("no boundary named", NO_BOUNDARY, "multipart/mixed"),
        ("empty boundary", NO_BOUNDARY, "multipart/mixed; boundary="),
        ("another boundary", NO_BOUNDARY, "multipart/mixed; boundary=c"),
        ("a boundary too long", NO_BOUNDARY, f"multipart/mixed; boundary={'c' * 71}"),
        ("no line break behind the boundary", multipart(ONE, part(b"x")).replace(b"--b\r\n", b"--bx\r\n", 2), FORM),
        ("a header without colon", multipart(ONE, b"Content-Type\r\n\r\nx"), FORM),
        ("headers without end", multipart(ONE, b"A: " + b"x" * 9000), FORM),
        ("form data", multipart(ONE, part(b"x")), "multipart/form-data; boundary=b"),
    ],
)
def test_a_body_that_does_not_fit_its_statements_is_refused(lrs, settings, name, body, content_type):
    """LRS-21."""
    response = send(lrs, body, content_type)
    assert response.status_code == 400, (name, response.content)
    assert response.json()["detail"]
    assert not Statement.objects.exists()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_a_preamble_an_epilogue_and_blanks_behind_a_boundary_are_nothing(lrs):
    body = b"This is MIME.\r\n" + multipart(ONE, part(b"x")).replace(b"--b\r\n", b"--b \t\r\n") + b"the end"
    assert send(lrs, body).status_code == 200


def test_too_many_parts_and_too_many_bytes_are_refused(lrs, settings):
    """LRS-21: 10,000 parts, a part bomb."""
    many = multipart(ONE, *(part(str(number).encode()) for number in range(10_000)))
    assert send(lrs, many).status_code == 400
    settings.XAPI_MAX_ATTACHMENT_BYTES = 1000
    data = b"x" * 1001
    assert send(lrs, multipart(statement(attachments=[described(data)]), part(data))).status_code == 413
    assert send(lrs, multipart(statement(result={"response": "x" * 2_000_001}))).status_code == 413
    assert not Attachment.objects.exists()


def test_files_of_a_refused_request_are_deleted(lrs, settings, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(attachments.Attachment.objects, "bulk_create", fail)
    with pytest.raises(RuntimeError):
        send(lrs, multipart(ONE, part(b"x")))
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert not Statement.objects.exists()


# --- Signatures ---


@pytest.fixture(scope="module")
def keys():
    """Two RSA keys."""
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def certificate(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Signer")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=365))
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return base64.b64encode(der).decode()


def b64(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jws(payload, key, *, alg="RS256", header=None, algorithm=None):
    signing = f"{b64({'alg': alg} | (header or {}))}.{b64(payload)}".encode()
    bits = algorithm or {"RS384": hashes.SHA384(), "RS512": hashes.SHA512()}.get(str(alg), hashes.SHA256())
    return signing + b"." + b64(key.sign(signing, PKCS1v15(), bits)).encode()


def send_signed(lrs, sent, token, *, version=None, **changes):
    attachment = described(token, usageType=SIGNATURE, contentType="application/octet-stream") | changes
    body = multipart(sent | {"attachments": [attachment, *sent.get("attachments", [])]}, part(token))
    return lrs.call(
        "POST", "statements", body, content_type=FORM, headers={"X-Experience-API-Version": version or "1.0.3"}
    )


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512"])
@pytest.mark.parametrize("with_certificate", [True, False])
def test_a_signed_statement_is_stored_with_its_signature(lrs, keys, alg, with_certificate, version):
    sent = statement(id=str(uuid4()), result={"duration": "PT1.237S", "score": {"scaled": 1.0}})
    header = {"x5c": [certificate(keys[0])]} if with_certificate else {}
    token = jws(sent, keys[0], alg=alg, header=header)
    response = send_signed(lrs, sent, token, version=version)
    assert response.status_code == 200, response.content
    assert received(lrs.get(statementId=sent["id"], attachments="true"))[1] == {sha2(token): token}


@pytest.mark.parametrize(
    "payload",
    [
        lambda sent: {name: value for name, value in sent.items() if name != "id"},
        lambda sent: {name: value for name, value in sent.items() if name != "timestamp"},
        lambda sent: dict(reversed(sent.items())),
        lambda sent: sent | {"id": sent["id"].upper(), "stored": "2020-01-01T00:00:00Z", "version": "1.0.0"},
        lambda sent: sent | {"result": {"duration": "PT1.239S"}},
    ],
)
def test_a_payload_that_says_the_same_is_the_statement(lrs, keys, payload):
    sent = statement(id=str(uuid4()), timestamp="2026-01-01T00:00:00Z", result={"duration": "PT1.23S"})
    assert send_signed(lrs, sent, jws(payload(sent), keys[0])).status_code == 200


def wrong_signatures(sent, keys):
    """LRS-22. Each beside the statement that it should have signed."""
    one, two = keys
    x5c = {"x5c": [certificate(one)]}
    good = jws(sent, one, header=x5c)
    head, payload, signature = good.decode().split(".")
    elliptic = ec.generate_private_key(ec.SECP256R1())
    yield "alg none", f"{b64({'alg': 'none'})}.{payload}.".encode()
    yield "alg none with something", f"{b64({'alg': 'none'})}.{payload}.AAAA".encode()
    yield "HS256 with the public key", jws(sent, one, alg="HS256", header=x5c)
    yield "PS256", jws(sent, one, alg="PS256", header=x5c)
    yield "alg in lower case", jws(sent, one, alg="rs256", header=x5c)
    yield "alg no string", jws(sent, one, alg=["RS256"], header=x5c)
    yield "another hash than it says", jws(sent, one, alg="RS512", header=x5c, algorithm=hashes.SHA256())
    yield "wrong key", jws(sent, two, header=x5c)
    yield "other payload", jws(sent | {"result": {"success": True}}, one, header=x5c)
    yield "other id", jws(sent | {"id": str(uuid4())}, one, header=x5c)
    yield "payload swapped", f"{head}.{b64(sent | {'timestamp': '2020-01-01T00:00:00Z'})}.{signature}".encode()
    yield "payload no object", jws([sent], one, header=x5c)
    yield "payload no statement", jws({"actor": 1, "object": 2, "context": []}, one, header=x5c)
    yield "payload not JSON", jws(b"{'id': 1}", one, header=x5c)
    yield "payload with a name twice", jws(b'{"a":1,"a":2}', one, header=x5c)
    yield "signature cut", good[:-8]
    yield "no signature", f"{head}.{payload}.".encode()
    yield "two parts", f"{head}.{payload}".encode()
    yield "padding", good + b"=="
    yield "not base64url", f"{head}.{payload}.++//".encode()
    yield "not ASCII", "ü.ü.ü".encode()
    yield "header not JSON", f"{b64(b'{')}.{payload}.{signature}".encode()
    yield "critical extension", jws(sent, one, header=x5c | {"crit": ["b64"], "b64": False})
    for name, chain in (("empty", []), ("no list", "x"), ("no certificate", ["AAAA"]), ("number", [1]), ("null", None)):
        yield f"x5c {name}", jws(sent, one, header={"x5c": chain})
    yield "x5c of another kind of key", jws(sent, one, header={"x5c": [certificate(elliptic)]})


def test_wrong_signatures_are_refused(lrs, keys):
    sent = statement(id=str(uuid4()))
    for name, token in wrong_signatures(sent, keys):
        assert send_signed(lrs, sent, token).status_code == 400, name
    assert not Statement.objects.exists()
    assert send_signed(lrs, sent, jws(sent, keys[0], header={"x5c": [certificate(keys[0])]})).status_code == 200


def test_a_signature_is_a_file_of_bytes_that_came_along(lrs, keys):
    sent = statement(id=str(uuid4()))
    token = jws(sent, keys[0])
    assert send_signed(lrs, sent, token, contentType="text/plain").status_code == 400
    attachment = described(
        token, usageType=SIGNATURE, contentType="application/octet-stream", fileUrl="https://x.example/"
    )
    assert lrs.post(sent | {"attachments": [attachment]}).status_code == 400
    assert send_signed(lrs, sent, b"x" * 1_000_001).status_code == 400


def test_other_attachments_are_part_of_what_is_signed(lrs, keys):
    linked = described(b"x", fileUrl="https://x.example/")
    sent = statement(id=str(uuid4()), attachments=[linked])
    assert send_signed(lrs, sent, jws(sent, keys[0])).status_code == 200
    other = statement(id=str(uuid4()), attachments=[linked])
    without = {name: value for name, value in other.items() if name != "attachments"}
    assert send_signed(lrs, other, jws(without, keys[0])).status_code == 400
