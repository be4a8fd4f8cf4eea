"""A person is asked whether an application may read his badges, sees what he let in, and takes it back."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.test import Client

from badges import connecting
from badges.models import Award
from lms.accounts.models import AuditEntry
from tests.badges.applications import (
    ALL,
    BACK,
    ask,
    basic,
    challenge,
    code_of,
    connect,
    consent,
    exchange,
    refresh,
    refused,
    register,
    told,
)
from tests.badges.factories import signed_in
from tests.factories import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counts")]


def test_who_is_not_signed_in_signs_in_first() -> None:
    application = register().json()
    answer = Client().get(f"/oauth/authorize?{urlencode(challenge(client_id=application['client_id']))}")
    assert answer["Location"].startswith("/accounts/login/?next=/oauth/authorize")


def test_nobody_is_let_in_without_a_page(award: Award) -> None:
    """Who asks for no page is refused. And nobody is sent on by himself: anybody may have registered (RFC 9700, 4.11.2)."""
    application = register().json()

    def asked(browser: Client, **changes: str) -> str:
        query = challenge(client_id=application["client_id"], **changes)
        (error,) = told(browser.get(f"/oauth/authorize?{urlencode(query)}"))["error"]
        return error

    assert asked(Client(), prompt="none") == "login_required"
    assert asked(signed_in(award.holder), prompt="none") == "consent_required"
    assert asked(signed_in(award.holder), prompt="none login") == "invalid_request"
    assert asked(signed_in(award.holder), response_type="token") == "unauthorized_client"
    for scope in ("openid", connecting.OFFLINE):
        assert asked(signed_in(award.holder), scope=scope) == "invalid_scope"
    for resource in ("abc", "http://["):
        assert asked(signed_in(award.holder), resource=resource) == "invalid_target"
    evil = challenge(client_id=application["client_id"], redirect_uri="https://evil.example/", prompt="none")
    refusal = Client().get(f"/oauth/authorize?{urlencode(evil)}")
    assert (refusal.status_code, "evil.example" in refusal.content.decode()) == (400, False)


def test_what_is_sent_twice_is_refused(award: Award) -> None:
    """RFC 6749, 3.1: of two answers to one question nobody knows which counts, at this server or at a guard before it."""
    application = register().json()
    asked = urlencode(challenge(client_id=application["client_id"]))
    for name in ("code_challenge", "code_challenge_method", "scope", "prompt", "nonsense"):
        answer = signed_in(award.holder).get(f"/oauth/authorize?{asked}&{name}=a&{name}=b")
        assert (answer.status_code, "more than once" in answer.content.decode()) == (400, True)


def test_the_answer_says_what_was_allowed_and_by_whom(award: Award) -> None:
    """Open Badges 3.0, 7.2.2; RFC 9207. The example of the specification asks for offline_access: it goes with the rest."""
    application = register(scope=f"{ALL} {connecting.OFFLINE}").json()
    assert application["scope"] == f"{ALL} {connecting.OFFLINE}"
    browser = signed_in(award.holder)
    asked = challenge(client_id=application["client_id"], scope=f"{ALL} {connecting.OFFLINE}")
    page = browser.get(f"/oauth/authorize?{urlencode(asked)}")
    assert connecting.OFFLINE not in {value for value, _ in page.context["form"].fields["scopes"].choices}
    fields = {
        "request": page.context["form"]["request"].value(),
        "scopes": [connecting.READ_PROFILE],
        "action": "grant",
    }
    answer = browser.post("/oauth/authorize", fields)
    query = parse_qs(urlsplit(answer["Location"]).query)
    allowed = f"{connecting.READ_PROFILE} {connecting.OFFLINE}"
    assert (query["scope"], query["iss"], query["state"]) == ([allowed], [settings.SITE_URL], ["s1"])
    tokens = exchange(application, query["code"][0], scope=allowed).json()
    assert set(tokens["scope"].split()) == set(allowed.split())
    assert refresh(application, tokens, scope=allowed).status_code == 200
    assert connecting.connections(award.holder)[0].scopes == ("Read your name",)


@pytest.mark.parametrize("query", ["x=%zz", "x=%", "client_id=%00", "client_id=a", "client_id=a&client_id=b"])
def test_what_a_person_brings_that_cannot_be_read_is_a_page(award: Award, query: str) -> None:
    assert signed_in(award.holder).get(f"/oauth/authorize?{query}").status_code == 400
    assert signed_in(award.holder).get(f"/ims/ob/v3p0/credentials?{query}").status_code in {400, 401}


def test_without_a_proof_key_nobody_is_asked(award: Award) -> None:
    """7.1.2: PKCE is a must, so a code that was caught opens nothing."""
    application = register().json()
    browser = signed_in(award.holder)
    for changes in ({"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}):
        page = browser.get(f"/oauth/authorize?{urlencode(challenge(client_id=application['client_id'], **changes))}")
        assert told(page)["error"] == ["invalid_request"], changes  # RFC 7636, 4.4.1
    code = code_of(consent(award.holder, application))
    assert exchange(application, code, code_verifier="w" * 64).status_code == 400
    other = register(client_name="Thief").json()
    assert exchange(other, code).status_code in {400, 401}


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


def test_no_is_told_and_gives_nothing(award: Award) -> None:
    application = register().json()
    answer = consent(award.holder, application, action="cancel")
    assert "error=access_denied" in answer["Location"]
    assert not Token.objects.exists()
    assert not AuditEntry.objects.filter(action="badges.connect").exists()


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


def test_disconnecting_ends_a_code_under_way(award: Award) -> None:
    application = register().json()
    code = code_of(consent(award.holder, application))
    browser = signed_in(award.holder)
    assert "Wallet" in browser.get("/my/badges/connections/").content.decode()
    assert browser.post(f"/my/badges/connections/{application['client_id']}/disconnect/").status_code == 302
    assert refused(exchange(application, code)) == (400, "invalid_grant")
    assert connecting.connections(award.holder) == []
