"""Two-step sign-in by allauth, with our limits and our seal on its secrets."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from lms.accounts.models import User
from tests.accounts.conftest import is_signed_in, sign_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE_PAGE = "/accounts/2fa/authenticate/"


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


def code() -> str:
    """What the person's app shows now."""
    return str(format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time())))))


@pytest.fixture
def careful(person: User) -> User:
    """A person with two-step sign-in."""
    TOTP.activate(person, SECRET)
    RecoveryCodes.activate(person)
    return person


def recovery_code(person: User) -> str:
    return str(Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0])


def test_password_alone_does_not_open_the_account(careful: User) -> None:
    client = Client()
    response = sign_in(client, careful.email)
    assert response.headers["Location"].startswith(CODE_PAGE)  # type: ignore[attr-defined]
    assert not is_signed_in(client)
    client.post(CODE_PAGE, {"code": code()})
    assert is_signed_in(client)


def test_wrong_codes_meet_a_limit(careful: User) -> None:
    """AUTH-05 for the second factor: six digits are not guessed."""
    client = Client()
    sign_in(client, careful.email)
    statuses = [client.post(CODE_PAGE, {"code": "000000"}).status_code for _ in range(10)]
    assert statuses == [200] * 8 + [429] * 2
    assert client.post(CODE_PAGE, {"code": code()}).status_code == 429
    again = Client()
    sign_in(again, careful.email)
    assert again.post(CODE_PAGE, {"code": code()}).status_code == 429, "another browser is no way around it"


def test_recovery_code_works_once(careful: User) -> None:
    """AUTH-26."""
    spent = recovery_code(careful)
    opened = []
    for _ in range(2):
        client = Client()
        sign_in(client, careful.email)
        client.post(CODE_PAGE, {"code": spent})
        opened.append(is_signed_in(client))
    assert opened == [True, False]


def confirm_by_factor(client: Client, person: User) -> None:
    client.post(reverse("mfa_reauthenticate"), {"code": recovery_code(person)})


@pytest.mark.parametrize("name", ["mfa_deactivate_totp", "mfa_activate_totp", "mfa_generate_recovery_codes"])
def test_change_of_the_factor_asks_for_the_present_one(careful: User, name: str) -> None:
    """AUTH-25: neither a session nor the password is enough."""
    client = Client()
    client.force_login(careful)
    assert client.get(reverse(name)).headers["Location"].startswith(reverse("mfa_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.get(reverse(name)).headers["Location"].startswith(reverse("mfa_reauthenticate"))
    confirm_by_factor(client, careful)
    assert "reauthenticate" not in client.get(reverse(name)).headers.get("Location", "")


def test_factor_is_turned_off_after_confirming(careful: User) -> None:
    client = Client()
    client.force_login(careful)
    confirm_by_factor(client, careful)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=careful).exists()


def test_password_confirms_who_has_no_factor(person: User) -> None:
    client = Client()
    client.force_login(person)
    client.post(reverse("account_reauthenticate"), {"password": "wrong but long"})
    assert client.get(reverse("mfa_activate_totp")).status_code == 302
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_confirming_meets_the_limit_of_signing_in(person: User) -> None:
    """AUTH-11: another door, the same count."""
    client = Client()
    client.force_login(person)
    page = reverse("account_reauthenticate")
    statuses = [client.post(page, {"password": "wrong but long"}).status_code for _ in range(10)]
    assert statuses == [200] * 8 + [429] * 2


def test_secrets_are_sealed_in_the_database(careful: User) -> None:
    for authenticator in Authenticator.objects.all():
        assert SECRET not in str(authenticator.data)
        assert recovery_code(careful) not in str(authenticator.data)


def test_app_is_set_up_on_the_page(person: User) -> None:
    client = Client()
    sign_in(client, person.email)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    text = page.content.decode()
    secret = text.split('<code id="totp-key">')[1].split("<")[0]
    counter = next(iter(yield_hotp_counters_from_time()))
    done = client.post(reverse("mfa_activate_totp"), {"code": format_hotp_value(hotp_value(secret, counter))})
    assert done.status_code == 302
    assert "codes" in client.get(done.headers["Location"]).content.decode()
    assert "You are asked for a code" in client.get(reverse("mfa_index")).content.decode()


@pytest.mark.parametrize(
    "name", ["mfa_index", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"]
)
def test_pages_of_the_second_factor_open(careful: User, name: str) -> None:
    client = Client()
    client.force_login(careful)
    confirm_by_factor(client, careful)
    assert client.get(reverse(name)).status_code == 200
