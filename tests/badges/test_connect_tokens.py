"""Codes and tokens of applications: given, renewed, used twice, given back, cleared."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.idp.oidc.models import Client as Application
from allauth.idp.oidc.models import Token
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from badges import connecting
from badges.models import Award
from lms.accounts.models import AuditEntry
from tests.badges.applications import (
    ALL,
    BACK,
    ask,
    basic,
    code_of,
    connect,
    consent,
    exchange,
    refresh,
    refused,
    register,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counts")]


def test_a_refresh_token_goes_on_and_is_changed(award: Award) -> None:
    application, tokens = connect(award.holder)
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = Client().post("/oauth/token", fields, headers=basic(application))
    assert ask(again.json()).status_code == 200
    assert again.json()["refresh_token"] != tokens["refresh_token"]
    gone = Client().post("/oauth/revoke", {"token": again.json()["access_token"]}, headers=basic(application))
    assert gone.status_code == 200
    assert ask(again.json()).status_code == 401


def test_a_code_is_good_once_and_its_return_ends_what_it_gave(award: Award) -> None:
    application = register().json()
    code = code_of(consent(award.holder, application))
    tokens = exchange(application, code)
    assert (tokens.status_code, ask(tokens.json()).status_code) == (200, 200)
    for _ in range(2):
        assert refused(exchange(application, code)) == (400, "invalid_grant")
    assert (ask(tokens.json()).status_code, refresh(application, tokens.json()).status_code) == (401, 400)
    assert AuditEntry.objects.filter(action="badges.disconnect", actor=None).count() == 1


def test_a_code_is_exchanged_by_a_process_with_a_cache_of_its_own(award: Award) -> None:
    application = register().json()
    code = code_of(consent(award.holder, application))
    cache.clear()
    assert exchange(application, code).status_code == 200


def test_what_is_no_form_or_says_things_twice_is_refused(award: Award) -> None:
    """RFC 6749, 3.2 and 5.2."""
    application, tokens = connect(award.holder)
    headers, kind = basic(application), "application/x-www-form-urlencoded"
    answer = Client().post("/oauth/token", '{"grant_type": "refresh_token"}', "application/json", headers=headers)
    assert (refused(answer), "form" in answer.json()["error_description"]) == ((400, "invalid_request"), True)
    fields = urlencode({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    for path, sent in (("token", f"{fields}&refresh_token=x"), ("revoke", f"token={tokens['access_token']}&token=x")):
        assert refused(Client().post(f"/oauth/{path}", sent, kind, headers=headers)) == (400, "invalid_request")
    assert (ask(tokens).status_code, refresh(application, tokens).status_code) == (200, 200)


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
