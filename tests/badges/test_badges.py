"""Badges: awarded once, signed, verified by libraries we did not write, refused when touched."""

import copy
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3 import OB3Verifier, ldp

from badges import jsonld, keys, proofs, services
from badges.errors import KeyUnreadable
from badges.models import Award, IssuerKey
from badges.verification import verify, verify_document
from certifications.models import Credential
from lms.accounts.models import AuditEntry
from lms.events.models import Delivery
from lms.events.services import drain
from tests.certifications.factories import credential
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def award(now: datetime) -> Award:
    membership = MembershipFactory(person=UserFactory(name="Nguyễn Thị Phượng", email="phuong@kestrel.example"))
    credential(now, membership=membership)
    drain()
    return Award.objects.get()


def public_pem(award: Award) -> bytes:
    return keys.public_key(award.key.public_multibase).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def outside_says_yes(document: dict[str, Any], award: Award) -> bool:
    """openbadgeslib's own contexts, canonical form and signature check."""
    try:
        ldp.verify_data_integrity_proof(document, public_pem(award))
    except LibOpenBadgesException:
        return False
    return True


def test_credential_brings_one_badge(award: Award, now: datetime) -> None:
    again = services.award_badge(credential=award.credential, at=now + timedelta(days=1))
    assert again == award
    assert Award.objects.count() == 1


def test_badge_without_end_says_none(now: datetime) -> None:
    credential(now, valid_months=0)
    drain()
    award = Award.objects.get()
    assert "validUntil" not in award.document
    assert verify_document(award.document, at=now + timedelta(days=9999)).is_valid
    assert verify_document(award.document, at=now - timedelta(days=1)).words.endswith("not valid yet.")
    assert str(award) == f"Halden Certified Engineer: {award.public_id}"
    assert str(award.key) == award.key.public_multibase
    assert str(award.achievement) == "Halden Certified Engineer"


