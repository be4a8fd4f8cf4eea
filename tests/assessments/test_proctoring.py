"""The hook of a proctoring service: told of each start and end, signed, and again until it answers."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from lms.assessments import services
from lms.assessments.events import ProctoringDue
from lms.assessments.handlers import tell_proctoring_service
from lms.assessments.models import Assessment, Attempt
from lms.assessments.models.settings import PROCTOR_SEAL
from lms.common.outgoing import ForbiddenAddress, Unreachable
from lms.common.sealing import seal
from lms.events.models import Delivery, Message
from lms.partners.models import Membership
from tests.assessments.factories import make_exam, start

SECRET = "a secret that both sides know"


class Hook:
    """A service that writes down what it is told and answers with `status`."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.status, hook = 204, self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.told.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    settings.OUTGOING_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    running = Hook()
    thread = Thread(target=running.server.serve_forever, daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


@pytest.fixture
def watched(hook: Hook, db: None) -> Assessment:
    return make_exam(proctor_url=hook.url, proctor_secret_sealed=seal(SECRET, purpose=PROCTOR_SEAL))


def test_start_and_end_are_told_and_signed(
    watched: Assessment, hook: Hook, member: Membership, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        attempt = start(watched, member, now)
        services.submit_attempt(attempt=attempt, at=now)
        services.submit_attempt(attempt=attempt, at=now)
    assert [json.loads(body)["type"] for _, body in hook.told] == ["attempt.started", "attempt.finished"]
    headers, body = hook.told[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    data = json.loads(body)["data"]
    assert (data["attempt"], data["candidate"]) == (str(attempt.public_id), str(member.person.public_id))
    assert set(data) == {"exam", "exam_title", "attempt", "candidate", "candidate_name", "deadline"}
    assert hook.told[0][0]["webhook-id"] != hook.told[1][0]["webhook-id"]


def test_a_service_that_fails_is_told_again_with_the_same_id(
    watched: Assessment, hook: Hook, member: Membership, now: datetime
) -> None:
    hook.status = 500
    attempt = start(watched, member, now)
    for _ in range(2):
        with pytest.raises(Unreachable, match="answered 500"):
            services.send_to_proctor(attempt_id=attempt.public_id, step="started", at=now)
    assert hook.told[0][0]["webhook-id"] == hook.told[1][0]["webhook-id"]


def test_no_candidate_waits_for_the_service(
    watched: Assessment, hook: Hook, member: Membership, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    hook.status = 503
    with django_capture_on_commit_callbacks(execute=True):
        assert start(watched, member, now).submitted_at is None
    delivery = Delivery.objects.get(message__type="assessments.ProctoringDue")
    assert delivery.done_at is None
    assert "503" in delivery.last_error


def test_an_inner_address_is_not_called(
    watched: Assessment, hook: Hook, member: Membership, now: datetime, settings: Any
) -> None:
    settings.OUTGOING_PRIVATE_NETWORKS = []
    attempt = start(watched, member, now)
    with pytest.raises(ForbiddenAddress):
        services.send_to_proctor(attempt_id=attempt.public_id, step="started", at=now)
    assert hook.told == []


def test_without_a_service_nothing_is_told(attempt: Attempt, now: datetime) -> None:
    assert not Message.objects.filter(type="assessments.ProctoringDue").exists()
    tell_proctoring_service(ProctoringDue(at=now, attempt_id=attempt.public_id, step="started"))
