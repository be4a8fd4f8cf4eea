"""Sign-in, sessions, and the limits on tries (AUTH)."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.accounts import throttle
from lms.accounts.models import AuditEntry, SignInFailure, User
from lms.common.api import problem_handler
from tests.accounts.conftest import is_signed_in, sign_in
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
WRONG = "wrong but long enough"


def fail(times: int, email: str = "ines@kestrel.example", **extra: object) -> list[int]:
    """Statuses of so many wrong tries, each from a browser that is new to us."""
    return [sign_in(Client(), email, WRONG, **extra).status_code for _ in range(times)]  # type: ignore[attr-defined]


def test_sign_in_changes_the_session(person: User) -> None:
    """AUTH-01, AUTH-02: neither an old nor a planted session id survives."""
    client = Client()
    client.cookies["session"] = "planted" + "x" * 25
    response = sign_in(client, person.email)
    fresh = client.cookies["session"].value
    assert (response.status_code, fresh.startswith("planted")) == (302, False)  # type: ignore[attr-defined]
    assert is_signed_in(client)
    stale = Client()
    stale.cookies["session"] = "planted" + "x" * 25
    assert not is_signed_in(stale)


def test_signed_out_session_is_gone(person: User) -> None:
    """AUTH-03."""
    client = Client()
    sign_in(client, person.email)
    kept = client.cookies["session"].value
    client.post(reverse("account_logout"))
    replay = Client()
    replay.cookies["session"] = kept
    assert not is_signed_in(replay)
    assert not Session.objects.filter(session_key=kept).exists()


def test_wrong_passwords_meet_the_limit_and_then_the_right_one_too(person: User) -> None:
    """AUTH-05."""
    statuses = fail(25)
    assert statuses == [200] * 8 + [429] * 17
    response = sign_in(Client(), person.email)
    assert response.status_code == 429  # type: ignore[attr-defined]
    assert 0 < int(response.headers["Retry-After"]) <= 901  # type: ignore[attr-defined]
    assert "minutes" in response.content.decode()  # type: ignore[attr-defined]


def test_limit_is_noted_once_in_the_audit_log(person: User) -> None:
    fail(12, REMOTE_ADDR="203.0.113.9")
    entry = AuditEntry.objects.get(action="accounts.limit_sign_in")
    assert entry.network == "203.0.113.9"
    assert person.email not in str(entry.__dict__)


def test_limit_ends_with_its_window(person: User) -> None:
    """The twin: what refuses is the count, and it forgets."""
    fail(8)
    SignInFailure.objects.update(failed_at=timezone.now() - timedelta(seconds=django_settings.SIGN_IN_WINDOW_SECONDS))
    assert sign_in(Client(), person.email).status_code == 302  # type: ignore[attr-defined]


def test_old_failures_are_forgotten(person: User) -> None:
    fail(3)
    SignInFailure.objects.update(failed_at=timezone.now() - timedelta(days=1))
    fail(1)
    assert SignInFailure.objects.count() == 1


def test_success_clears_the_failures(person: User) -> None:
    fail(7)
    sign_in(Client(), person.email)
    assert fail(8) == [200] * 8


def test_forged_forwarding_headers_do_not_help(person: User) -> None:
    """AUTH-06."""
    statuses = [
        sign_in(
            Client(),
            f"person{number}@kestrel.example",
            WRONG,
            headers={"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"},
            REMOTE_ADDR="203.0.113.9",
        ).status_code  # type: ignore[attr-defined]
        for number in range(85)
    ]
    assert statuses == [200] * 80 + [429] * 5


def test_one_ipv6_network_has_one_limit() -> None:
    """AUTH-07: 64 addresses of one /64, each with another account."""
    statuses = [
        sign_in(Client(), f"p{number}@kestrel.example", WRONG, REMOTE_ADDR=f"2001:db8:1:2::{number:x}").status_code  # type: ignore[attr-defined]
        for number in range(85)
    ]
    assert statuses[80:] == [429] * 5
    other = sign_in(Client(), "p1@kestrel.example", WRONG, REMOTE_ADDR="2001:db8:1:3::1")
    assert other.status_code == 200  # type: ignore[attr-defined]


def test_stranger_cannot_lock_out_a_person_on_a_known_device(person: User) -> None:
    """AUTH-09."""
    own = Client()
    sign_in(own, person.email)
    own.post(reverse("account_logout"))
    assert fail(30)[-1] == 429
    assert sign_in(own, person.email).status_code == 302  # type: ignore[attr-defined]
    assert fail(1) == [429], "the person's success does not give the stranger new tries"


def test_known_device_has_a_limit_of_its_own(person: User) -> None:
    """AUTH-09: the mark of a device opens nothing and is no way around the limit."""
    own = Client()
    sign_in(own, person.email)
    own.post(reverse("account_logout"))
    statuses = [sign_in(own, person.email, WRONG).status_code for _ in range(10)]  # type: ignore[attr-defined]
    assert statuses == [200] * 8 + [429] * 2
    assert fail(1) == [200]


def test_device_of_one_person_is_unknown_to_another(person: User) -> None:
    other = UserFactory()
    own = Client()
    sign_in(own, other.email)
    own.post(reverse("account_logout"))
    fail(8)
    assert sign_in(own, person.email).status_code == 429  # type: ignore[attr-defined]


def test_forged_device_mark_is_ignored(person: User) -> None:
    fail(8)
    client = Client()
    client.cookies["device"] = "WyJ4IiwgW11d:forged"
    assert sign_in(client, person.email).status_code == 429  # type: ignore[attr-defined]


def test_limit_does_not_need_the_cache(person: User, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-10: the count is in the database; without the database nobody gets in at all."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}  # type: ignore[attr-defined]
    assert fail(9)[-1] == 429

    def unreachable(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(throttle.SignInFailure.objects, "filter", unreachable)
    response = sign_in(Client(raise_request_exception=False), "somebody@kestrel.example")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")  # type: ignore[attr-defined]


def test_every_door_has_the_same_limit(person: User) -> None:
    """AUTH-11: Wagtail's sign-in leads to ours; what calls authenticate() with a user name meets the same count."""
    door = Client().get("/admin/login/?next=/admin/")
    assert door.headers["Location"].startswith(reverse("account_login") + "?next=/admin/")
    for _ in range(8):
        assert authenticate(None, username=person.email, password=WRONG) is None
    with pytest.raises(throttle.TooManyTries):
        authenticate(None, username=person.email.upper(), password=PASSWORD)
    assert sign_in(Client(), person.email).status_code == 429  # type: ignore[attr-defined]


