"""Fifty at once issue one: shown on PostgreSQL, which lets them run at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection

from badges import services as badges
from badges.models import Award
from certifications import services
from certifications.models import Credential
from lms.events.models import Message
from lms.events.services import drain, hold
from lms.xapi import vocabulary
from lms.xapi.agents import verb_key
from lms.xapi.models import Statement
from tests.certifications.factories import certification, exam, sat
from tests.factories import MembershipFactory

THREADS = 50
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_fifty_threads_issue_one(now: datetime) -> None:
    """CERT-01: one credential, one statement, one event; everybody gets the same answer."""
    member, assessment = MembershipFactory(), exam()
    wanted = certification(assessment)
    start = Barrier(THREADS)

    def issue(_: int) -> str | None:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            issued = services.issue_if_earned(person=member.person, certification=wanted, at=now)
            return issued.public_id if issued else None
        finally:
            connection.close()

    with hold(), ThreadPoolExecutor(THREADS) as pool:
        sat(assessment, member, now)
        answers = set(pool.map(issue, range(THREADS)))
    assert answers == {Credential.objects.get().public_id}
    assert Statement.objects.filter(verb_key=verb_key(vocabulary.EARNED)).count() == 1
    assert Message.objects.filter(type="certifications.CredentialIssued").count() == 1
    drain()
    assert Award.objects.count() == 1


def test_ten_threads_award_one_badge(now: datetime) -> None:
    member, assessment = MembershipFactory(), exam()
    wanted = certification(assessment)
    badges.issuer_key(at=now)
    start = Barrier(10)

    def award(_: int) -> str:
        try:
            credential = Credential.objects.select_related("certification", "person").get()
            start.wait(timeout=60)
            return str(badges.award_badge(credential=credential, at=now).public_id)
        finally:
            connection.close()

    with hold(), ThreadPoolExecutor(10) as pool:
        sat(assessment, member, now)
        services.issue_if_earned(person=member.person, certification=wanted, at=now)
        answers = set(pool.map(award, range(10)))
    assert answers == {str(Award.objects.get().public_id)}
