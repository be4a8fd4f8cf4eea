"""The Open Badges 3.0 API: the whole way to a verified badge, and what a token opens."""

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client

from badges import connecting, documents
from badges.models import Award
from badges.verification import verify
from certifications import limits
from lms.accounts.models import AuditEntry, User
from lms.partners.models import Partner
from tests.badges.applications import (
    ALL,
    TOLD,
    ask,
    code_of,
    connect,
    consent,
    exchange,
    refresh,
    refused,
    register,
)
from tests.badges.factories import awarded, revoke, signed_in
from tests.factories import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counts")]


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


def test_who_shows_no_token_is_told_of_no_error(award: Award) -> None:
    """RFC 6750, 3.1; one space or more before the token (RFC 9110, 11.4)."""
    assert Client().get("/ims/ob/v3p0/profile")["WWW-Authenticate"] == "Bearer"
    wrong = Client().get("/ims/ob/v3p0/profile", headers={"Authorization": "Bearer x"})
    assert wrong["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    _, tokens = connect(award.holder)
    spaced = {"Authorization": f"bearer   {tokens['access_token']}"}
    assert Client().get("/ims/ob/v3p0/profile", headers=spaced).status_code == 200


def test_what_would_write_is_refused_in_the_shape_of_the_specification() -> None:
    """Also from a server, which has no cookie of ours against forgery."""
    client = Client(enforce_csrf_checks=True)
    for answer in (client.post("/ims/ob/v3p0/credentials"), client.put("/ims/ob/v3p0/profile")):
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        (minor,) = answer.json()["imsx_codeMinor"]["imsx_codeMinorField"]
        assert minor["imsx_codeMinorFieldValue"] == "not_allowed"
    assert client.post("/ims/ob/v3p0/discovery").status_code == 405


def test_guesses_are_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    guess = {"Authorization": "Bearer 1"}
    assert Client().get("/ims/ob/v3p0/profile", headers=guess).status_code == 401
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 0)  # however long the requests take, they are in one minute
    answer = Client().get("/ims/ob/v3p0/profile", headers=guess)
    assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 60) == (429, True)


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
    beyond = ask(tokens, "credentials?limit=2&offset=100")
    assert (beyond.json()["credential"], 'offset=2>; rel="prev"' in beyond["Link"]) == ([], True)
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


def test_profile_of_two_people_differs(award: Award, now: datetime) -> None:
    assert documents.subject_id(award.holder) != documents.subject_id(awarded(now).holder)
