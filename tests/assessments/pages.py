"""What tests of exam pages share."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from lms.assessments.models import Attempt, Response

HOUR = timedelta(hours=1)


def of_type(attempt: Attempt, name: str) -> Response:
    return attempt.responses.select_related("item_version").get(item_version__type=name)


def url(name: str, attempt: Attempt, *more: Any) -> str:
    return reverse(f"assessments:{name}", args=[attempt.public_id, *more])


def autosave(client: Client, attempt: Attempt, position: int, answer: Any, seq: Any = 1, **extra: Any) -> Any:
    body = {"item": str(position), "seq": seq, "nonce": str(uuid4()), "answer": answer, **extra}
    return client.post(url("save", attempt), json.dumps(body), content_type="application/json")


def posted(response: Response, answer: Any, **more: Any) -> dict[str, Any]:
    """The form as a browser without JavaScript sends it."""
    data: dict[str, Any] = {"seq": response.version + 1, "nonce": str(uuid4()), **more}
    if response.question.answer_type == "map":
        return data | {f"answer-{prompt}": option for prompt, option in answer.items()}
    if response.question.answer_type == "sequence":
        return data | {f"answer-{one}": str(place) for place, one in enumerate(answer, start=1)}
    return data | {"answer": answer}
