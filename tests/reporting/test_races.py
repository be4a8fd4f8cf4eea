"""Two deliveries about one registration at once: the record ends as the statements say."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from lms.reporting import services
from lms.reporting.models import CourseRecord
from lms.reporting.services import projecting
from lms.xapi.services import platform_authority, record
from tests.factories import MembershipFactory
from tests.reporting.conftest import VERBS
from tests.reporting.factories import course_statement

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


@pytest.mark.parametrize("has_record", [False, True])
def test_a_slow_delivery_does_not_undo_a_later_one(now, monkeypatch, has_record):
    """The first reads, then waits; the completion is stored and delivered meanwhile. Without the lock it would be lost."""
    membership, registration = MembershipFactory(), uuid4()

    def say(verb: str, day: int) -> None:
        fact = course_statement(VERBS[verb], membership=membership, registration=registration, at=now + timedelta(day))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lms.xapi.services.recording.emit", lambda *_: None)
            record([fact], authority=platform_authority(), at=now)

    def deliver() -> None:
        try:
            services.project_registrations(registrations=[registration], at=now)
        finally:
            connection.close()

    say("registered", 1)
    if has_record:
        deliver()
        say("withdrew", 2)
    has_read, may_write = threading.Event(), threading.Event()
    store = projecting._store

    def slow_store(differences: list[services.Difference]) -> None:
        if not has_read.is_set():
            has_read.set()
            may_write.wait(5)
        store(differences)

    monkeypatch.setattr(projecting, "_store", slow_store)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(deliver)
        assert has_read.wait(5)
        say("completed", 3)
        second = pool.submit(deliver)
        threading.Event().wait(0.3)  # the second is at the lock by now
        may_write.set()
        first.result(10)
        second.result(10)
    assert CourseRecord.objects.get().completed_at == now + timedelta(3)
    assert services.rebuild(check=True).differences == []
