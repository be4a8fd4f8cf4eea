"""A holder's public page, and where his credentials count when he changes employer."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from certifications import errors, limits, services
from certifications.models import CareerConsent, Credential, PublicProfile
from lms.accounts.models import AuditEntry
from lms.partners.models import Membership
from lms.partners.services import leave_partner
from tests.certifications.factories import credential
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_counts() -> None:
    cache.clear()


@pytest.fixture
def member() -> Membership:
    return MembershipFactory(person=UserFactory(name="Inès <b>", email="ines@kestrel.example"))


@pytest.fixture
def issued(member: Membership) -> Credential:
    return credential(timezone.now() - timedelta(days=1), membership=member, title="Shown one")


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def profile(member: Membership, **fields: Any) -> PublicProfile:
    said: dict[str, Any] = {
        "is_public": True,
        "address": "ines-navarro",
        "headline": "Engineer",
        "is_indexed": False,
        "credentials": Credential.objects.all(),
    }
    return services.save_profile(person=member.person, at=timezone.now(), **(said | fields))


# --- The public page ---


def test_nothing_is_public_before_the_person_says_so(member: Membership, issued: Credential) -> None:
    client = signed_in(member.person)
    assert "Your page is off" in client.get("/my/public-page/").content.decode()
    assert not PublicProfile.objects.exists()
    made = profile(member, is_public=False, address="")
    assert len(made.address) == 32, "nobody guesses it"
    assert Client().get(f"/people/{made.address}/").status_code == 404


def test_page_shows_what_was_chosen_and_goes_at_once(member: Membership, issued: Credential) -> None:
    hidden = credential(timezone.now() - timedelta(days=1), membership=member, title="Hidden one")
    client = signed_in(member.person)
    data = {"is_public": "on", "address": "Ines-Navarro", "headline": "<i>Engineer</i>", "credentials": [issued.pk]}
    assert client.post("/my/public-page/", data).status_code == 302
    answer = Client().get("/people/ines-navarro/")
    page = answer.content.decode()
    assert "Shown one" in page
    assert "Inès &lt;b&gt;" in page
    assert "&lt;i&gt;Engineer" in page
    for secret in ("Hidden one", hidden.public_id, "kestrel.example", member.partner.name):
        assert secret not in page
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert client.post("/my/public-page/", {**data, "is_public": ""}).status_code == 302
    assert Client().get("/people/ines-navarro/").status_code == 404
    assert AuditEntry.objects.filter(action="certifications.save_profile", actor=member.person).count() == 2


def test_search_engines_only_if_he_wants(member: Membership, issued: Credential) -> None:
    profile(member, is_indexed=True)
    answer = Client().get("/people/ines-navarro/")
    assert "X-Robots-Tag" not in answer
    assert 'name="robots"' not in answer.content.decode()
    assert not profile(member, is_indexed=True, is_public=False).is_indexed


def test_unknown_and_private_are_the_same_answer_by_the_same_queries(member: Membership) -> None:
    profile(member, is_public=False)
    bodies, queries = [], []
    for address in ("ines-navarro", "nobody-at-all"):
        with CaptureQueriesContext(connection) as asked:
            answer = Client().get(f"/people/{address}/")
        bodies.append((answer.status_code, answer.content.decode().replace(address, "X")))
        queries.append([one["sql"].replace(address, "X") for one in asked])
    assert bodies[0] == bodies[1]
    assert queries[0] == queries[1]


def test_addresses_are_not_counted_through(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().get("/people/someone-else/").status_code == 404
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 0)  # however long the requests take, they are in one minute
    last = Client().get("/people/someone-else/")
    assert (last.status_code, "Retry-After" in last) == (429, True)


@pytest.mark.parametrize("address", ["abc", "-abcde", "a_b_c_d", "ab cd ef", "a" * 61])
def test_address_has_rules(address: str, member: Membership) -> None:
    with pytest.raises(errors.AddressTaken):
        profile(member, address=address)


def test_address_is_one_persons(member: Membership) -> None:
    profile(member)
    other = MembershipFactory()
    with pytest.raises(errors.AddressTaken):
        profile(other)
    page = signed_in(other.person).post("/my/public-page/", {"is_public": "on", "address": "ines-navarro"})
    assert "in use" in page.content.decode()


def test_foreign_and_revoked_credentials_are_never_shown(member: Membership, issued: Credential) -> None:
    foreign = credential(timezone.now(), title="Foreign one")
    made = profile(member, credentials=[issued, foreign])
    assert list(made.credentials.all()) == [issued]
    services.suspend_credential(credential=issued, by=_channel(), reason="Looked into", at=timezone.now())
    assert "Suspended" in Client().get("/people/ines-navarro/").content.decode()
    services.revoke_credential(credential=issued, by=_channel(), reason="Copied", at=timezone.now())
    assert "Shown one" not in Client().get("/people/ines-navarro/").content.decode()


def _channel() -> Any:
    from django.contrib.auth.models import Group

    user = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    return user


# --- Changing employer ---


def test_consent_is_the_persons_own_and_recorded(member: Membership, now: datetime) -> None:
    with pytest.raises(errors.NotAllowed):
        services.give_career_consent(membership=member, by=_channel(), at=now)
    first = services.give_career_consent(membership=member, by=member.person, at=now)
    assert services.give_career_consent(membership=member, by=member.person, at=now) == first
    with pytest.raises(errors.NotAllowed):
        services.withdraw_career_consent(membership=member, by=_channel(), at=now)
    for _ in range(2):
        services.withdraw_career_consent(membership=member, by=member.person, at=now + timedelta(days=1))
    deeds = AuditEntry.objects.filter(action__endswith="career_consent").order_by("pk")
    assert [one.action.partition(".")[2] for one in deeds] == ["give_career_consent", "withdraw_career_consent"]
    held = [CareerConsent.objects.given(now + timedelta(days=days)).exists() for days in (-1, 0, 1)]
    assert held == [False, True, False]
    leave_partner(membership=member, by=None, at=now + timedelta(days=2))
    with pytest.raises(errors.NotAllowed):
        services.give_career_consent(membership=member, by=member.person, at=now + timedelta(days=3))


def test_page_says_until_when_it_counts_and_takes_the_consent(member: Membership) -> None:
    client = signed_in(member.person)
    new = MembershipFactory(person=member.person)
    Membership.objects.filter(pk=member.pk).update(ends_on=timezone.now().date() + timedelta(days=9))
    page = client.get("/my/employers/").content.decode()
    assert "counts for it up to that day, and not after" in page
    address = f"/my/employers/{new.public_id}/consent/"
    assert client.post(address, {"give": "1"}).status_code == 302
    assert CareerConsent.objects.get().membership == new
    assert "Take that back" in client.get("/my/employers/").content.decode()
    assert signed_in(MembershipFactory().person).post(address, {"give": "1"}).status_code == 404
    assert client.post(address, {"withdraw": "1"}).status_code == 302
    assert CareerConsent.objects.get().withdrawn_at is not None


def test_database_holds_one_consent_in_force(member: Membership, now: datetime) -> None:
    CareerConsent.objects.create(membership=member, given_at=now)
    refused = [{"given_at": now}, {"given_at": now, "withdrawn_at": now - timedelta(days=1)}]
    for values in refused:
        with pytest.raises(IntegrityError), transaction.atomic():
            CareerConsent.objects.create(membership=member, **values)
