"""Registration of applications (RFC 7591), and what the service description promises."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.idp.oidc.models import Client as Application
from django.conf import settings
from django.test import Client

from badges import connecting
from badges.models import Award
from certifications import limits
from tests.badges.applications import BACK, TOLD, ask, connect, refused, register

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counts")]


def test_the_server_says_in_the_words_of_oauth_what_the_description_says() -> None:
    """RFC 8414, 2 and 3.3: found by the issuer's name, which is in it."""
    told = Client().get("/.well-known/oauth-authorization-server").json()
    security = Client().get("/ims/ob/v3p0/discovery").json()["components"]["securitySchemes"]["OAuth2ACG"]
    flow = security["flows"]["authorizationCode"]
    assert told["issuer"] == settings.SITE_URL
    assert (told["authorization_endpoint"], told["token_endpoint"]) == (flow["authorizationUrl"], flow["tokenUrl"])
    assert told["registration_endpoint"] == security["x-imssf-registrationUrl"]
    assert told["revocation_endpoint"] == security["x-imssf-revocationUrl"]
    assert set(told["scopes_supported"]) == {*flow["scopes"], connecting.OFFLINE}
    assert told["code_challenge_methods_supported"] == ["S256"]


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
        (dict.fromkeys(connecting.PAGES, "https://a;sandbox/") | {"redirect_uris": ["https://a;sandbox/"]}, "https"),
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


def test_one_network_registers_few(award: Award) -> None:
    assert [register().status_code for _ in range(4)] == [201, 201, 201, 429]


def test_tries_of_a_network_are_counted_before_they_are_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert register(client_uri="x").status_code == 400
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 0)  # however long the requests take, they are in one minute
    assert register(client_uri="x").status_code == 429
