"""Races of applications, on PostgreSQL: one code or token used many times at once, and a person who disconnects just then."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from time import monotonic, sleep
from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from django.db import connection, transaction
from django.utils import timezone

from badges import connecting
from badges.models import Award
from lms.accounts.models import AuditEntry
from tests.badges.applications import ask, code_of, connect, consent, exchange, refresh, register
from tests.badges.factories import signed_in

THREADS = 10
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("fresh_counts"),
]


def on_its_own(work: Callable[[], Any]) -> Any:
    """In a thread: on a connection of its own, which is closed."""
    try:
        return work()
    finally:
        connection.close()


def together(work: Callable[[], Any]) -> list[Any]:
    barrier = Barrier(THREADS)

    def run(_: int) -> Any:
        connection.ensure_connection()
        barrier.wait(timeout=60)
        return work()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda number: on_its_own(lambda: run(number)), range(THREADS)))


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def while_under_way(work: Callable[[], Any], other: Callable[[], Any]) -> tuple[Any, Any]:
    """`other` begins when all of `work` is done but its commit, which comes when `other` waits for it, or is over."""
    is_done, is_over = Event(), Event()

    def first() -> Any:
        with transaction.atomic():
            result = work()
            is_done.set()
            until = monotonic() + 60
            while not (is_over.is_set() or somebody_waits()) and monotonic() < until:
                sleep(0.01)
        return result

    def second() -> Any:
        is_done.wait(timeout=60)
        try:
            return other()
        finally:
            is_over.set()

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(on_its_own, one) for one in (first, second)]
        return both[0].result(), both[1].result()


def disconnecting(award: Award, application: dict[str, Any]) -> Callable[[], int]:
    browser = signed_in(award.holder)
    return lambda: browser.post(f"/my/badges/connections/{application['client_id']}/disconnect/").status_code


def ended_by_replay() -> int:
    return AuditEntry.objects.filter(action="badges.disconnect", actor=None).count()


def test_one_code_at_once_gives_once_and_is_then_taken_for_copied(award: Award) -> None:
    """RFC 6749, 4.1.2: whoever came second ends what the first was given, and it is written down once."""
    application = register().json()
    code = code_of(consent(award.holder, application))
    answers = together(lambda: exchange(application, code))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (THREADS - 1)
    (winner,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert (ask(winner).status_code, refresh(application, winner).status_code) == (401, 400)
    assert (connecting.connections(award.holder), ended_by_replay()) == ([], 1)


def test_one_refresh_token_at_once_goes_on_once_and_is_then_taken_for_copied(award: Award) -> None:
    """RFC 9700, 4.14.2."""
    application, tokens = connect(award.holder)
    answers = together(lambda: refresh(application, tokens))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (THREADS - 1)
    (winner,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert (ask(winner).status_code, refresh(application, winner).status_code) == (401, 400)
    assert (connecting.connections(award.holder), ended_by_replay()) == ([], 1)


def test_who_disconnects_during_an_exchange_ends_what_it_gives(award: Award) -> None:
    application = register().json()
    code = code_of(consent(award.holder, application))
    given, answer = while_under_way(lambda: exchange(application, code), disconnecting(award, application))
    assert (given.status_code, answer) == (200, 302)
    assert (ask(given.json()).status_code, refresh(application, given.json()).status_code) == (401, 400)


def test_who_disconnects_during_a_refresh_ends_what_it_gives(award: Award) -> None:
    """Also when nothing else held: the access token was over, the refresh token is used up."""
    application, tokens = connect(award.holder)
    Token.objects.filter(type=Token.Type.ACCESS_TOKEN).update(expires_at=timezone.now() - timedelta(minutes=1))
    given, answer = while_under_way(lambda: refresh(application, tokens), disconnecting(award, application))
    assert (given.status_code, answer) == (200, 302)
    assert (ask(given.json()).status_code, refresh(application, given.json()).status_code) == (401, 400)


def test_an_exchange_and_a_refresh_that_come_after_a_disconnect_give_nothing(award: Award) -> None:
    """They wait for it: what they began with holds until it commits."""
    for is_exchange in (True, False):
        application, tokens = connect(award.holder)
        code = code_of(consent(award.holder, application))

        def late() -> Any:
            return exchange(application, code) if is_exchange else refresh(application, tokens)  # noqa: B023

        answer, given = while_under_way(disconnecting(award, application), late)
        assert (answer, given.status_code) == (302, 400)
        assert connecting.connections(award.holder) == []


def test_no_refresh_outruns_a_disconnect(award: Award) -> None:
    """An application that renews without a pause: each new token is one that the disconnecting has not seen."""
    application, tokens = connect(award.holder)
    started = Event()

    def renewing() -> None:
        held = tokens
        while (answer := refresh(application, held)).status_code == 200:
            held = answer.json()
            started.set()

    disconnect = disconnecting(award, application)
    with ThreadPoolExecutor(2) as pool:
        renewed = pool.submit(on_its_own, renewing)
        started.wait(timeout=60)
        assert pool.submit(on_its_own, disconnect).result() == 302
        renewed.result(timeout=120)
    assert connecting.connections(award.holder) == []
