"""Status lists: what they say is what the record says, now; read by openbadgeslib, which is not ours."""

import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3 import OB3Verifier, ldp
from openbadgeslib.ob3.status import decode_encoded_list, set_indices

from badges import keys, services, standing, statuslist
from badges.models import LIST_LENGTH, Award
from badges.standing import Standing
from badges.verification import verify_document
from certifications.models import Credential
from tests.badges.factories import HERE, awarded, pathway, revoke, suspended
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def award(now: datetime) -> Award:
    return awarded(now, valid_months=0)


def listed(award: Award, purpose: str = "revocation") -> bool:
    """Whether the badge's bit is set in what is served."""
    url = award.document["credentialStatus"]["statusListCredential"].replace("revocation", purpose)
    body = json.loads(Client().get(url.removeprefix(HERE)).content)
    field = decode_encoded_list(body["credentialSubject"]["encodedList"])
    return int(award.document["credentialStatus"]["statusListIndex"]) in set_indices(field)


def served(url: str, *args: object, **kwargs: object) -> bytes:
    """What a verifier elsewhere gets: the DID document and the list, as a token because it asks for one."""
    path = url.replace("https://", "http://").removeprefix(HERE)
    return bytes(Client().get(path, headers={"accept": "application/vc+jwt"}).content)


def outside_accepts(award: Award) -> bool:
    """openbadgeslib resolves our DID, checks the proof, fetches the list, checks its signature and the bit."""
    verifier = ldp.OB3LdpVerifier.for_issuer_did(award.document["issuer"]["id"])
    token = OB3Verifier.for_issuer_did(award.document["issuer"]["id"], download=served)
    answers = []
    for check in (verifier.verify, token.verify):
        try:
            check(award.document if check == verifier.verify else award.jwt, check_status=True, download=served)
            answers.append(True)
        except LibOpenBadgesException:
            answers.append(False)
    assert answers[0] == answers[1]
    return answers[0]


def test_badge_names_one_status_entry(award: Award) -> None:
    entry = award.document["credentialStatus"]
    assert entry["type"] == "BitstringStatusListEntry"
    assert entry["statusPurpose"] == "revocation"
    assert int(entry["statusListIndex"]) == award.status_index
    assert entry["statusListCredential"] == f"{HERE}/badges/status/revocation/0"


def test_outside_library_sees_valid_then_revoked(award: Award, now: datetime) -> None:
    assert outside_accepts(award)
    assert not listed(award)
    revoke(award, now)
    assert not outside_accepts(award)
    assert (listed(award), listed(award, "suspension")) == (True, False)


def test_suspended_badge_is_refused_and_comes_back(award: Award, now: datetime) -> None:
    with suspended(award, now):
        award.refresh_from_db()
        assert not outside_accepts(award)
        assert (listed(award), listed(award, "suspension")) == (True, True)
        assert verify_document(award.document, at=now).words == "The badge is genuine but is suspended."
        response = Client().get(award.document["id"].removeprefix(HERE))
        assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
    assert outside_accepts(award)
    assert (listed(award), listed(award, "suspension")) == (False, False)


def test_unknown_state_stops_the_badge(award: Award, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Credential, "status", lambda *_: "frozen")
    assert standing.of_award(award, now) == Standing.REVOKED


def test_list_is_signed_both_ways(award: Award, now: datetime) -> None:
    as_json = Client().get("/badges/status/revocation/0")
    assert as_json["Content-Type"] == "application/vc"
    assert "Accept" in as_json["Vary"]
    assert as_json["Cache-Control"] == "no-store"
    document = json.loads(as_json.content)
    key = keys.public_key(award.key.public_multibase)
    assert ldp.verify_data_integrity_proof(document, _pem(key)) is None
    as_token = Client().get("/badges/status/revocation/0", headers={"accept": "application/vc+jwt"})
    assert as_token["Content-Type"] == "application/vc+jwt"
    said = jwt.decode(as_token.content.decode(), key, algorithms=["EdDSA"])
    assert said["credentialSubject"] == document["credentialSubject"]
    assert (said["iss"], said["jti"]) == (document["issuer"], document["id"])


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    "accept,is_token",
    [
        ("*/*", False),
        ("application/vc", False),
        ("application/json", False),
        ("application/vc+jwt", True),
        ("application/vc+jwt;q=0.1, application/vc", False),
        ("application/jwt", True),
        ("text/html", False),
    ],
)
def test_form_follows_what_is_asked_for(award: Award, accept: str, is_token: bool) -> None:
    for path in ("/badges/status/revocation/0", f"/badges/awards/{award.public_id}.json"):
        response = Client().get(path, headers={"accept": accept})
        assert (response["Content-Type"] == "application/vc+jwt") == is_token


def test_list_is_never_older_than_the_record(award: Award, now: datetime) -> None:
    first = services.status_list(number=0, purpose="revocation", at=now)
    assert services.status_list(number=0, purpose="revocation", at=now + timedelta(minutes=1)) == first
    revoke(award, now)
    assert services.status_list(number=0, purpose="revocation", at=now + timedelta(minutes=1)) != first


@pytest.mark.parametrize("path", ["message/0", "revocation/1", "suspension/99999999999"])
def test_list_that_does_not_exist_is_404(award: Award, path: str) -> None:
    assert Client().get(f"/badges/status/{path}").status_code == 404


def test_places_in_the_lists_are_scattered(now: datetime) -> None:
    member = MembershipFactory()
    indices = [awarded(now, membership=member).status_index for _ in range(4)]
    assert len(set(indices)) == 4
    assert all(index is not None and 0 <= index < LIST_LENGTH for index in indices)
    assert indices != sorted(range(min(filter(None, indices)), min(filter(None, indices)) + 4))


def test_cost_of_a_list_does_not_grow_with_valid_badges(now: datetime, django_assert_num_queries: Any) -> None:
    for _ in range(2):
        revoke(awarded(now), now)
        awarded(now)
    with django_assert_num_queries(2):
        assert len(standing.listed(0, "revocation", now)) == 2


def test_pathway_awards_are_listed_with_what_they_rest_on(now: datetime) -> None:
    member = MembershipFactory()
    first = awarded(now, membership=member)
    pathway([first.achievement], needed=1)
    (made,) = services.award_pathways(person=member.person, at=now)
    assert not listed(made)
    revoke(first, now)
    assert listed(made)


@given(st.sets(st.integers(min_value=0, max_value=LIST_LENGTH - 1), max_size=8))
def test_bits_come_back(positions: set[int]) -> None:
    field = statuslist.bits(positions)
    encoded = statuslist.encode(field)
    assert statuslist.decode(encoded) == field
    assert set_indices(decode_encoded_list(encoded)) == positions
    assert all(statuslist.is_set(field, position) for position in positions)


@pytest.mark.parametrize("text", ["", "u", "uAAAA", "zH4sI", "u!!!!", "u" + "A" * 100])
def test_broken_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        statuslist.decode(text)


def test_bomb_of_a_list_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        statuslist.decode(statuslist.encode(b"\0" * 50_000_000))
