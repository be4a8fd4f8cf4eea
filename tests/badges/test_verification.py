"""Badges of others, and ours in every form: genuine, touched, lying, stale, and sent to get us to ask where we must not."""

import copy
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from badges import jsonld, keys, outside, proofs, services, statuslist
from badges.models import Award
from badges.verification import verify, verify_document, verify_token
from lms.common.outgoing import Answer, ForbiddenAddress, Unreachable
from tests.badges.factories import HERE, Outsider, awarded, b64, revoke, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def outsider() -> Outsider:
    return Outsider()


def words(document: Any, at: datetime, outsider: Outsider) -> str:
    verdict = verify_document(document, at=at, fetch=outsider.get)
    assert not verdict.is_valid
    return verdict.words


def test_badge_of_a_did_web_is_verified_with_its_list(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now, 3)
    badge = outsider.signed(now, credentialStatus=outsider.entry())
    verdict = verify_document(badge, at=now, fetch=outsider.get)
    assert (verdict.is_valid, verdict.words) == (True, "The badge is genuine and valid.")
    assert outsider.asked == ["https://issuer.example/.well-known/did.json", "https://issuer.example/status/1"]
    assert verdict.facts["Issuer"] == "did:web:issuer.example"


def test_badge_of_a_did_key_needs_no_request(now: datetime) -> None:
    outsider = Outsider()
    outsider.did = f"did:key:{keys.multikey(outsider.private)}"
    verdict = verify_document(outsider.signed(now), at=now, fetch=outsider.get)
    assert (verdict.is_valid, outsider.asked) == (True, [])
    assert any("nobody can tell" in step for step in verdict.steps)


def test_nothing_but_the_key_is_asked_for_before_the_signature_fits(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now)
    badge = outsider.signed(now, credentialStatus=outsider.entry()) | {"name": "Master welder"}
    assert words(badge, now, outsider).startswith("The signature does not fit")
    assert outsider.asked == ["https://issuer.example/.well-known/did.json"]


@pytest.mark.parametrize("purpose,said", [("revocation", "was revoked"), ("suspension", "is suspended")])
def test_set_bit_refuses_the_badge(outsider: Outsider, now: datetime, purpose: str, said: str) -> None:
    outsider.publish_list(now, 7, purpose=purpose)
    badge = outsider.signed(now, credentialStatus=[outsider.entry(purpose=purpose)])
    assert words(badge, now, outsider) == f"The badge is genuine but {said}."


def unsigned_list(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now)
    del outsider.pages["https://issuer.example/status/1"]["proof"]


def foreign_list(outsider: Outsider, now: datetime) -> None:
    other = Outsider(did="did:web:other.example")
    other.publish_list(now)
    outsider.pages |= other.pages


def list_signed_by_another(outsider: Outsider, now: datetime) -> None:
    right, outsider.private = outsider.private, Ed25519PrivateKey.generate()
    outsider.publish_list(now)
    outsider.private = right


def stale_list(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now - timedelta(days=3))


def early_list(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now + timedelta(days=3))


def list_of_another_purpose(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now, purpose="suspension")


def tampered_list(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now, 7)
    subject = outsider.pages["https://issuer.example/status/1"]["credentialSubject"]
    subject["encodedList"] = statuslist.encode(statuslist.bits([]))


def short_list(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now)
    page = outsider.pages["https://issuer.example/status/1"]
    unsigned = {name: member for name, member in page.items() if name != "proof"}
    unsigned["credentialSubject"]["encodedList"] = statuslist.encode(b"\0" * 100)
    signed = proofs.add_proof(unsigned, key=outsider.private, method=outsider.method, at=now)
    outsider.pages["https://issuer.example/status/1"] = signed


def missing_list(outsider: Outsider, now: datetime) -> None:
    outsider.pages.pop("https://issuer.example/status/1", None)


def no_list_at_all(outsider: Outsider, now: datetime) -> None:
    outsider.pages["https://issuer.example/status/1"] = outsider.signed(now)


