"""Wallet, certificate, the way, verification: who sees what."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import Award
from certifications import limits
from certifications.models import Credential
from lms.events.services import drain
from lms.partners.models import Membership
from tests.certifications.factories import certification, credential, exam, published
from tests.factories import MembershipFactory, PersonaFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_counts() -> None:
    cache.clear()


@pytest.fixture
def issued_at() -> datetime:
    """Yesterday by the real clock: pages show today's status."""
    return timezone.now() - timedelta(days=1)


@pytest.fixture
def member() -> Membership:
    return MembershipFactory(person=UserFactory(name="Inès <b>Navarro</b>", email="ines@kestrel.example"))


@pytest.fixture
def issued(member: Membership, issued_at: datetime) -> Credential:
    made = credential(issued_at, membership=member, title="Halden & more")
    drain()
    return made


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def addresses(issued: Credential) -> list[str]:
    return [f"/my/certificates/{issued.public_id}/", f"/my/certificates/{issued.public_id}/certificate.pdf"]


def revoke(issued: Credential) -> None:
    Credential.objects.filter(pk=issued.pk).update(
        revoked_at=timezone.now(), revoked_by=UserFactory(), revocation_reason="Answers were copied"
    )


def test_holder_sees_his_certificate(issued: Credential, member: Membership) -> None:
    body = signed_in(member.person).get(addresses(issued)[0]).content.decode()
    assert "Inès &lt;b&gt;Navarro&lt;/b&gt;" in body
    assert "Halden &amp; more" in body
    assert f"http://127.0.0.1:8000/verify/{issued.public_id}/" in body
    assert f"/awards/{Award.objects.get().public_id}/" in body
    assert "Valid" in body


def test_pdf_leaves_as_a_safe_attachment(issued: Credential, member: Membership) -> None:
    response = signed_in(member.person).get(addresses(issued)[1])
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert response.content.startswith(b"%PDF")
    disposition = response["Content-Disposition"]
    assert disposition.startswith("attachment; filename*=utf-8''Halden%20%26%20more%20-%20In%C3%A8s%20_b_Navarro")
    assert not set(disposition) & set('\r\n"/\\')
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store, private"


def test_manager_sees_and_downloads_his_peoples(issued: Credential, member: Membership) -> None:
    manager = MembershipFactory(partner=member.partner, role="manager")
    for address in addresses(issued):
        assert signed_in(manager.person).get(address).status_code == 200


@pytest.mark.parametrize("role", ["member", "manager"])
def test_others_get_404(issued: Credential, role: str) -> None:
    """TEN-13: neither page nor PDF of another partner's people."""
    stranger = MembershipFactory(role=role)
    for address in addresses(issued):
        assert signed_in(stranger.person).get(address).status_code == 404


def test_colleague_gets_404(issued: Credential, member: Membership) -> None:
    colleague = MembershipFactory(partner=member.partner)
    for address in addresses(issued):
        assert signed_in(colleague.person).get(address).status_code == 404


def test_manager_loses_sight_of_who_left(issued: Credential, member: Membership) -> None:
    manager = MembershipFactory(partner=member.partner, role="manager")
    member.ends_on = timezone.now().date() - timedelta(days=2)
    member.save(update_fields=["ends_on"])
    assert signed_in(manager.person).get(addresses(issued)[0]).status_code == 404
    assert signed_in(member.person).get(addresses(issued)[0]).status_code == 200


def test_nobody_is_asked_to_sign_in(issued: Credential) -> None:
    for address in [*addresses(issued), "/my/certificates/", f"/certifications/{issued.certification.slug}/"]:
        response = Client().get(address)
        assert (response.status_code, response["Location"].startswith("/accounts/login/")) == (302, True)


def test_pages_refuse_post(issued: Credential, member: Membership) -> None:
    for address in [*addresses(issued), "/my/certificates/", f"/verify/{issued.public_id}/", "/verify/"]:
        assert signed_in(member.person).post(address).status_code == 405


def test_revoked_pdf_is_gone(issued: Credential, member: Membership) -> None:
    """CERT-14: a download after the revocation says so."""
    revoke(issued)
    response = signed_in(member.person).get(addresses(issued)[1])
    assert response.status_code == 410
    assert "Answers were copied" in response.content.decode()
    assert "certificate.pdf" not in response.content.decode()


def test_wallet_shows_what_one_holds_and_what_is_open(issued: Credential, member: Membership) -> None:
    open_to_all = certification(exam("open"), slug="open", title="Open to all")
    certification(exam("others"), slug="others", title="Not for him").personas.add(PersonaFactory(slug="marketer"))
    body = signed_in(member.person).get("/my/certificates/").content.decode()
    assert "Halden &amp; more" in body
    assert open_to_all.title in body
    assert "Not for him" not in body


def test_wallet_is_never_quite_empty(member: Membership) -> None:
    body = signed_in(member.person).get("/my/certificates/").content.decode()
    assert "No certificate yet" in body
    assert "See how to get certified" in body


@pytest.mark.parametrize("count", [1, 3])
def test_wallet_asks_as_often_for_three_as_for_one(count: int, member: Membership, issued_at: datetime) -> None:
    for number in range(count):
        credential(issued_at, membership=member)
        certification(published(1), exam(f"way-{number}"), slug=f"way-{number}")
    client = signed_in(member.person)
    client.get("/my/certificates/")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/my/certificates/").status_code == 200
    assert len(queries) == 11