@pytest.mark.parametrize("text", ["z6Mk0", "x6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", "z111", "z" + "2" * 300])
def test_public_key_refuses_what_is_no_ed25519_multikey(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        keys.public_key(text)


def test_event_delivered_twice_awards_once(award: Award) -> None:
    Delivery.objects.filter(handler="badges.handlers.award_badge").update(done_at=None, due_at=award.awarded_at)
    assert drain() == 1
    assert Award.objects.count() == 1


def test_document_is_an_open_badge(award: Award) -> None:
    document = award.document
    assert document["@context"] == jsonld.CONTEXTS
    assert document["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert document["issuer"]["id"] == "did:web:127.0.0.1%3A8000"
    assert document["validFrom"] == "2026-11-16T09:00:00Z"
    assert document["validUntil"] == "2028-11-16T23:59:59Z"
    assert document["credentialSubject"]["achievement"]["name"] == "Halden Certified Engineer"
    assert [proof["cryptosuite"] for proof in document["proof"]] == ["eddsa-rdfc-2022"]


def test_document_names_no_address(award: Award) -> None:
    text = json.dumps(award.document)
    assert "kestrel.example" not in text
    assert str(award.credential.person.public_id) not in text


def test_outside_library_accepts_the_badge(award: Award) -> None:
    verified = ldp.OB3LdpVerifier(pubkey_pem=public_pem(award)).verify(award.document, check_status=False)
    assert verified is not None
    assert outside_says_yes(award.document, award)


@pytest.mark.parametrize(
    "path,value",
    [
        (("name",), "Halden Certified Architect"),
        (("validUntil",), "2099-01-01T00:00:00Z"),
        (("credentialSubject", "id"), "urn:uuid:00000000-0000-4000-8000-000000000000"),
        (("credentialSubject", "achievement", "criteria", "narrative"), "Anything"),
        (("proof", 0, "created"), "2020-01-01T00:00:00Z"),
    ],
)
def test_changed_badge_is_refused_by_both(award: Award, now: datetime, path: tuple[Any, ...], value: str) -> None:
    document = copy.deepcopy(award.document)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not outside_says_yes(document, award)
    verdict = verify_document(document, at=now)
    assert (verdict.is_valid, verdict.words.startswith("The signature does not fit")) == (False, True)


def test_verification_says_valid_expired_revoked(award: Award, now: datetime) -> None:
    assert verify_document(award.document, at=now).is_valid
    later = verify_document(award.document, at=now + timedelta(days=800))
    assert later.words == "The badge is genuine but has expired."
    Credential.objects.update(revoked_at=now, revoked_by=UserFactory(), revocation_reason="Copied")
    assert verify_document(award.document, at=now).words == "The badge is genuine but was revoked."


def _without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: member for name, member in document.items() if name not in names}


@pytest.mark.parametrize(
    "change,words",
    [
        (lambda _: [], "This is not an Open Badge 3.0."),
        (lambda d: {**d, "type": ["VerifiableCredential"]}, "This is not an Open Badge 3.0."),
        (lambda d: {**d, "@context": [*d["@context"], {"name": "https://evil.example"}]}, "The badge names contexts"),
        (lambda d: {**d, "proof": d["proof"] * 2}, "The badge does not carry exactly one proof."),
        (lambda d: _without(d, "proof"), "The badge does not carry exactly one proof."),
        (lambda d: {**d, "proof": [{**d["proof"][0], "cryptosuite": "none"}]}, "The proof is not of the kind"),
        (lambda d: {**d, "proof": [{**d["proof"][0], "proofPurpose": "authentication"}]}, "The proof was not made"),
        (lambda d: {**d, "issuer": {**d["issuer"], "id": "did:web:evil.example"}}, "The badge was signed with a key"),
        (
            lambda d: {**d, "proof": [{**d["proof"][0], "verificationMethod": d["issuer"]["id"] + "#z6Mkx"}]},
            "The badge was signed with a key that is not ours.",
        ),
        (lambda d: {**d, "proof": [{**d["proof"][0], "proofValue": "z!!"}]}, "The signature does not fit"),
        (lambda d: {**d, "proof": [{**d["proof"][0], "proofValue": "z" + "2" * 500}]}, "The signature does not fit"),
        (lambda d: {**d, "grade": "A+"}, "The contexts do not define"),
        (lambda d: {**d, "credentialSubject": {"@index": [[]]}}, ""),
    ],
)
def test_verification_fails_closed(award: Award, now: datetime, change: Any, words: str) -> None:
    verdict = verify_document(change(copy.deepcopy(award.document)), at=now)
    assert not verdict.is_valid
    assert verdict.words.startswith(words)


def test_verification_knows_our_signature_without_a_record(award: Award, now: datetime) -> None:
    unsigned = {**_without(award.document, "proof"), "id": "http://127.0.0.1:8000/badges/awards/made-up.json"}
    method = award.document["proof"][0]["verificationMethod"]
    forged = proofs.add_proof(unsigned, key=services.private_key(award.key), method=method, at=now)
    assert verify_document(forged, at=now).words.endswith("not on our record.")


def test_undefined_term_is_never_signed(award: Award, now: datetime) -> None:
    """pyld drops what no context defines: without the check it would go out unsigned."""
    unsigned = {**_without(award.document, "proof"), "salary": "100000"}
    assert jsonld.canonical(unsigned) == jsonld.canonical(_without(unsigned, "salary"))
    with pytest.raises(jsonld.UndefinedTerm, match="salary"):
        proofs.add_proof(unsigned, key=services.private_key(award.key), method="x", at=now)


def test_altered_context_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context is what its hash says: a file that was touched signs and verifies nothing."""
    (tmp_path / "credentials-v2.json").write_text('{"@context": {}}')
    monkeypatch.setattr(jsonld, "_FOLDER", tmp_path)
    jsonld._context.cache_clear()
    with pytest.raises(jsonld.UnknownContext):
        jsonld._context(jsonld.CREDENTIALS_V2)


def test_unpinned_context_is_never_fetched() -> None:
    with pytest.raises(jsonld.UnknownContext):
        jsonld.check_defined({"@context": "https://evil.example/context", "name": "x"})


def test_control_characters_are_not_signed(now: datetime) -> None:
    """C0, C1 and bidi overrides: pyld and others canonicalise them differently."""
    credential(now, title="Halden\u0007 Certified\u0085 \u202eEngineer\u2066", criteria="One\ntwo\x0b three")
    drain()
    document = Award.objects.get().document
    assert document["name"] == "Halden Certified Engineer"
    assert document["credentialSubject"]["achievement"]["criteria"]["narrative"] == "One two three"


def test_rotated_key_signs_and_the_old_one_still_verifies(award: Award, now: datetime) -> None:
    new = services.rotate_key(by=None, at=now)
    credential(now)
    drain()
    second = Award.objects.exclude(pk=award.pk).get()
    assert (second.key, services.issuer_key(at=now)) == (new, new)
    assert verify_document(award.document, at=now).is_valid
    assert verify_document(second.document, at=now).is_valid
    assert AuditEntry.objects.filter(action="badges.rotate_key").count() == 1


def test_private_key_is_kept_sealed(award: Award) -> None:
    secret = services.private_key(award.key).private_bytes_raw()
    stored = bytes(award.key.private_encrypted)
    assert secret not in stored
    assert secret.hex().encode() not in stored


def test_wrong_secret_key_keeps_the_credential_and_signs_later(now: datetime, settings: Any) -> None:
    services.issuer_key(at=now)
    right = settings.SECRET_KEY
    settings.SECRET_KEY = "another " * 8
    issued = credential(now)
    drain()
    delivery = Delivery.objects.get(handler="badges.handlers.award_badge")
    assert (Award.objects.count(), delivery.done_at) == (0, None)
    assert "SECRET_KEY" in delivery.last_error
    assert issued.status(now.date()) == "valid"
    with pytest.raises(KeyUnreadable):
        services.award_badge(credential=issued, at=now)
    settings.SECRET_KEY = right
    Delivery.objects.filter(pk=delivery.pk).update(due_at=now - timedelta(days=1))
    drain()
    assert Award.objects.get().credential == issued


def test_database_refuses_two_awards_of_one_credential(award: Award) -> None:
    award.pk, award.public_id = None, "6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11"
    with pytest.raises(IntegrityError), transaction.atomic():
        award.save(force_insert=True)


def test_addresses_serve_badge_achievement_issuer_and_did(award: Award) -> None:
    client = Client()
    path = award.document["id"].removeprefix("http://127.0.0.1:8000")
    response = client.get(path)
    assert (response.status_code, json.loads(response.content)) == (200, award.document)
    assert response["Content-Type"] == "application/vc"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["X-Content-Type-Options"] == "nosniff"
    achievement = award.document["credentialSubject"]["achievement"]
    body = json.loads(client.get(achievement["id"].removeprefix("http://127.0.0.1:8000")).content)
    assert {name: member for name, member in body.items() if name != "@context"} == achievement
    assert json.loads(client.get("/badges/issuer").content)["id"] == award.document["issuer"]["id"]
    did = json.loads(client.get("/.well-known/did.json").content)
    assert did["id"] == award.document["issuer"]["id"]
    assert award.document["proof"][0]["verificationMethod"] in did["assertionMethod"]


def test_did_document_resolves_for_the_outside_verifier(award: Award) -> None:
    """openbadgeslib takes our DID document, finds the key the proof names and accepts the badge."""
    served = Client().get("/.well-known/did.json").content

    def download(url: str, *args: object, **kwargs: object) -> bytes:
        assert url == "https://127.0.0.1:8000/.well-known/did.json"
        return served

    verifier = ldp.OB3LdpVerifier.for_issuer_did(award.document["issuer"]["id"])
    assert verifier.verify(award.document, download=download) is not None


def test_unknown_badge_and_achievement_are_404() -> None:
    for path in (
        "badges/awards/6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11.json",
        "badges/achievements/6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11",
    ):
        assert Client().get("/" + path).status_code == 404


def test_revoked_badge_is_gone(award: Award, now: datetime) -> None:
    """CERT-14: the address of a badge never hands out one that was revoked."""
    Credential.objects.update(revoked_at=now, revoked_by=UserFactory(), revocation_reason="Copied")
    response = Client().get(award.document["id"].removeprefix("http://127.0.0.1:8000"))
    assert (response.status_code, response["Cache-Control"]) == (410, "no-store")
    assert "Nguy" not in response.content.decode()


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x01abc", bytes(range(34)), b"\xff" * 64])
def test_base58_comes_back(data: bytes) -> None:
    assert keys.from_base58(keys.base58(data)) == data


def test_multikey_matches_the_published_example() -> None:
    """The key of vc-di-eddsa, appendix B.1."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("c96ef9ea10c5e414c471723aff9de72c35fa5b70fae97e8832ecac7d2e2b8ed6")
    )
    assert keys.multikey(private) == "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"


