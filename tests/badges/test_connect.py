"""The Open Badges 3.0 API with OAuth 2: registration, consent, tokens, what they open, and what is taken back."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.idp.oidc.models import Client as Application
from allauth.idp.oidc.models import Token
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from badges import connecting, documents
from badges.models import Award
from badges.verification import verify
from lms.accounts.models import AuditEntry, User
from tests.badges.factories import awarded, revoke, signed_in
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
ALL = " ".join(connecting.SCOPES)
BACK = "https://wallet.example/back"
VERIFIER = "v" * 64
TOLD = {
    "client_name": "Wallet",
    "client_uri": "https://wallet.example/",
    "logo_uri": "https://wallet.example/logo.png",
    "tos_uri": "https://wallet.example/terms",
    "policy_uri": "https://wallet.example/privacy",
    "software_id": "c88b6ed8",
    "software_version": "1.0",
    "redirect_uris": [BACK],
    "token_endpoint_auth_method": "client_secret_basic",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "scope": f"{ALL} https://purl.imsglobal.org/spec/ob/v3p0/scope/credential.upsert",
}


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def award(now: datetime) -> Award:
    return awarded(now)


def register(**changes: Any) -> Any:
    return Client().post("/oauth/clients", json.dumps(TOLD | changes), content_type="application/json")


def challenge(**changes: str | None) -> dict[str, str]:
    proof = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": ALL,
        "state": "s1",
        "code_challenge": proof,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (asked | changes).items() if value is not None}


def consent(person: User, application: dict[str, Any], *, action: str = "grant", **changes: Any) -> Any:
    """What a person's browser does: opens the page, presses a button. Returns the answer to the press."""
    browser = signed_in(person)
    page = browser.get(f"/oauth/authorize?{urlencode(challenge(client_id=application['client_id']))}")
    assert page.status_code == 200, page.content
    fields = {"request": page.context["form"]["request"].value(), "scopes": list(connecting.SCOPES), "action": action}
    return browser.post("/oauth/authorize", fields | changes)


def basic(application: dict[str, Any]) -> dict[str, str]:
    pair = f"{application['client_id']}:{application['client_secret']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def exchange(application: dict[str, Any], code: str, **changes: str) -> Any:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return Client().post("/oauth/token", fields | changes, headers=basic(application))


def code_of(answer: Any) -> str:
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(f"{BACK}?")
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["state"] == ["s1"]
    return query["code"][0]