def test_api_answers_a_problem_with_the_time_to_wait() -> None:
    """AUTH-11: a door of the API that calls authenticate() refuses in the API's own form."""
    response = problem_handler(throttle.TooManyTries(77), {})
    assert response is not None
    assert (response.status_code, response.headers["Retry-After"]) == (429, "77")


def test_other_ways_of_signing_in_are_not_counted(person: User) -> None:
    """What brings no password (a session, a token) passes without a look at the ledger."""
    assert authenticate(None, token="something") is None
    assert not SignInFailure.objects.exists()


def test_wrong_words_are_the_same_for_known_and_unknown(person: User) -> None:
    pages = []
    for email in (person.email, "ghost@kestrel.example"):
        page = sign_in(Client(), email, WRONG).content.decode()  # type: ignore[attr-defined]
        pages.append(page.replace(email, "…"))
    without_tokens = ["".join(part for part in page.split('name="csrfmiddlewaretoken" value="')[0]) for page in pages]
    assert without_tokens[0] == without_tokens[1]


def test_unknown_account_is_hashed_as_often_as_a_known_one(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-13: time tells nothing about who has an account."""
    hashed: list[str] = []
    hasher = type(get_hasher())
    encode = hasher.encode

    def counted(self: object, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(hasher, "encode", counted)
    counts = []
    for email in (person.email, "ghost@kestrel.example"):
        hashed.clear()
        sign_in(Client(), email, WRONG)
        counts.append(len(hashed))
    assert counts[0] == counts[1] > 0


def test_monstrous_password_is_refused_unhashed(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-35."""
    monkeypatch.setattr(type(get_hasher()), "encode", None)
    response = sign_in(Client(), person.email, "x" * 500_000)
    assert response.status_code == 400  # type: ignore[attr-defined]
    with pytest.raises(SuspiciousOperation):
        authenticate(None, username=person.email, password="x" * 4097)
    assert not person.check_password("x" * 4097)


@pytest.mark.parametrize("login", ["a\x00b@kestrel.example", "\u202eines@kestrel.example", "x" * 400_000])
def test_odd_addresses_are_bad_input(person: User, login: str) -> None:
    """AUTH-34."""
    assert sign_in(Client(), login).status_code in {200, 400}  # type: ignore[attr-defined]
    assert not SignInFailure.objects.exists()


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "https:evil.example",
        "http:///evil.example",
        "//evil.example@127.0.0.1",
        "https://127.0.0.1@evil.example/",
        "/\t/evil.example",
        "javascript:alert(1)",
        "%0d%0aLocation: https://evil.example",
        " //evil.example",
        "http://127.0.0.1:8000/",
    ],
)
def test_next_stays_on_the_site(person: User, target: str) -> None:
    """AUTH-31."""
    client = Client()
    response = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD, "next": target})
    location = response.headers["Location"]
    assert location == reverse("portal:home") or location.startswith("%0d%0aLocation")