@pytest.mark.parametrize(
    "arrange",
    [
        *(unsigned_list, foreign_list, list_signed_by_another, stale_list, early_list, list_of_another_purpose),
        *(tampered_list, short_list, missing_list, no_list_at_all),
    ],
)
def test_list_that_is_in_doubt_refuses_the_badge(outsider: Outsider, now: datetime, arrange: Any) -> None:
    arrange(outsider, now)
    assert words(outsider.signed(now, credentialStatus=outsider.entry()), now, outsider)


@pytest.mark.parametrize(
    "change",
    [
        {"statusPurpose": "message"},
        {"statusSize": 2},
        {"statusListIndex": "-1"},
        {"statusListIndex": "999999999"},
        {"statusListIndex": "٣"},
    ],
)
def test_entry_that_is_not_understood_refuses_the_badge(outsider: Outsider, now: datetime, change: Any) -> None:
    outsider.publish_list(now)
    assert words(outsider.signed(now, credentialStatus=outsider.entry() | change), now, outsider)


def test_kind_of_list_that_is_not_known_refuses_the_badge(outsider: Outsider, now: datetime) -> None:
    entry = {"id": "https://issuer.example/revoked", "type": "1EdTechRevocationList"}
    assert "not known here" in words(outsider.signed(now, credentialStatus=entry), now, outsider)
    many = [outsider.entry(position) for position in range(5)]
    assert "too many" in words(outsider.signed(now, credentialStatus=many), now, outsider)


def no_issuing(document: dict[str, Any]) -> None:
    document["assertionMethod"] = []


def another_did(document: dict[str, Any]) -> None:
    document["id"] = "did:web:other.example"


def another_controller(document: dict[str, Any]) -> None:
    document["verificationMethod"][0]["controller"] = "did:web:other.example"


def revoked_key(document: dict[str, Any]) -> None:
    document["verificationMethod"][0]["revoked"] = "2026-01-01T00:00:00Z"


def unknown_key(document: dict[str, Any]) -> None:
    document["verificationMethod"][0]["publicKeyMultibase"] = "z6Mkx"


def no_key(document: dict[str, Any]) -> None:
    del document["verificationMethod"][0]["publicKeyMultibase"]


@pytest.mark.parametrize("change", [no_issuing, another_did, another_controller, revoked_key, unknown_key, no_key])
def test_key_that_is_not_the_issuers_to_issue_with_is_refused(outsider: Outsider, now: datetime, change: Any) -> None:
    change(outsider.pages["https://issuer.example/.well-known/did.json"])
    assert words(outsider.signed(now), now, outsider)


@pytest.mark.parametrize(
    "did",
    [
        "did:web:",
        "did:web:a%2Fb",
        "did:web:user%40host",
        "did:web:host:..",
        "did:ion:abc",
        "https://issuer.example",
    ],
)
def test_issuer_that_cannot_be_found_out_is_refused(outsider: Outsider, now: datetime, did: str) -> None:
    outsider.did = did
    assert words(outsider.signed(now), now, outsider)
    assert outsider.asked == []


def test_did_web_with_a_path_and_a_port() -> None:
    assert outside.did_web_url("did:web:host.example%3A8443:a:b") == "https://host.example:8443/a/b/did.json"


@pytest.mark.parametrize(
    "change,said",
    [
        ({"@context": [*jsonld.CONTEXTS, {"name": "https://evil.example"}]}, "The badge names contexts"),
        ({"@context": [*jsonld.CONTEXTS, "https://evil.example/context"]}, "The badge names contexts"),
        ({"@context": jsonld.CONTEXTS[::-1]}, "The badge names contexts"),
        ({"credentialSubject": {"@context": {"name": "https://evil.example"}}}, "The badge carries a context"),
        ({"credentialSubject": {"@graph": []}}, "The badge carries a context"),
        ({"validFrom": "2026-01-01T00:00:00"}, "A date of the badge cannot be read."),
        ({"validFrom": "2026-02-31T00:00:00Z"}, "This is not a badge that can be read."),
        ({"validUntil": "2026-02-01T00:00:00Z"}, "The badge is genuine but has expired."),
        ({"validFrom": "2036-01-01T00:00:00Z"}, "The badge is genuine but not valid yet."),
        ({"salary": 1}, "The contexts do not define"),
    ],
)
def test_badge_that_says_too_much_or_too_little(outsider: Outsider, now: datetime, change: Any, said: str) -> None:
    document = outsider.unsigned(**change)
    proof = {"type": "DataIntegrityProof", "cryptosuite": proofs.SUITE, "proofPurpose": "assertionMethod"}
    proof["verificationMethod"] = outsider.method
    try:
        document = proofs.add_proof(document, key=outsider.private, method=outsider.method, at=now)
    except Exception:
        document = document | {"proof": [proof | {"proofValue": "z2"}]}
    assert words(document, now, outsider).startswith(said)


