"""A new password by letter (AUTH-13 to 19)."""

import time
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.accounts import services
from lms.accounts.models import ResetLetter, SignInFailure, User
from lms.accounts.throttle import NETWORK_FACTOR
from lms.events.models import Delivery, Message
from lms.events.services import drain
from tests.accounts.conftest import is_signed_in, sign_in

pytestmark = pytest.mark.django_db
NEW = "five rather new quiet words"
RESET = "/accounts/password/reset/"


def ask(email: str, **extra: object) -> object:
    return Client().post(RESET, {"email": email}, **extra)


def link() -> str:
    """The path of the newest letter's link."""
    drain()
    body = str(mail.outbox[-1].body)
    return body.split("http://127.0.0.1:8000")[1].split()[0]


def test_reset_by_letter(person: User) -> None:
    ask(person.email.upper())
    client = Client()
    page = client.get(link(), follow=True)
    done = client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert done.headers["Location"] == reverse("account_reset_password_from_key_done")
    assert client.get(done.headers["Location"]).status_code == 200
    assert sign_in(Client(), person.email, NEW).status_code == 302  # type: ignore[attr-defined]


def test_link_works_once_and_ends_other_sessions(person: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, person.email)
    ask(person.email)
    path = link()
    client = Client()
    page = client.get(path, follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert "This link no longer works" in Client().get(path).content.decode()
    assert not is_signed_in(elsewhere)


def test_guessed_tokens_are_limited_also_without_a_cache(person: User, settings: Any) -> None:
    """AUTH-17: guesses for one account, and from one network for many; the right link works while there are few."""
    ask(person.email)
    path = link()
    guesses = [path.replace(path.rpartition("-")[2], f"{number:032x}/") for number in range(1, 12)]
    answers = [Client().get(guess).status_code for guess in guesses]
    allowed = settings.SIGN_IN_FAILURES_ALLOWED
    assert answers == [200] * allowed + [429] * (len(guesses) - allowed)
    cache.clear()
    refused = Client().get(path)
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    SignInFailure.objects.all().delete()
    assert Client().get(path).status_code == 302


def test_guesses_for_many_accounts_are_limited_by_their_network(settings: Any) -> None:
    """AUTH-17."""
    allowed = settings.SIGN_IN_FAILURES_ALLOWED * NETWORK_FACTOR
    answers = [Client().get(f"{RESET}key/{number:x}-abc-def/").status_code for number in range(allowed + 3)]
    assert answers == [200] * allowed + [429] * 3


def test_answer_is_the_same_for_known_and_unknown(person: User) -> None:
    """AUTH-13: status, words; both get a letter, so also the time and the load."""
    answers = [ask(email) for email in (person.email, "ghost@kestrel.example")]
    assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {  # type: ignore[attr-defined]
        (302, reverse("account_reset_password_done"))
    }
    drain()
    assert sorted(letter.to[0] for letter in mail.outbox) == ["ghost@kestrel.example", person.email]
    ghost = next(letter for letter in mail.outbox if letter.to[0].startswith("ghost"))
    assert "No account uses this address" in ghost.body
    assert "/password/reset/key/" not in ghost.body


def test_answer_takes_the_same_time_for_known_and_unknown(person: User) -> None:
    """AUTH-13: the medians of 15 tries differ by less than a half. Of the thread's own time: others may be at work."""
    times: dict[str, list[float]] = {person.email: [], "ghost@kestrel.example": []}
    for _ in range(15):
        for email, taken in times.items():
            start = time.thread_time()
            ask(email)
            taken.append(time.thread_time() - start)
    known, unknown = (median(taken) for taken in times.values())
    assert max(known, unknown) < 1.5 * min(known, unknown)


def test_request_sends_no_mail_itself(person: User, settings: object) -> None:
    """AUTH-14: with the mail host down the answer is the same, and the letter is kept for later."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_PORT = 1  # type: ignore[attr-defined]
    answers = {ask(email).status_code for email in (person.email, "ghost@kestrel.example")}  # type: ignore[attr-defined]
    assert answers == {302}
    drain()
    assert Delivery.objects.filter(done_at=None, last_error__contains="refused").count() == 2
    assert not ResetLetter.objects.exists(), "a letter that was not sent does not count"


def test_letters_to_one_address_are_limited(person: User) -> None:
    """AUTH-15: 100 requests, one letter."""
    for _ in range(100):
        ask(person.email)
    drain()
    assert len(mail.outbox) == 1


def test_next_letter_goes_after_the_pause(person: User) -> None:
    at = timezone.now()
    sent = [
        services.may_send_reset_letter(email=person.email, at=at + timedelta(minutes=minutes))
        for minutes in (0, 5, 10, 15, 25)
    ]
    assert sent == [True, False, True, False, True]


def test_old_letters_are_forgotten(person: User) -> None:
    at = timezone.now()
    services.may_send_reset_letter(email=person.email, at=at - timedelta(days=2))
    services.may_send_reset_letter(email="other@kestrel.example", at=at)
    assert ResetLetter.objects.count() == 1


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Server"])
def test_link_points_to_the_configured_host(person: User, header: str) -> None:
    """AUTH-18."""
    ask(person.email, headers={header: "testserver" if header == "Host" else "evil.example"})
    drain()
    letter = mail.outbox[0]
    assert "http://127.0.0.1:8000/accounts/password/reset/key/" in letter.body
    assert "evil" not in letter.body + letter.alternatives[0][0]


def test_foreign_host_is_refused(person: User) -> None:
    """AUTH-18, WEB-05."""
    assert ask(person.email, headers={"Host": "evil.example"}).status_code == 400  # type: ignore[attr-defined]
    assert not Message.objects.exists()


def test_token_leaves_the_address_and_is_told_to_nobody(person: User) -> None:
    """AUTH-19: no Referer, no token in the address of the form, nothing from other hosts."""
    ask(person.email)
    client = Client()
    path = link()
    first = client.get(path)
    assert (first.status_code, first.headers["Referrer-Policy"]) == (302, "no-referrer")
    form = client.get(first.headers["Location"])
    assert first.headers["Location"].endswith("-set-password/")
    assert form.headers["Referrer-Policy"] == "no-referrer"
    token = path.rstrip("/").split("-", 1)[1]
    assert token not in form.content.decode()
    assert "https://" not in form.content.decode().split("<body")[1]


def test_address_waits_sealed_in_the_outbox(person: User) -> None:
    ask(person.email)
    assert person.email not in str(Message.objects.get().payload)


def test_weak_new_password_is_refused(person: User) -> None:
    ask(person.email)
    client = Client()
    page = client.get(link(), follow=True)
    answer = client.post(page.redirect_chain[-1][0], {"password1": "short", "password2": "short"})
    assert "at least 12 characters" in answer.content.decode()
    too_long = client.post(page.redirect_chain[-1][0], {"password1": "x" * 300, "password2": "x" * 300})
    assert "at most 256 characters" in too_long.content.decode()


def test_closed_account_gets_no_link(person: User) -> None:
    User.objects.update(is_active=False)
    ask(person.email)
    drain()
    assert "/password/reset/key/" not in mail.outbox[0].body


def test_bad_address_is_bad_input() -> None:
    answer = ask("nobody")
    assert (answer.status_code, Message.objects.count()) == (200, 0)  # type: ignore[attr-defined]