def test_command_lists_rotates_and_verifies(award: Award, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "badge.json"
    file.write_text(json.dumps(award.document))
    call_command("badges", "verify", str(file))
    call_command("badges", "keys", "rotate")
    call_command("badges", "keys", "list")
    out = capsys.readouterr().out
    assert "genuine and valid" in out
    assert f"{award.key.public_multibase}  made" in out
    assert IssuerKey.objects.filter(retired_at=None).count() == 1


@pytest.mark.parametrize("content", ['{"type": ["OpenBadgeCredential"]}', "[" * 100_000, "no json", '{"a": 1e400}'])
def test_command_refuses_in_words(content: str, tmp_path: Path) -> None:
    file = tmp_path / "badge.json"
    file.write_text(content)
    with pytest.raises(CommandError):
        call_command("badges", "verify", str(file))


def test_command_says_when_the_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("badges", "verify", str(tmp_path / "none.json"))


def test_key_that_is_not_what_its_row_says_is_refused(award: Award, now: datetime) -> None:
    other = services.rotate_key(by=None, at=now)
    IssuerKey.objects.filter(pk=award.key.pk).update(private_encrypted=other.private_encrypted)
    award.key.refresh_from_db()
    with pytest.raises(KeyUnreadable, match="not the one its row says"):
        services.private_key(award.key)


def test_keys_are_sealed_anew_with_another_secret(award: Award, now: datetime, settings: Any) -> None:
    before = services.private_key(award.key).private_bytes_raw()
    settings.BADGE_KEY_SECRETS = ["a new secret"]
    with pytest.raises(KeyUnreadable, match="BADGE_KEY_SECRETS"):
        services.private_key(award.key)
    settings.BADGE_KEY_SECRETS = ["a new secret", settings.SECRET_KEY]
    assert services.reseal_keys(by=None, at=now) == 1
    settings.BADGE_KEY_SECRETS = ["a new secret"]
    award.key.refresh_from_db()
    assert services.private_key(award.key).private_bytes_raw() == before


def test_reseal_is_all_or_nothing(award: Award, now: datetime, settings: Any) -> None:
    settings.BADGE_KEY_SECRETS = ["wrong"]
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("badges", "keys", "reseal")


def test_command_verifies_pictures_numbers_and_addresses(
    award: Award, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    baked = tmp_path / "badge.png"
    baked.write_bytes(Client().get(f"/badges/awards/{award.public_id}.png").content)
    for name in (str(baked), str(award.public_id), award.document["id"]):
        call_command("badges", "verify", name)
        assert "genuine and valid" in capsys.readouterr().out
    call_command("badges", "keys", "reseal")
    with pytest.raises(CommandError, match="https"):
        call_command("badges", "verify", "http://127.0.0.1:1/badge.json")


def test_outside_library_accepts_the_token(award: Award) -> None:
    verified = OB3Verifier(public_pem(award)).verify(award.jwt)
    assert verified.id == award.document["id"]
    with pytest.raises(LibOpenBadgesException):
        OB3Verifier(public_pem(award)).verify(award.jwt[:-4] + "AAAA")


def test_document_follows_the_published_schema_where_it_counts(award: Award) -> None:
    """One credentialStatus, not a list; arrays of type, proof and credentialSchema; a criteria page and a picture."""
    document = award.document
    assert isinstance(document["credentialStatus"], dict)
    assert [type(document[name]) for name in ("type", "proof", "credentialSchema")] == [list, list, list]
    achievement = document["credentialSubject"]["achievement"]
    assert achievement["criteria"]["id"].endswith(f"/achievements/{award.achievement.public_id}/")
    assert achievement["image"]["id"].endswith(".png")
    assert document["awardedDate"] == "2026-11-16T09:00:00Z"


@pytest.mark.parametrize("form", ["json", "jwt", "png", "svg"])
def test_command_exports_what_verifies(award: Award, now: datetime, tmp_path: Path, form: str) -> None:
    file = tmp_path / f"badge.{form}"
    number = award.credential.public_id if award.credential and form == "png" else str(award.public_id)
    call_command("badges", "export", number, "--format", form, "--out", str(file))
    assert verify(file.read_bytes(), at=now).is_valid
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("badges", "export", number, "--format", form, "--out", str(tmp_path / "no" / "where"))


def test_command_exports_no_revoked_badge(award: Award, now: datetime, tmp_path: Path) -> None:
    Credential.objects.update(revoked_at=now, revoked_by=UserFactory(), revocation_reason="Copied")
    for number, words in ((str(award.public_id), "revoked"), ("unknown", "No badge")):
        with pytest.raises(CommandError, match=words):
            call_command("badges", "export", number, "--out", str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()
