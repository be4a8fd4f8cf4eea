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
from lms.partners.models import Partner
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
    gone = Client().post("/oauth/revoke", {"token": again.json()["access_token"]}, headers=basic(application))
    assert gone.status_code == 200
    assert ask(again.json()).status_code == 401


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"logo_uri": None}, "Needed"),
        ({"client_name": "x" * 501}, "at most 500"),
        ({"client_name": "x" * 101}, "at most 100"),
        ({"client_name": "\u202e\u200b"}, "Needed"),
        ({"client_name": ["Wallet"]}, "Texts are"),
        ({"redirect_uris": None}, "1 to 10"),
        ({"redirect_uris": "[" * 5000}, "list of texts"),
        ({"redirect_uris": {"a": BACK}}, "list of texts"),
        ({"redirect_uris": [f"{BACK}?{'x' * 480}"]}, "at most 500"),
        ({"grant_types": [["refresh_token"]]}, "list of texts"),
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
        ({"response_types": ["id_token token"]}, "response type code"),
        ({"token_endpoint_auth_method": "none"}, "client_secret_basic"),
        ({"scope": "openid email"}, "None of the scopes"),
    ],
)
def test_registrations_the_specification_forbids_are_refused(changes: dict[str, Any], words: str) -> None:
    answer = register(**changes)
    assert (answer.status_code, words in answer.json()["error_description"]) == (400, True)
    assert not Application.objects.exists()


def test_what_is_no_registration_is_refused() -> None:
    bodies = [
        "",
        "[]",
        '{"client_name": 1}',
        "\x00",
        "[" * 9000,
        '{"a": NaN}',
        '{"a": 1e999}',
        "\ud800".encode("utf-8", "surrogatepass"),
    ]
    bodies += [json.dumps(TOLD | {"client_name": name}) for name in ("\ud800", "a\x00b")]
    for body in bodies:
        answer = Client().post("/oauth/clients", body, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), body[:40]
        assert answer.json()["error_description"]


def test_a_registration_is_small() -> None:
    answer = register(software_id="x" * 20_000)
    assert (answer.status_code, "20000 bytes" in answer.json()["error_description"]) == (413, True)


def test_of_a_registration_is_kept_what_means_something() -> None:
    """The name as it will be read: no line break, nothing that turns or hides letters."""
    made = register(client_name="  Wal\u202elet\u200b\n2 ", contacts=["x"] * 100, jwks={"keys": []})
    kept = Application.objects.get(pk=made.json()["client_id"])
    assert (kept.name, made.json()["client_name"]) == ("Wallet 2", "Wallet 2")
    assert set(kept.data["client_metadata"]) == set(TOLD)


def refused(answer: Any) -> tuple[int, str]:
    """Of a refusal to a program: OAuth's shape, with words."""
    assert answer.json()["error_description"]
    return answer.status_code, answer.json()["error"]


def test_what_cannot_be_read_is_refused_in_the_shape_of_oauth(award: Award) -> None:
    application = register().json()
    post, headers = Client().post, basic(application)
    for path in ("token", "revoke", "clients"):
        for query in ("x=%zz", "x=%", "client_id=%00"):
            assert refused(post(f"/oauth/{path}?{query}")) == (400, "invalid_request")
        assert refused(Client().get(f"/oauth/{path}")) == (405, "invalid_request")
    assert refused(post("/oauth/token", {"client_id": "a\x00b"}, headers=headers)) == (400, "invalid_request")
    for name in ("a\x00b", "\x00", "ä", "x" * 101):
        fields = {"grant_type": "authorization_code", "code": "x"}
        answer = post("/oauth/token", fields, headers=basic({"client_id": name, "client_secret": "x"}))
        assert refused(answer) == (401, "invalid_client")
    for resource in ("abc", "http://[", "https://other.example/"):
        assert refused(exchange(application, "x", resource=resource)) == (400, "invalid_target")
    for code in ("a b", "x" * 300, "\n"):
        assert refused(exchange(application, code)) == (400, "invalid_grant")
    fields = {"grant_type": "password", "username": "x", "password": "y"}
    assert refused(post("/oauth/token", fields, headers=headers)) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("query", ["x=%zz", "x=%", "client_id=%00", "client_id=a", "client_id=a&client_id=b"])