def test_next_leads_on_within_the_site(person: User) -> None:
    response = Client().post(
        reverse("account_login"), {"login": person.email, "password": PASSWORD, "next": "/my/learning/"}
    )
    assert response.headers["Location"] == "/my/learning/"


def age_session(client: Client, **seconds: float) -> None:
    session = client.session
    for name, value in seconds.items():
        session[name] -= value
    session.save()


def test_idle_session_ends(person: User) -> None:
    """AUTH-27."""
    client = Client()
    sign_in(client, person.email)
    age_session(client, seen_at=django_settings.SESSION_IDLE_SECONDS - 60)
    assert is_signed_in(client), "the twin: a little less than the limit goes on, and counts as activity"
    age_session(client, seen_at=django_settings.SESSION_IDLE_SECONDS - 60)
    assert is_signed_in(client)
    age_session(client, seen_at=django_settings.SESSION_IDLE_SECONDS + 1)
    page = client.get(reverse("accounts:profile"), follow=True)
    assert page.redirect_chain[0][0].startswith(reverse("account_login"))
    assert "nothing happened for a while" in page.content.decode()


def test_session_ends_however_busy_it_is(person: User) -> None:
    """AUTH-27."""
    client = Client()
    sign_in(client, person.email)
    age_session(client, signed_in_at=django_settings.SESSION_ABSOLUTE_SECONDS + 1)
    assert not is_signed_in(client)


def test_activity_is_written_at_most_once_a_minute(person: User, django_assert_num_queries: object) -> None:
    client = Client()
    sign_in(client, person.email)
    with django_assert_num_queries(3):  # type: ignore[operator]  session, person, memberships
        client.get(reverse("partners:switch"))


def test_cookies_are_closed(person: User) -> None:
    """AUTH-30: as far as they are the same without TLS."""
    client = Client()
    sign_in(client, person.email)
    for name in ("session", "device"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Lax", "")


def test_production_cookies_carry_the_host_prefix() -> None:
    """AUTH-30: read from the settings as production reads them."""
    code = (
        "from lms import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "x" * 50,
        "SITE_URL": "https://partners.example.com",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=django_settings.BASE_DIR,
    )
    assert done.stdout.split() == ["__Host-session", "__Host-csrf", "True", "True"]


def test_sign_up_and_address_pages_do_not_exist() -> None:
    for path in ("signup", "email", "confirm-email", "login/code/confirm", "password/reset/confirm"):
        assert Client().get(f"/accounts/{path}/").status_code == 404


def test_inactive_person_is_not_let_in(person: User) -> None:
    User.objects.update(is_active=False)
    client = Client()
    sign_in(client, person.email)
    assert not is_signed_in(client)


def test_closed_account_ends_its_sessions(person: User) -> None:
    client = Client()
    sign_in(client, person.email)
    User.objects.update(is_active=False)
    assert not is_signed_in(client)


def test_sign_out_everywhere_keeps_this_device(person: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        sign_in(client, person.email)
    here.post(reverse("accounts:sign_out_everywhere"))
    assert (is_signed_in(here), is_signed_in(there)) == (True, False)
    assert AuditEntry.objects.filter(action="accounts.sign_out_everywhere", actor=person).exists()


def test_migrations_made_the_vendor_roles() -> None:
    roles = {"Channel marketing", "Content reviewers", "Channel managers", "Portal managers"}
    assert roles <= set(Group.objects.values_list("name", flat=True))