def test_poisoned_graph_ends_at_once(outsider: Outsider, now: datetime) -> None:
    """Eight nodes that are alike and point at each other: minutes of work for the algorithm without a bound."""
    clique = [
        {
            "id": f"_:b{one}",
            "type": ["Evidence"],
            "name": "x",
            "evidence": [{"id": f"_:b{other}"} for other in range(8)],
        }
        for one in range(8)
    ]
    alike = [{"type": ["Evidence"], "narrative": "the same"} for _ in range(40)]
    for evidence in (clique, alike):
        document = outsider.unsigned(evidence=evidence)
        proof = {"type": "DataIntegrityProof", "cryptosuite": proofs.SUITE, "proofPurpose": "assertionMethod"}
        document["proof"] = [proof | {"verificationMethod": outsider.method, "proofValue": "z2"}]
        assert words(document, now, outsider)


def test_crowded_document_is_refused_before_it_is_processed(outsider: Outsider, now: datetime) -> None:
    document = outsider.unsigned(credentialSubject={"tag": [str(number) for number in range(8_000)]})
    assert words(document, now, outsider).startswith("The document holds more than")


# --- Tokens ---


def payload(outsider: Outsider, **changes: Any) -> dict[str, Any]:
    unsigned = outsider.unsigned()
    claims = {"iss": outsider.did, "jti": unsigned["id"], "sub": unsigned["credentialSubject"]["id"]}
    return unsigned | claims | {"nbf": 1767225600} | changes


def with_jwk(outsider: Outsider, public: dict[str, str]) -> None:
    method = {"id": outsider.did + "#key", "type": "JsonWebKey", "controller": outsider.did, "publicKeyJwk": public}
    document = {"id": outsider.did, "verificationMethod": [method], "assertionMethod": ["#key"]}
    outsider.pages["https://issuer.example/.well-known/did.json"] = document


def ec_key() -> tuple[Any, dict[str, str]]:
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    x, y = (b64(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return private, {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def rsa_key(bits: int = 2048) -> tuple[Any, dict[str, str]]:
    private = rsa.generate_private_key(65537, bits)
    numbers = private.public_key().public_numbers()
    modulus = b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
    return private, {"kty": "RSA", "n": modulus, "e": "AQAB"}


@pytest.mark.parametrize("alg,make", [("ES256", ec_key), ("RS256", rsa_key)])
def test_token_of_another_algorithm_is_verified(outsider: Outsider, now: datetime, alg: str, make: Any) -> None:
    private, public = make()
    with_jwk(outsider, public)
    right = token(payload(outsider), {"alg": alg, "kid": outsider.did + "#key"}, private)
    assert verify_token(right, at=now, fetch=outsider.get).is_valid
    wrong = right[:-8] + ("A" * 8 if right[-8:] != "A" * 8 else "B" * 8)
    assert not verify_token(wrong, at=now, fetch=outsider.get).is_valid


def test_short_rsa_key_is_refused(outsider: Outsider, now: datetime) -> None:
    private, public = rsa_key(1024)
    with_jwk(outsider, public)
    made = token(payload(outsider), {"alg": "RS256", "kid": outsider.did + "#key"}, private)
    assert not verify_token(made, at=now, fetch=outsider.get).is_valid


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"alg": "EdDSA", "crit": ["exp"]},
        {"alg": "EdDSA", "b64": False},
        {"alg": "EdDSA", "typ": "logout+jwt"},
        {"alg": ["EdDSA"]},
    ],
)
def test_header_that_lies_is_refused(outsider: Outsider, now: datetime, header: dict[str, Any]) -> None:
    private = None if str(header["alg"]).lower() == "none" else outsider.private
    made = token(payload(outsider), header | {"kid": outsider.method}, private)
    assert not verify_token(made, at=now, fetch=outsider.get).is_valid