def test_what_a_person_brings_that_cannot_be_read_is_a_page(award: Award, query: str) -> None:
    assert signed_in(award.holder).get(f"/oauth/authorize?{query}").status_code == 400
    assert signed_in(award.holder).get(f"/ims/ob/v3p0/credentials?{query}").status_code in {400, 401}


def test_nobody_is_let_in_without_a_page(award: Award) -> None:
    """OpenID Connect Core, 3.1.2.6: who asks for no page is told why there is none."""
    application = register().json()

    def told(browser: Client, **changes: str) -> str:
        asked = challenge(client_id=application["client_id"], **changes)
        answer = browser.get(f"/oauth/authorize?{urlencode(asked)}")
        assert answer["Location"].startswith(f"{BACK}?")
        return parse_qs(urlsplit(answer["Location"]).query)["error"][0]

    assert told(Client(), prompt="none") == "login_required"
    assert told(signed_in(award.holder), prompt="none") == "consent_required"
    assert told(signed_in(award.holder), prompt="none login") == "invalid_request"
    for resource in ("abc", "http://["):
        assert told(signed_in(award.holder), resource=resource) == "invalid_target"
    evil = challenge(client_id=application["client_id"], redirect_uri="https://evil.example/", prompt="none")
    assert Client().get(f"/oauth/authorize?{urlencode(evil)}").status_code == 400


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
        assert page["Location"].startswith(f"{BACK}?error=invalid_request&"), changes  # RFC 7636, 4.4.1
    code = code_of(consent(award.holder, application))
    assert exchange(application, code, code_verifier="w" * 64).status_code == 400
    other = register(client_name="Thief").json()
    assert exchange(other, code).status_code in {400, 401}


def test_a_code_is_good_once_and_its_return_ends_what_it_gave(award: Award) -> None:
    application = register().json()
    code = code_of(consent(award.holder, application))
    tokens = exchange(application, code)
    assert (tokens.status_code, ask(tokens.json()).status_code) == (200, 200)
    for _ in range(2):
        assert refused(exchange(application, code)) == (400, "invalid_grant")
    assert (ask(tokens.json()).status_code, refresh(application, tokens.json()).status_code) == (401, 400)
    assert AuditEntry.objects.filter(action="badges.disconnect", actor=None).count() == 1


def refresh(application: dict[str, Any], tokens: dict[str, Any], **changes: str) -> Any:
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | changes
    return Client().post("/oauth/token", fields, headers=basic(application))


def test_a_refresh_token_that_returns_ends_all_that_came_of_it(award: Award) -> None:
    """Somebody has a copy, and nobody knows who."""
    application, first = connect(award.holder)
    apart = exchange(application, code_of(consent(award.holder, application))).json()
    second = refresh(application, first).json()
    assert refused(refresh(application, first)) == (400, "invalid_grant")
    assert [ask(one).status_code for one in (first, second, apart)] == [401, 401, 200]
    assert refused(refresh(application, second)) == (400, "invalid_grant")


def test_a_refresh_never_widens_and_keeps_what_was_allowed(award: Award) -> None:
    application, tokens = connect(award.holder, scopes=[connecting.READ_PROFILE])
    assert refused(refresh(application, tokens, scope=ALL)) == (400, "invalid_scope")
    application, tokens = connect(award.holder)
    since = connecting.connections(award.holder)[0].since
    narrow = refresh(application, tokens, scope=connecting.READ_PROFILE).json()
    assert [ask(narrow, path).status_code for path in ("credentials", "profile")] == [403, 200]
    assert ask(refresh(application, narrow).json()).status_code == 200
    assert connecting.connections(award.holder)[0].since == since


