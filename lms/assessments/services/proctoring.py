"""Telling a proctoring service when an attempt starts and ends.

A message is POSTed as JSON, by the outbox: it is tried again until the service answers, and no candidate waits for it.
It is signed in the way of Standard Webhooks (lms.common.webhooks) under the exam's secret.
"""

from datetime import datetime
from uuid import UUID, uuid5

import msgspec
from django.utils import timezone

from lms.assessments.events import ProctoringDue
from lms.assessments.models import Attempt
from lms.common import webhooks
from lms.common.outgoing import Outgoing, Unreachable
from lms.events.services import emit

SECONDS = 20.0
MAX_ANSWER = 100_000
_NAMES = {"started": "attempt.started", "finished": "attempt.finished"}


def tell_proctor(attempt: Attempt, step: str, at: datetime) -> None:
    """Emits what is to be told, if the exam names a proctoring service. Call it in the transaction of the step."""
    if attempt.assessment.proctor_url:
        emit(ProctoringDue(at=at, attempt_id=attempt.public_id, step=step))


def send_to_proctor(*, attempt_id: UUID, step: str, at: datetime) -> None:
    """Sends one message. A repeat carries the same webhook-id, by which the service knows it.

    Raises Unreachable (also for any answer but 2xx) and ForbiddenAddress, so the outbox tries again. The message names
    the exam, the attempt and the person by their public ids, and no answer and no result.
    """
    attempt = Attempt.objects.select_related("assessment", "person").get(public_id=attempt_id)
    assessment = attempt.assessment
    if not assessment.proctor_url:
        return
    body = msgspec.json.encode(
        {
            "type": _NAMES[step],
            "timestamp": at.isoformat(),
            "data": {
                "exam": str(assessment.public_id),
                "exam_title": assessment.title,
                "attempt": str(attempt.public_id),
                "candidate": str(attempt.person.public_id),
                "candidate_name": attempt.person.name,
                "deadline": attempt.deadline_at.isoformat(),
            },
        }
    )
    message_id, key = f"msg_{uuid5(attempt.public_id, step).hex}", assessment.proctor_secret.encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **webhooks.headers([key], id_=message_id, at=timezone.now(), body=body),
    }
    with Outgoing() as client:
        answer = client.send(
            "POST", assessment.proctor_url, headers=headers, content=body, max_bytes=MAX_ANSWER, seconds=SECONDS
        )
    if not 200 <= answer.status < 300:
        raise Unreachable(f"The proctoring service answered {answer.status}.")