def test_key_in_the_header_is_not_believed(outsider: Outsider, now: datetime) -> None:
    thief = Ed25519PrivateKey.generate()
    header = {"alg": "EdDSA", "kid": outsider.method, "jwk": keys.jwk(thief.public_key())}
    assert not verify_token(token(payload(outsider), header, thief), at=now, fetch=outsider.get).is_valid


@pytest.mark.parametrize(
    "change",
    [
        *({"iss": "did:web:other.example"}, {"jti": "urn:other"}, {"sub": "urn:other"}, {"exp": 1767225601}),
        *({"nbf": 4102444800}, {"nbf": "soon"}, {"vc": {}}, {"type": ["VerifiableCredential"]}),
    ],
)
def test_token_that_says_two_things_is_refused(outsider: Outsider, now: datetime, change: dict[str, Any]) -> None:
    made = token(payload(outsider, **change), {"alg": "EdDSA", "kid": outsider.method}, outsider.private)
    assert not verify_token(made, at=now, fetch=outsider.get).is_valid


def test_list_as_a_token_is_understood(outsider: Outsider, now: datetime) -> None:
    outsider.publish_list(now, 3)
    page = outsider.pages["https://issuer.example/status/1"]
    unsigned = {name: member for name, member in page.items() if name != "proof"} | {"iss": outsider.did}
    made = token(unsigned, {"alg": "EdDSA", "kid": outsider.method}, outsider.private)
    outsider.pages["https://issuer.example/status/1"] = made.encode()
    assert verify_document(outsider.signed(now, credentialStatus=outsider.entry()), at=now, fetch=outsider.get).is_valid
    assert not verify_document(
        outsider.signed(now, credentialStatus=outsider.entry(3)), at=now, fetch=outsider.get
    ).is_valid


# --- Ours, and where badges may come from ---


def never(url: str, max_bytes: int) -> bytes:
    raise AssertionError(f"asked for {url}")


@pytest.mark.parametrize("form", ["number", "urn", "json", "share", "certificate"])
def test_our_badge_is_found_by_its_names_without_a_request(now: datetime, form: str) -> None:
    award = awarded(now)
    names = {
        "number": str(award.public_id),
        "urn": f"urn:uuid:{award.public_id}",
        "json": award.document["id"],
        "share": f"{HERE}/awards/{award.public_id}/",
        "certificate": award.credential.verify_url if award.credential else "",
    }
    verdict = verify(names[form].encode(), at=now, fetch=never)
    assert (verdict.is_valid, verdict.award) == (True, award)


def test_our_token_is_judged_by_the_record(now: datetime) -> None:
    award = awarded(now)
    assert verify(award.jwt.encode(), at=now, fetch=never).is_valid
    revoke(award, now)
    for data in (award.jwt, json.dumps(award.document), award.document["id"]):
        assert verify(data.encode(), at=now, fetch=never).words == "The badge is genuine but was revoked."


def test_badge_from_before_the_lists_gets_its_token_once(now: datetime) -> None:
    award = awarded(now)
    Award.objects.update(jwt="")
    award.refresh_from_db()
    made = services.token_of(award, at=now)
    assert verify(made.encode(), at=now, fetch=never).is_valid
    assert services.token_of(Award.objects.get(), at=now) == made


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"hello there", b"http://issuer.example/1", b"file:///etc/passwd", b"ftp://issuer.example/1"),
        *(f"{HERE}/awards/6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11/".encode(), b"unknown-number", b"\xff\xfe\x00"),
        *(b"{", b"[]", b"eyJhbGciOiJub25lIn0.e30.", b"%PDF-1.7 nothing", b"<svg/>", b"x" * 10_000_001),
    ],
)
def test_what_is_no_badge_is_refused_without_a_request(now: datetime, data: bytes) -> None:
    assert not verify(data, at=now, fetch=never).is_valid