def test_tokens_and_codes_are_their_applications_own(award: Award) -> None:
    application, tokens = connect(award.holder)
    thief = register(client_name="Thief").json()
    assert refused(refresh(thief, tokens)) == (400, "invalid_grant")
    code = code_of(consent(award.holder, application))
    assert refused(exchange(thief, code)) == (400, "invalid_grant")
    assert refused(exchange(thief, code, client_id=application["client_id"])) == (401, "invalid_client")
    assert refused(exchange(application, code, redirect_uri=f"{BACK}/")) == (400, "invalid_request")
    assert exchange(application, code).status_code == 200
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert Client().post("/oauth/revoke", {"token": token}, headers=basic(thief)).status_code == 200
    assert ask(tokens).status_code == 200
    given_back = Client().post("/oauth/revoke", {"token": tokens["refresh_token"]}, headers=basic(application))
    assert (given_back.status_code, ask(tokens).status_code) == (200, 401)


def test_a_consent_is_written_down_whatever_its_addresses_say(award: Award) -> None:
    """The record follows the code that was given; an address with a code of its own makes none."""
    odd = f"{BACK}?code=1"
    application = register(redirect_uris=[odd]).json()
    browser = signed_in(award.holder)
    asked = challenge(client_id=application["client_id"], redirect_uri=odd, response_mode="fragment")
    page = browser.get(f"/oauth/authorize?{urlencode(asked)}")
    fields = {"request": page.context["form"]["request"].value(), "scopes": list(connecting.SCOPES)}
    written = AuditEntry.objects.filter(action="badges.connect")
    assert "access_denied" in browser.post("/oauth/authorize", fields | {"action": "cancel"})["Location"]
    assert not written.exists()
    answer = browser.post("/oauth/authorize?response_mode=fragment", fields | {"action": "grant"})
    assert (answer.status_code, written.count()) == (302, 1)
    assert urlsplit(answer["Location"]).fragment == ""
    code = parse_qs(urlsplit(answer["Location"]).query)["code"][-1]
    assert exchange(application, code, redirect_uri=odd).status_code == 200
    assert written.get().actor == award.holder


def test_disconnecting_ends_a_code_under_way(award: Award) -> None:
    application = register().json()
    code = code_of(consent(award.holder, application))
    browser = signed_in(award.holder)
    assert "Wallet" in browser.get("/my/badges/connections/").content.decode()
    assert browser.post(f"/my/badges/connections/{application['client_id']}/disconnect/").status_code == 302
    assert refused(exchange(application, code)) == (400, "invalid_grant")
    assert connecting.connections(award.holder) == []


def test_who_left_or_whose_partner_is_suspended_is_read_by_nobody(award: Award, now: datetime) -> None:
    """And a person of a suspended partner can still take back what he gave."""
    application, tokens = connect(award.holder)
    code = code_of(consent(award.holder, application))
    Partner.objects.update(suspended_at=now, suspended_by=award.holder, suspension_reason="Looked into")
    answer = ask(tokens)
    assert (answer.status_code, "suspended" in answer.json()["imsx_description"]) == (403, True)
    browser = signed_in(award.holder)
    refusal = browser.get("/my/badges/")
    assert (refusal.status_code, "/my/badges/connections/" in refusal.content.decode()) == (403, True)
    assert "Wallet" in browser.get("/my/badges/connections/").content.decode()
    User.objects.filter(pk=award.holder.pk).update(is_active=False)
    assert ask(tokens).status_code == 401
    for answer in (refresh(application, tokens), exchange(application, code)):
        assert refused(answer) == (400, "invalid_grant")
    User.objects.filter(pk=award.holder.pk).update(is_active=True)
    address = f"/my/badges/connections/{application['client_id']}/disconnect/"
    assert signed_in(award.holder).post(address).status_code == 302
    Partner.objects.update(suspended_at=None, suspended_by=None, suspension_reason="")
    assert ask(tokens).status_code == 401


