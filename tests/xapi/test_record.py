"""Storing statements: order, replays, conflicts, voiding."""

import json
from uuid import uuid4

import pytest

from lms.xapi.models import Mention, Statement
from lms.xapi.services import platform_authority, record

pytestmark = pytest.mark.django_db


def simple(**changes):
    return {
        "actor": {"mbox": "mailto:ann@kestrel.example"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://partners.halden.example/courses/1"},
    } | changes


def test_record_stores_what_the_server_sets(now):
    (statement_id,) = record([simple()], authority=platform_authority(), at=now)
    row = Statement.objects.get()
    body = json.loads(row.body)
    assert body["id"] == str(statement_id) == str(row.statement_id)
    assert body["stored"] == body["timestamp"] == "2026-11-16T09:00:00.000000Z"
    assert body["version"] == "1.0.0"
    assert body["authority"] == platform_authority().agent


def test_record_mentions(now):
    record(
        [simple(id=str(uuid4()), context={"team": {"objectType": "Group", "mbox": "mailto:t@x.example"}})],
        authority=platform_authority(),
        at=now,
    )
    assert Mention.objects.count() == 1
