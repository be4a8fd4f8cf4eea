"""Accounts, the profile page, themes, tokens."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from lms.accounts import services
from lms.accounts.adapter import AccountAdapter
from lms.accounts.models import ApiToken, AuditEntry, User, normalise_email
from lms.common.guards import UnsafeInput
from tests.accounts.conftest import sign_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "four quiet unrelated words"
PROFILE = "/account/"


def create(email: str, name: str = "New Person", password: str = PASSWORD) -> User:
    return services.create_account(email=email, name=name, password=password, at=timezone.now())


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize(
    "spelling",
    [
        "INES@kestrel.example",
        "ines@kestrel.example.",
        " ines@kestrel.example",
        "ｉｎｅｓ@kestrel.example",
        "ines@ＫESTREL.example",
    ],
)
def test_address_is_one_in_every_spelling(person: User, spelling: str) -> None:
    """AUTH-21, AUTH-22: the unique constraint decides."""
    assert normalise_email(spelling) == person.email
    with pytest.raises(services.AddressTaken):
        create(spelling)
    assert User.objects.filter(email=person.email).count() == 1


def test_database_refuses_one_address_twice(person: User) -> None:
    """AUTH-22."""
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email=person.email)


@pytest.mark.parametrize("password", ["short", "password1234", "new.person@aster", "x" * 257])
def test_weak_password_makes_no_account(password: str) -> None:
    with pytest.raises(ValidationError):
        create("new.person@aster.example", password=password)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800b"])
def test_name_no_database_can_store_makes_no_account(name: str) -> None:
    """AUTH-34."""
    with pytest.raises(UnsafeInput):
        create("new@aster.example", name=name)


def test_account_is_noted_in_the_audit_log() -> None:
    user = create("new@aster.example")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.object_id) == ("accounts.create_account", user, str(user.public_id))


def test_database_refuses_an_audit_entry_without_action() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.create(action="")


def test_audit_entry_tells_from_where(person: User) -> None:
    client = Client(REMOTE_ADDR="2001:db8:7:8::9")
    client.force_login(person)
    client.post(reverse("accounts:sign_out_everywhere"))
    assert AuditEntry.objects.get(action="accounts.sign_out_everywhere").network == "2001:db8:7:8::/64"
    services.record_audit(action="tests.do_thing", actor=None, at=timezone.now())
    assert AuditEntry.objects.get(action="tests.do_thing").network == "", "nothing is left over from the request"


def test_profile_is_saved(person: User) -> None:
    fields = {"name": " Inès  N. ", "language": "en-us", "time_zone": "Europe/Paris"}
    assert signed_in(person).post(PROFILE, fields).headers["Location"] == PROFILE
    person.refresh_from_db()
    assert (person.name, person.language, person.time_zone) == ("Inès N.", "en-us", "Europe/Paris")


def test_profile_takes_no_other_fields(person: User) -> None:
    """PRIV-02."""
    before = User.objects.filter(pk=person.pk).values("email", "is_superuser", "is_active", "password").get()
    fields = {"name": "I", "language": "en-gb", "time_zone": "UTC", "email": "x@y.example", "is_superuser": "1"}
    signed_in(person).post(PROFILE, {**fields, "is_staff": "1", "groups": "1", "password": "x"})
    assert User.objects.filter(pk=person.pk).values(*before).get() == before


@pytest.mark.parametrize(
    "change", [{"time_zone": "Mars/Olympus"}, {"language": "xx"}, {"name": "\u200b"}, {"name": "x" * 151}]
)
def test_profile_refuses_bad_input_and_keeps_it_on_the_page(person: User, change: dict[str, str]) -> None:
    fields = {"name": "Changed", "language": "en-gb", "time_zone": "UTC", **change}
    response = signed_in(person).post(PROFILE, fields)
    assert (response.status_code, "error-summary" in response.content.decode()) == (200, True)
    person.refresh_from_db()
    assert person.name == "Inès Navarro"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", PROFILE),
        ("post", "/account/tokens/"),
        ("post", "/account/tokens/abc/revoke/"),
        ("post", "/account/sessions/end/"),
        ("get", "/accounts/password/change/"),
        ("get", "/accounts/2fa/"),
        ("get", "/accounts/2fa/totp/activate/"),
    ],
)
def test_nobody_is_sent_to_sign_in(method: str, path: str) -> None:
    response = getattr(Client(), method)(path)
    assert response.headers["Location"].startswith(reverse("account_login"))


def test_theme_goes_with_the_person_to_every_device(person: User) -> None:
    here = Client()
    sign_in(here, person.email)
    here.post(reverse("accounts:theme"), {"theme": "dark"})
    elsewhere = Client()
    sign_in(elsewhere, person.email)
    assert '<html lang="en-gb" dir="ltr" data-theme="dark"' in elsewhere.get(PROFILE).content.decode()
    elsewhere.post(reverse("accounts:theme"), {"theme": "system"})
    assert "data-theme" not in here.get(PROFILE).content.decode().split(">")[1]


def test_theme_of_a_visitor_is_kept_in_a_cookie() -> None:
    client = Client()
    response = client.post(reverse("accounts:theme"), {"theme": "light", "next": "/accounts/login/"})
    assert response.headers["Location"] == "/accounts/login/"
    assert 'data-theme="light"' in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("theme", ["blue", '"><script>', ""])
def test_unknown_theme_is_the_devices(person: User, theme: str) -> None:
    client = signed_in(person)
    client.post(reverse("accounts:theme"), {"theme": theme, "next": "https://evil.example"})
    person.refresh_from_db()
    assert person.theme == ""


def test_times_are_shown_in_the_persons_zone(person: User) -> None:
    User.objects.update(time_zone="Pacific/Auckland")
    made = timezone.now().replace(year=2026, month=11, day=20, hour=13)
    ApiToken.objects.create(
        user=person, name="CRM", prefix="abc", secret_hash="0" * 64, last_used_at=made, expires_at=None
    )
    assert "21 November 2026" in signed_in(person).get(PROFILE).content.decode()


def test_unknown_stored_zone_is_utc(person: User) -> None:
    User.objects.update(time_zone="Mars/Olympus")
    assert signed_in(person).get(PROFILE).status_code == 200


def make_token(client: Client, **changes: str) -> str:
    """Makes a token on the page and returns its text."""
    page = client.post("/account/tokens/", {"name": "CRM", "scope": "read", "days": "90", **changes}).content.decode()
    return page.split('<code id="token">')[1].split("<")[0]


def bearer(text: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_token_is_shown_once_and_opens_the_api(person: User) -> None:
    client = signed_in(person)
    text = make_token(client)
    answer = bearer(text).get("/api/v1/me/")
    assert answer.json()["email"] == person.email
    token = ApiToken.objects.get()
    assert token.last_used_at is not None
    secret = text.partition(f"{token.prefix}_")[2]
    assert len(secret) == 43
    assert secret not in client.get(PROFILE).content.decode()
    assert secret not in token.secret_hash
    assert timedelta(days=89) < token.expires_at - timezone.now() <= timedelta(days=90)


def test_revoked_and_expired_tokens_open_nothing(person: User) -> None:
    client = signed_in(person)
    text = make_token(client)
    token = ApiToken.objects.get()
    for _ in range(2):
        client.post(reverse("accounts:token_revoke", args=[token.prefix]))
    refused = bearer(text).get("/api/v1/me/")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert AuditEntry.objects.filter(action="accounts.revoke_token").count() == 1
    other = make_token(client, days="")
    assert bearer(other).get("/api/v1/me/").status_code == 200
    ApiToken.objects.update(expires_at=timezone.now())
    assert bearer(other).get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_reading_token_cannot_write(person: User, method: str) -> None:
    """PRIV-10."""
    client = signed_in(person)
    reading, writing = make_token(client), make_token(client, scope="write")
    assert getattr(bearer(reading), method)("/api/v1/me/").status_code == 403
    assert getattr(bearer(writing), method)("/api/v1/me/").status_code == 405


def test_token_in_the_address_is_never_read(person: User) -> None:
    """PRIV-10."""
    text = make_token(signed_in(person))
    assert Client().get(f"/api/v1/me/?token={text}&access_token={text}").status_code == 401


@pytest.mark.parametrize(
    "text", ["", "laurel", "laurel_x_y", "other_abc_def", "laurel_é_x", "laurel__", "x" * 9000, "laurel_\x00_x"]
)
def test_made_up_tokens_open_nothing(person: User, text: str) -> None:
    make_token(signed_in(person))
    assert services.find_token(text=text, at=timezone.now()) is None


def test_token_with_another_secret_opens_nothing(person: User) -> None:
    text = make_token(signed_in(person))
    assert services.find_token(text=text[:-1] + ("a" if text[-1] != "a" else "b"), at=timezone.now()) is None


def test_token_of_a_closed_account_opens_nothing(person: User) -> None:
    """PRIV-10."""
    text = make_token(signed_in(person))
    User.objects.update(is_active=False)
    assert bearer(text).get("/api/v1/me/").status_code == 401


def test_somebody_elses_token_is_not_found(person: User) -> None:
    make_token(signed_in(person))
    token = ApiToken.objects.get()
    response = signed_in(UserFactory()).post(reverse("accounts:token_revoke", args=[token.prefix]))
    token.refresh_from_db()
    assert (response.status_code, token.revoked_at) == (404, None)


def test_tokens_are_limited(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "TOKENS_ALLOWED", 1)
    client = signed_in(person)
    make_token(client)
    refused = client.post("/account/tokens/", {"name": "Second", "scope": "read", "days": "90"})
    assert (refused.status_code, ApiToken.objects.count()) == (409, 1)
    assert "Revoke one" in refused.content.decode()


def test_bad_token_form_is_explained(person: User) -> None:
    refused = signed_in(person).post("/account/tokens/", {"name": "", "scope": "root", "days": "9999"})
    assert (refused.status_code, ApiToken.objects.count()) == (400, 0)


@pytest.mark.parametrize("several", [1, 3])
def test_profile_takes_the_same_queries(person: User, several: int, django_assert_num_queries: object) -> None:
    for number in range(several):
        services.create_token(user=person, name=f"T{number}", scope="read", expires_at=None, at=timezone.now())
    client = signed_in(person)
    with django_assert_num_queries(6):  # type: ignore[operator]
        client.get(PROFILE)


def test_token_use_is_written_once_a_minute(person: User) -> None:
    text = make_token(signed_in(person))
    at = timezone.now()
    for seconds in (0, 30, 59, 61):
        services.find_token(text=text, at=at + timedelta(seconds=seconds))
    assert ApiToken.objects.get().last_used_at == at + timedelta(seconds=61)


def test_allauth_neither_signs_people_up_nor_sends_mail() -> None:
    """Accounts come by invitation, letters by the outbox; whoever adds another way meets this."""
    adapter = AccountAdapter()
    assert not adapter.is_open_for_signup(RequestFactory().get("/"))
    with pytest.raises(NotImplementedError):
        adapter.send_mail("account/email/anything", "ines@kestrel.example", {})


def test_users_show_as_names(person: User) -> None:
    assert (str(person), person.get_short_name(), person.last_name, person.initials) == (
        "Inès Navarro",
        "Inès",
        "Navarro",
        "IN",
    )
    assert (str(User(email="x@y.example")), User().initials, User(name="محمد").initials) == ("x@y.example", "?", "م")


def test_superuser_may_do_everything(db: None) -> None:
    root = User.objects.create_superuser("root@halden.example", PASSWORD, name="Root")
    assert (root.is_staff, root.has_perm("partners.view_all_partners"), root.has_perm("partners.view_people")) == (
        True,
        True,
        True,
    )
    assert User.objects.get_by_natural_key("ROOT@halden.example") == root


def test_closed_accounts_are_noted_once_and_forgotten_when_open_again(now: datetime) -> None:
    person, other = UserFactory(is_active=False), UserFactory()
    assert [services.note_closed_accounts(at=now), services.note_closed_accounts(at=now + timedelta(days=1))] == [1, 0]
    person.refresh_from_db()
    assert (person.closed_at, other.closed_at) == (now, None)
    person.is_active = True
    person.save(update_fields=["is_active"])
    assert services.note_closed_accounts(at=now) == 1
    person.refresh_from_db()
    assert person.closed_at is None