def test_badge_is_fetched_from_its_address(outsider: Outsider, now: datetime) -> None:
    outsider.pages["https://issuer.example/badges/1"] = outsider.signed(now)
    assert verify(b"https://issuer.example/badges/1", at=now, fetch=outsider.get).is_valid
    outsider.pages["https://issuer.example/badges/1"] = b"https://issuer.example/badges/2"
    assert not verify(b"https://issuer.example/badges/1", at=now, fetch=outsider.get).is_valid
    assert "https://issuer.example/badges/2" not in outsider.asked


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
        ),
        *("https://[::ffff:127.0.0.1]/", "https://localhost/", "https://0x7f000001/", "https://user@127.0.0.1/"),
    ],
)
def test_private_addresses_are_never_asked(url: str, settings: Any) -> None:
    """Also when a setting names the network for other purposes: addresses here come from strangers."""
    settings.OUTGOING_PRIVATE_NETWORKS = ["127.0.0.0/8", "10.0.0.0/8", "::1/128"]
    with pytest.raises(ForbiddenAddress):
        outside.fetch(url, 1000)


def web(**pages: tuple[int, str]) -> Any:
    """A web of https://a.example/<name>: a status, and where it leads to or what it says."""

    def send(url: str, seconds: float) -> Answer:
        status, text = pages[url.rpartition("/")[2]]
        return Answer(status=status, headers={"location": text}, body=text.encode())

    return send


def test_redirects_are_followed_a_little_and_only_to_https() -> None:
    send = web(a=(302, "/b"), b=(307, "https://b.example/c"), c=(200, "here"), loop=(301, "/loop"), bad=(404, "no"))
    assert outside.follow("https://a.example/a", send) == b"here"
    for path in ("loop", "bad"):
        with pytest.raises(Unreachable):
            outside.follow(f"https://a.example/{path}", send)
    for location in ("http://a.example/c", "file:///etc/passwd", "gopher://a.example/c"):
        with pytest.raises(ForbiddenAddress):
            outside.follow("https://a.example/a", web(a=(302, location), c=(200, "here")))


def test_what_drags_on_ends_after_one_time_for_all(outsider: Outsider) -> None:
    """Redirects share the time of one document, documents that of one badge: else a slow issuer holds a worker for
    MAX_FETCHES times four answers."""
    now, told = [0.0], []

    def send(url: str, seconds: float) -> Answer:
        told.append(seconds)
        now[0] += 4
        return Answer(status=302, headers={"location": "/on"}, body=b"")

    with pytest.raises(Unreachable):
        outside.follow("https://a.example/a", send, lambda: now[0])
    assert told == [6.0, 2.0]
    outsider.pages["https://issuer.example/x"] = b"x"
    resolver = outside.Resolver(outsider.get, lambda: now[0])
    now[0] += outside.SECONDS_IN_ALL
    assert resolver.get("https://issuer.example/x", 10) == b"x"
    now[0] += 1
    with pytest.raises(outside.NotTrusted, match="too long"):
        resolver.get("https://issuer.example/x", 10)


def test_too_many_addresses_are_refused(outsider: Outsider) -> None:
    outsider.pages["https://issuer.example/x"] = b"x"
    resolver = outside.Resolver(outsider.get)
    for _ in range(outside.MAX_FETCHES):
        resolver.get("https://issuer.example/x", 10)
    with pytest.raises(outside.NotTrusted):
        resolver.get("https://issuer.example/x", 10)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_whatever_is_handed_in_there_is_an_answer(data: bytes) -> None:
    from datetime import UTC

    assert not verify(data, at=datetime(2026, 11, 16, tzinfo=UTC), fetch=never).is_valid


def test_deep_copy_of_a_badge_with_one_bit_changed_is_refused(outsider: Outsider, now: datetime) -> None:
    badge = outsider.signed(now)
    changed = copy.deepcopy(badge)
    changed["proof"][0]["proofValue"] = "z" + keys.base58(
        b"\1" + keys.from_base58(badge["proof"][0]["proofValue"][1:])[1:]
    )
    assert words(changed, now, outsider).startswith("The signature does not fit")
