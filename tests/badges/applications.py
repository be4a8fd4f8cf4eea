"""An application that asks to read badges, and the browser of the person it asks."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

from badges import connecting
from lms.accounts.models import User
from tests.badges.factories import signed_in

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


def refresh(application: dict[str, Any], tokens: dict[str, Any], **changes: str) -> Any:
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | changes
    return Client().post("/oauth/token", fields, headers=basic(application))


def code_of(answer: Any) -> str:
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(f"{BACK}?")
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["state"] == ["s1"]
    return query["code"][0]


def told(answer: Any) -> dict[str, list[str]]:
    """What the page of a refusal would tell the application, if the person went there."""
    assert (answer.status_code, "Location" in answer) == (400, False)
    back = answer.context["back"]
    assert back.startswith(f"{BACK}?")
    assert f"Tell {urlsplit(back).hostname}" in answer.content.decode()
    return parse_qs(urlsplit(back).query)


def connect(person: User, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An application and the tokens that the person gave it."""
    application = register().json()
    tokens = exchange(application, code_of(consent(person, application, **changes)))
    assert tokens.status_code == 200, tokens.content
    return application, tokens.json()


def ask(tokens: dict[str, Any], path: str = "credentials") -> Any:
    return Client().get(f"/ims/ob/v3p0/{path}", headers={"Authorization": f"Bearer {tokens['access_token']}"})


def refused(answer: Any) -> tuple[int, str]:
    """Of a refusal to a program: OAuth's shape, with words."""
    assert answer.json()["error_description"]
    return answer.status_code, answer.json()["error"]