def test_the_service_description_promises_what_there_is(award: Award) -> None:
    """One way to show who one is; each scope opens an operation; every address answers."""
    described = Client().get("/ims/ob/v3p0/discovery").json()
    security = described["components"]["securitySchemes"]["OAuth2ACG"]
    assert connecting.AUTH_METHOD in security["description"]
    offered = security["flows"]["authorizationCode"]["scopes"]
    assert {path["get"]["security"][0]["OAuth2ACG"][0] for path in described["paths"].values()} == set(offered)
    application, tokens = connect(award.holder)
    assert set(tokens["scope"].split()) == set(offered)
    assert [ask(tokens, path.strip("/")).status_code for path in described["paths"]] == [200, 200]
    flow = security["flows"]["authorizationCode"]
    for address in (flow["tokenUrl"], flow["refreshUrl"], security["x-imssf-revocationUrl"]):
        keys = {name: application[name] for name in ("client_id", "client_secret")}
        for fields in (keys, {"client_id": keys["client_id"]}):
            body = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "token": "x"} | fields
            answer = Client().post(urlsplit(address).path, body)
            assert refused(answer) == (401, "invalid_client")
            assert answer["WWW-Authenticate"].startswith("Basic ")


def test_wrong_secrets_are_counted_in_the_database(settings: Any) -> None:
    application = register().json()
    wrong = application | {"client_secret": "x"}
    settings.SIGN_IN_FAILURES_ALLOWED = 3
    fields = {"token": "x", "grant_type": "refresh_token", "refresh_token": "x"}
    codes = [
        Client().post(f"/oauth/{path}", fields, headers=basic(wrong)).status_code
        for path in ("revoke", "token", "revoke", "token")
    ]
    assert codes == [401, 401, 401, 429]
    cache.clear()
    answer = Client().post("/oauth/revoke", {"token": "x"}, headers=basic(application))
    assert (refused(answer), int(answer["Retry-After"]) > 0) == ((429, "temporarily_unavailable"), True)
    elsewhere = Client(REMOTE_ADDR="192.0.2.9").post("/oauth/revoke", {"token": "x"}, headers=basic(application))
    assert elsewhere.status_code == 200


def test_an_address_that_was_not_registered_is_never_led_to(award: Award) -> None:
    application = register().json()
    browser = signed_in(award.holder)
    asked = challenge(client_id=application["client_id"], redirect_uri="https://evil.example/")
    answer = browser.get(f"/oauth/authorize?{urlencode(asked)}")
    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    for near in (f"{BACK}/", f"{BACK}?x=1", f"{BACK}#x", BACK.replace("//", "//me@"), f"{BACK};x", BACK[:-1]):
        asked = challenge(client_id=application["client_id"], redirect_uri=near)
        assert browser.get(f"/oauth/authorize?{urlencode(asked)}").status_code == 400
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
    assert browser.post("/oauth/authorize").status_code == 403
    assert signed_in(award.holder).post("/oauth/authorize", {"action": "grant"}).status_code == 400
    again = signed_in(award.holder).post("/oauth/authorize", fields | {"scopes": []})
    for shown in (page, again):
        assert "form-action 'self' https://wallet.example" in shown["Content-Security-Policy"]
    assert "Choose at least one" in again.content.decode()


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
    register()
    start = timezone.now()

    def cleared(days: int) -> int:
        return connecting.clear_connections(at=start + timedelta(days=days, hours=1))

    assert (cleared(29), cleared(31)) == (0, 1)
    assert list(Application.objects.values_list("pk", flat=True)) == [application["client_id"]]
    assert set(Token.objects.values_list("type", flat=True)) == {Token.Type.REFRESH_TOKEN}
    assert (cleared(181), cleared(209), cleared(211)) == (0, 0, 1)


def test_an_old_application_that_was_disconnected_today_stays_a_while(award: Award) -> None:
    application, _ = connect(award.holder)
    Application.objects.update(created_at=timezone.now() - timedelta(days=400))
    at = timezone.now()
    connecting.disconnect(person=award.holder, client_id=application["client_id"], at=at)
    assert connecting.clear_connections(at=at + timedelta(days=29)) == 0
    assert connecting.clear_connections(at=at + timedelta(days=31)) == 1


def test_profile_of_two_people_differs(award: Award, now: datetime) -> None:
    assert documents.subject_id(award.holder) != documents.subject_id(awarded(now).holder)