def connect(person: User, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An application and the tokens that the person gave it."""
    application = register().json()
    tokens = exchange(application, code_of(consent(person, application, **changes)))
    assert tokens.status_code == 200, tokens.content
    return application, tokens.json()


def ask(tokens: dict[str, Any], path: str = "credentials") -> Any:
    return Client().get(f"/ims/ob/v3p0/{path}", headers={"Authorization": f"Bearer {tokens['access_token']}"})


def test_the_way_from_discovery_to_a_verified_badge(award: Award, now: datetime) -> None:
    """As an application goes it: only what it was told before."""
    found = Client().get("/ims/ob/v3p0/discovery")
    described = found.json()
    security = described["components"]["securitySchemes"]["OAuth2ACG"]
    addresses = [security["x-imssf-registrationUrl"], security["flows"]["authorizationCode"]["tokenUrl"]]
    assert [urlsplit(one).path for one in addresses] == ["/oauth/clients", "/oauth/token"]
    assert found["Cache-Control"] == "public, max-age=3600"
    made = register()
    assert made.status_code == 201
    assert {name: made.json()[name] for name in TOLD if name != "scope"} == {
        name: value for name, value in TOLD.items() if name != "scope"
    }
    assert made.json()["scope"] == ALL
    application = made.json()
    tokens = exchange(application, code_of(consent(award.holder, application))).json()
    answer = ask(tokens)
    assert answer.json() == {"credential": [award.document], "compactJwsString": []}
    assert (answer["X-Total-Count"], answer["Cache-Control"]) == ("1", "private, no-store")
    assert verify(json.dumps(answer.json()["credential"][0]).encode(), at=now).is_valid
    assert ask(tokens, "profile").json() == {
        "@context": award.document["@context"],
        "id": award.document["credentialSubject"]["id"],
        "type": ["Profile"],
        "name": award.holder.name,
    }
    assert AuditEntry.objects.get(action="badges.connect").detail == {"application": "Wallet"}


def test_a_refresh_token_goes_on_and_is_changed(award: Award) -> None:
    application, tokens = connect(award.holder)
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = Client().post("/oauth/token", fields, headers=basic(application))
    assert ask(again.json()).status_code == 200
    assert again.json()["refresh_token"] != tokens["refresh_token"]
    assert Client().post("/oauth/token", fields, headers=basic(application)).status_code >= 400
    gone = Client().post("/oauth/revoke", {"token": again.json()["access_token"]}, headers=basic(application))
    assert gone.status_code == 200
    assert ask(again.json()).status_code == 401


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"logo_uri": None}, "Needed"),
        ({"client_name": "x" * 501}, ""),
        ({"client_uri": "https://other.example/"}, "same host"),
        ({"redirect_uris": ["http://wallet.example/back"]}, "https"),
        ({"redirect_uris": ["https://*.wallet.example/back"]}, "https"),
        ({"redirect_uris": ["https://user@wallet.example/"]}, "https"),
        ({"redirect_uris": [f"{BACK}{n}" for n in range(11)]}, "at most"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "https"),
        ({"redirect_uris": ["https://wallet.example/\nhttp://evil.example/"]}, "https"),
        ({"redirect_uris": ["https://wallet.example/\thttp://evil.example/"]}, "https"),
        ({"redirect_uris": ["https://wallet.example\\@evil.example/"]}, "https"),
        ({"grant_types": ["client_credentials"]}, "grants"),
        ({"response_types": ["id_token token"]}, ""),
        ({"token_endpoint_auth_method": "none"}, "client_secret_basic"),
        ({"scope": "openid email"}, "None of the scopes"),
    ],
)
def test_registrations_the_specification_forbids_are_refused(changes: dict[str, Any], words: str) -> None:
    answer = register(**changes)
    assert (answer.status_code, words in answer.json()["error_description"]) == (400, True)
    assert not Application.objects.exists()


def test_what_is_no_registration_is_refused() -> None:
    for body in ("", "[]", '{"client_name": 1}', "\x00"):
        assert Client().post("/oauth/clients", body, content_type="application/json").status_code == 400


def test_one_network_registers_few(award: Award) -> None:
    assert [register().status_code for _ in range(4)] == [201, 201, 201, 429]


def test_tries_of_a_network_are_counted_before_they_are_worked_on() -> None:
    codes = [register(client_uri="x").status_code for _ in range(31)]
    assert codes == [400] * 30 + [429]


def test_without_a_proof_key_nobody_is_asked(award: Award) -> None:
    """7.1.2: PKCE is a must, so a code that was caught opens nothing."""
    application = register().json()
    browser = signed_in(award.holder)
    for changes in ({"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}):
        page = browser.get(f"/oauth/authorize?{urlencode(challenge(client_id=application['client_id'], **changes))}")
        assert (page.status_code, "PKCE" in page.content.decode()) == (400, True)
    code = code_of(consent(award.holder, application))
    assert exchange(application, code, code_verifier="w" * 64).status_code == 400
    other = register(client_name="Thief").json()
    assert exchange(other, code).status_code in {400, 401}


def test_a_code_is_good_once(award: Award) -> None:
    application = register().json()
    code = code_of(consent(award.holder, application))
    assert exchange(application, code).status_code == 200
    assert exchange(application, code).status_code == 400


def test_an_address_that_was_not_registered_is_never_led_to(award: Award) -> None:
    application = register().json()
    browser = signed_in(award.holder)
    asked = challenge(client_id=application["client_id"], redirect_uri="https://evil.example/")
    answer = browser.get(f"/oauth/authorize?{urlencode(asked)}")
    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    unknown = browser.get(f"/oauth/authorize?{urlencode(challenge(client_id='nobody'))}")
    assert unknown.status_code == 400


def test_who_is_not_signed_in_signs_in_first() -> None:
    application = register().json()
    answer = Client().get(f"/oauth/authorize?{urlencode(challenge(client_id=application['client_id']))}")
    assert answer["Location"].startswith("/accounts/login/?next=/oauth/authorize")


def test_no_is_told_and_gives_nothing(award: Award) -> None:
    application = register().json()
    answer = consent(award.holder, application, action="cancel")
    assert "error=access_denied" in answer["Location"]
    assert not Token.objects.exists()
    assert not AuditEntry.objects.filter(action="badges.connect").exists()


def test_consent_needs_the_form_of_the_page(award: Award) -> None:
    """Another site's form, or one made for somebody else's request, lets nobody in."""
    application = register().json()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(award.holder, "django.contrib.auth.backends.ModelBackend")
    page = browser.get(f"/oauth/authorize?{urlencode(challenge(client_id=application['client_id']))}")
    fields = {"request": page.context["form"]["request"].value(), "scopes": list(connecting.SCOPES), "action": "grant"}
    assert browser.post("/oauth/authorize", fields).status_code == 403
    assert signed_in(award.holder).post("/oauth/authorize", fields | {"request": "forged"}).status_code == 403
    policy = page["Content-Security-Policy"]
    assert "form-action 'self' https://wallet.example" in policy


def test_each_scope_opens_its_own(award: Award) -> None:
    _, tokens = connect(award.holder, scopes=[connecting.READ_PROFILE])
    assert ask(tokens, "profile").status_code == 200
    refused = ask(tokens)
    assert (refused.status_code, refused.json()["imsx_codeMajor"]) == (403, "failure")
    assert "insufficient_scope" in refused["WWW-Authenticate"]


def test_no_token_no_answer(award: Award) -> None:
    _, tokens = connect(award.holder)
    for sent in ({}, {"Authorization": "Bearer nothing"}, {"Authorization": "Basic eDp5"}):
        answer = Client().get("/ims/ob/v3p0/credentials", headers=sent)
        assert (answer.status_code, answer.json()["imsx_severity"]) == (401, "error")
    assert signed_in(award.holder).get("/ims/ob/v3p0/credentials").status_code == 401
    User.objects.filter(pk=award.holder.pk).update(is_active=False)
    assert ask(tokens).status_code == 401


def test_guesses_are_slowed_down() -> None:
    codes = [
        Client().get("/ims/ob/v3p0/profile", headers={"Authorization": f"Bearer {number}"}).status_code
        for number in range(31)
    ]
    assert codes == [401] * 30 + [429]


def test_pages_link_to_each_other(now: datetime) -> None:
    member = MembershipFactory()
    awards = [awarded(now + timedelta(days=day), membership=member) for day in range(3)]
    _, tokens = connect(member.person)
    page = ask(tokens, "credentials?limit=1&offset=1")
    assert [one["id"] for one in page.json()["credential"]] == [awards[1].document["id"]]
    base = "https://halden.example" if page["Link"].startswith("<https://halden") else page["Link"][1:].split("/ims")[0]
    places = {"first": 0, "last": 2, "next": 2, "prev": 0}
    assert page["Link"] == ", ".join(
        f'<{base}/ims/ob/v3p0/credentials?limit=1&offset={place}>; rel="{name}"' for name, place in places.items()
    )
    assert page["X-Total-Count"] == "3"
    since = urlencode({"since": awards[1].awarded_at.isoformat()})
    assert [one["id"] for one in ask(tokens, f"credentials?{since}").json()["credential"]] == [awards[2].document["id"]]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=-1", "offset=-1", "offset=%D9%A1", "since=yesterday", "since=2026-01-01"]
)
def test_odd_queries_are_refused_in_words(award: Award, query: str) -> None:
    _, tokens = connect(award.holder)
    assert ask(tokens, f"credentials?{query}").status_code == 400


def test_nobody_elses_badge_and_none_that_was_taken_back(award: Award, now: datetime) -> None:
    other = awarded(now)
    _, tokens = connect(award.holder)
    assert [one["id"] for one in ask(tokens).json()["credential"]] == [award.document["id"]]
    assert other.document["id"] != award.document["id"]
    revoke(award, now)
    assert ask(tokens).json()["credential"] == []


def test_the_holder_sees_and_disconnects(award: Award) -> None:
    application, tokens = connect(award.holder)
    browser = signed_in(award.holder)
    page = browser.get("/my/badges/connections/").content.decode()
    assert all(words in page for words in ("Wallet", "Read your badges, Read your name", "https://wallet.example/"))
    address = f"/my/badges/connections/{application['client_id']}/disconnect/"
    assert signed_in(MembershipFactory().person).post(address).status_code == 404
    assert ask(tokens).status_code == 200
    assert browser.post(address).status_code == 302
    assert browser.post(address).status_code == 404
    assert ask(tokens).status_code == 401
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert Client().post("/oauth/token", fields, headers=basic(application)).status_code >= 400
    assert AuditEntry.objects.filter(action="badges.disconnect").count() == 1


def test_what_nobody_uses_is_cleared(award: Award) -> None:
    application, _ = connect(award.holder)
    unused = register().json()
    at = timezone.now() + timedelta(days=31)
    assert connecting.clear_connections(at=at) == 1
    assert list(Application.objects.values_list("pk", flat=True)) == [application["client_id"]]
    assert unused["client_id"] != application["client_id"]
    assert set(Token.objects.values_list("type", flat=True)) == {Token.Type.REFRESH_TOKEN}
    assert connecting.clear_connections(at=at + timedelta(days=200)) == 1


def test_profile_of_two_people_differs(award: Award, now: datetime) -> None:
    assert documents.subject_id(award.holder) != documents.subject_id(awarded(now).holder)