def test_way_has_one_button(member: Membership) -> None:
    version, assessment = published(2), exam()
    wanted = certification(version, assessment)
    body = signed_in(member.person).get(f"/certifications/{wanted.slug}/").content.decode()
    assert "Start with the course" in body
    assert len(re.findall("button-primary", body)) == 1
    assert "0 of 2 steps done" in body


def test_way_of_another_persona_is_404(member: Membership) -> None:
    wanted = certification(exam())
    wanted.personas.add(PersonaFactory(slug="marketer"))
    assert signed_in(member.person).get(f"/certifications/{wanted.slug}/").status_code == 404


def test_verification_tells_four_states(issued: Credential, issued_at: datetime) -> None:
    expired = credential(issued_at - timedelta(days=800))
    revoked = credential(issued_at)
    revoke(revoked)
    for public_id, word in [
        (issued.public_id, "Valid"),
        (expired.public_id, "Expired"),
        (revoked.public_id, "Revoked"),
        ("nothing-of-the-kind-22", "Unknown"),
    ]:
        response = Client().get(f"/verify/{public_id}/")
        body = response.content.decode()
        assert (response.status_code, f"<h1>{word}</h1>" in body) == (200, True)
        assert [
            label for label in ("Holder", "Issued", "Valid until", "Issued by") if f"<dt>{label}</dt>" not in body
        ] == []
        assert response["Cache-Control"] == "no-store"
        assert (response["X-Robots-Tag"], response["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")


def test_verification_shows_name_title_dates_issuer_and_nothing_else(issued: Credential, member: Membership) -> None:
    """TEN-13: no address, no partner, no score, no reason of a revocation, for a stranger."""
    body = Client().get(f"/verify/{issued.public_id}/").content.decode()
    assert "Inès &lt;b&gt;Navarro&lt;/b&gt;" in body
    assert "Halden &amp; more" in body
    hidden = [member.person.email, member.partner.name, str(member.person.public_id), "80.00", "Answers were copied"]
    assert [text for text in hidden if text in body] == []
    revoke(issued)
    assert "Answers were copied" not in Client().get(f"/verify/{issued.public_id}/").content.decode()


def test_verification_takes_the_same_way_for_known_and_unknown(issued: Credential) -> None:
    """CERT-03: one query either way, so time tells nothing."""
    counts = []
    for public_id in (issued.public_id, "nothing-of-the-kind-22"):
        Client().get(f"/verify/{public_id}/")
        with CaptureQueriesContext(connection) as queries:
            Client().get(f"/verify/{public_id}/")
        counts.append(len(queries))
    assert counts == [1, 1]


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
def test_verification_address_ignores_the_host_header(issued: Credential, member: Membership, header: str) -> None:
    """CERT-07: from the configured site only."""
    client = signed_in(member.person)
    body = client.get(addresses(issued)[0], **{header: "localhost"}).content.decode()
    assert f"http://127.0.0.1:8000/verify/{issued.public_id}/" in body
    assert "localhost/verify" not in body


@pytest.mark.parametrize(
    "address", ["/verify/a%00b/", "/verify/" + "x" * 5000 + "/", "/verify/%F0%9F%98%80/", "/verify/..%2f/"]
)
def test_verification_survives_odd_numbers(address: str) -> None:
    assert Client().get(address).status_code in {200, 400, 404}


def test_verification_is_limited_per_network(issued: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    """CERT-03: 429 with Retry-After, for known and unknown alike; another network goes on."""
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 1)
    for number in range(3):  # two of three are in one minute, whenever it begins
        response = Client().get(f"/verify/unknown-{number}/", REMOTE_ADDR="2001:db8::1")
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 60
    assert Client().get("/verify/unknown/", REMOTE_ADDR="2001:db8:0:1::1").status_code == 200
    assert Client().get(f"/verify/{issued.public_id}/", REMOTE_ADDR="192.0.2.1").status_code == 200


class BrokenCache:
    def add(self, *args: object, **kwargs: object) -> None:
        raise ConnectionError("the cache is down")


def test_limit_holds_without_a_cache(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(limits, "cache", BrokenCache())
    waits = [limits.seconds_to_wait("192.0.2.9", now) for _ in range(limits.LOOK_UPS_PER_MINUTE + 1)]
    assert waits == [0] * limits.LOOK_UPS_PER_MINUTE + [60]
    assert limits.seconds_to_wait("192.0.2.9", now + timedelta(minutes=1)) == 0
    assert len(limits._own_counts) == 1


@pytest.mark.parametrize(
    "typed", ["{id}", " {id} ", "http://127.0.0.1:8000/verify/{id}/", "HTTPS://x.example/verify/{id}"]
)
def test_form_leads_to_the_certificate(issued: Credential, typed: str) -> None:
    response = Client().get("/verify/", {"number": typed.format(id=issued.public_id)})
    assert (response.status_code, response["Location"]) == (302, f"/verify/{issued.public_id}/")


@pytest.mark.parametrize("typed", ["", " ", "////", "é" * 10, "x" * 65, "x" * 301])
def test_form_says_what_a_number_looks_like(typed: str) -> None:
    response = Client().get("/verify/", {"number": typed})
    assert (response.status_code, response["X-Robots-Tag"]) == (200, "noindex, nofollow")
    assert 'aria-invalid="true"' in response.content.decode()


def test_form_never_leads_off_the_site() -> None:
    response = Client().get("/verify/", {"number": "//evil.example"})
    assert response["Location"] == "/verify/evil.example/"
