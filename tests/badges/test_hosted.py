"""Open Badges 2.0, hosted: followed as a displayer follows it, from the picture to the issuer."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from badges import baking
from badges.models import Award
from lms.accounts.models import AuditEntry, User
from tests.badges.factories import HERE, awarded, revoke, signed_in, suspended
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def award() -> Award:
    membership = MembershipFactory(person=UserFactory(email="ann@kestrel.example"))
    return awarded(timezone.now() - timedelta(minutes=1), membership=membership)


def picture(award: Award) -> bytes:
    address = f"/my/badges/{award.public_id}/for-older-sites/"
    answer = signed_in(award.holder).post(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    return answer.content


def inside(png: bytes) -> dict[str, Any]:
    """The assertion of a baked picture, as Open Badges 2.0 has it read: one iTXt chunk "openbadges"."""
    texts = [content for kind, content in baking._chunks(png) if kind == b"iTXt"]
    (text,) = [one for one in texts if one.startswith(b"openbadges\0")]
    return json.loads(text.removeprefix(b"openbadges\0\0\0\0\0"))  # type: ignore[no-any-return]


def fetched(url: str, status: int = 200) -> dict[str, Any]:
    assert url.startswith(HERE)
    answer = Client().get(urlsplit(url).path)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (status, "*")
    return json.loads(answer.content)  # type: ignore[no-any-return]


def test_displayer_follows_it_from_the_picture_to_the_issuer(award: Award) -> None:
    """Open Badges 2.0, "Hosted verification": each id is where the document is, and all are of one host."""
    baked = inside(picture(award))
    assertion = fetched(baked["id"])
    assert assertion == baked
    assert (assertion["type"], assertion["verification"]) == ("Assertion", {"type": "hosted"})
    recipient = assertion["recipient"]
    hashed = sha256(f"ann@kestrel.example{recipient['salt']}".encode()).hexdigest()
    assert (recipient["type"], recipient["hashed"], recipient["identity"]) == ("email", True, f"sha256${hashed}")
    badge = fetched(assertion["badge"])
    assert (badge["id"], badge["type"], badge["name"]) == (assertion["badge"], "BadgeClass", award.document["name"])
    assert {"description", "criteria", "image", "issuer"} <= set(badge)
    assert Client().get(urlsplit(badge["image"]).path)["Content-Type"] == "image/png"
    issuer = fetched(badge["issuer"])
    assert (issuer["id"], issuer["type"]) == (badge["issuer"], "Issuer")
    assert {"name", "url"} <= set(issuer)
    assert assertion["expires"] == award.document["validUntil"]
    assert AuditEntry.objects.filter(action="badges.picture_for_older_sites").count() == 1


def test_what_does_not_hold_says_revoked(award: Award) -> None:
    url = inside(picture(award))["id"]
    with suspended(award, timezone.now()):
        assert fetched(url, 410)["revoked"] is True
    revoke(award, timezone.now())
    said = fetched(url, 410)
    assert said["revoked"] is True
    assert "recipient" not in said
    address = f"/my/badges/{award.public_id}/for-older-sites/"
    assert signed_in(award.holder).post(address).status_code == 302


def test_nobody_finds_the_address_who_was_not_given_it(award: Award) -> None:
    url = inside(picture(award))["id"]
    assert inside(picture(award))["id"] == url, "stable"
    public_id = str(award.public_id)
    for ticket in (public_id, f"{public_id}.x", url.rpartition("/")[2][:-1], "x.y"):
        assert Client().get(f"/badges/v2/assertions/{ticket}").status_code == 404
    page = Client().get(f"/awards/{public_id}/").content.decode()
    assert "v2/assertions" not in page + Client().get(f"/badges/awards/{public_id}.json").content.decode()
    assert signed_in(UserFactory()).post(f"/my/badges/{public_id}/for-older-sites/").status_code == 404


def test_key_of_before_still_answers_at_its_own_address(award: Award, settings: Any) -> None:
    baked = inside(picture(award))
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key of the site"
    assert fetched(baked["id"]) == baked
    settings.SECRET_KEY_FALLBACKS = []
    assert Client().get(urlsplit(baked["id"]).path).status_code == 404


def test_new_e_mail_address_is_not_told_until_it_is_asked_for(award: Award) -> None:
    url = inside(picture(award))["id"]
    User.objects.filter(pk=award.holder.pk).update(email="ann@other.example")
    assert Client().get(urlsplit(url).path).status_code == 404
    baked = inside(picture(Award.objects.get(pk=award.pk)))
    assert baked["id"] != url
    assert fetched(baked["id"]) == baked
