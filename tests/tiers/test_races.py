"""Two evaluations at once make one decision. Only PostgreSQL can show the race."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction

from lms.partners.models import Partner
from lms.tiers import services
from lms.tiers.models import Decision
from lms.tiers.services import decisions
from tests.factories import PartnerFactory
from tests.tiers.factories import programme

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def at_once(work: Callable[[], None], times: int) -> list[BaseException]:
    """Runs `work` in so many threads that start together; what they raised."""
    gate, errors = threading.Barrier(times), list[BaseException]()

    def run() -> None:
        try:
            gate.wait(10)
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return errors


def test_two_evaluations_make_one_decision(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    errors = at_once(lambda: void(services.evaluate_partner(partner=partner, at=now)), 6)
    assert errors == []
    assert Decision.objects.filter(partner=partner).count() == 1
    assert Partner.objects.get(pk=partner.pk).current_tier is not None


def test_without_the_lock_the_constraint_refuses_the_second(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: with the partner's lock switched off, racing evaluations collide on the number."""
    programme()
    partner = PartnerFactory()
    pause = threading.Barrier(2)
    append = decisions._append

    def slowly(*args: object) -> Decision:
        pause.wait(10)
        return append(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(decisions, "_append", slowly)
    monkeypatch.setattr(type(Partner.objects.all()), "select_for_update", lambda self, **_: self)
    errors = at_once(lambda: void(services.evaluate_partner(partner=partner, at=now)), 2)
    assert [type(error) for error in errors] == [IntegrityError]
    assert Decision.objects.filter(partner=partner).count() == 1


def test_two_publishers_make_two_numbers(now: datetime) -> None:
    version = programme()
    documents = iter([{**version.document, "notes": "One"}, {**version.document, "notes": "Two"}])
    errors = at_once(
        lambda: void(
            services.publish_programme(
                programme=version.programme, document=next(documents), effective_at=now, by=None, at=now
            )
        ),
        2,
    )
    assert errors == []
    assert sorted(version.programme.versions.values_list("number", flat=True)) == [1, 2, 3]


def void(result: object) -> None:
    """What `at_once` runs returns nothing."""
    assert transaction.get_autocommit()
