"""What a form of a question brings, by the kind of its answer: words and choices, or a file."""

from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from lms.assessments import services
from lms.assessments.forms import read_answer, read_upload
from lms.assessments.items import Question
from lms.assessments.models import Response


def store_posted(
    request: HttpRequest, response: Response, question: Question, *, version: int, nonce: UUID
) -> Response:
    """Stores it as an answer of that version. Raises what store_answer and answer_with_file raise.

    A form without a new file leaves the one that is there, unless its button takes it away.
    """
    at, confidence = timezone.now(), request.POST.get("confidence", "")
    if question.answer_type != "file":
        return services.save_response(
            attempt=response.attempt,
            position=response.position,
            answer=read_answer(question, request.POST),
            version=version,
            nonce=nonce,
            at=at,
            confidence=confidence,
        )
    if request.POST.get("go") == "remove":
        return services.take_file_away(response=response, version=version, nonce=nonce, at=at)
    upload = read_upload(request.FILES, question)
    if upload is None and confidence == response.confidence:
        return response
    return services.answer_with_file(
        response=response, upload=upload, version=version, nonce=nonce, at=at, confidence=confidence
    )
