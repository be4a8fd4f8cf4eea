"""Answers that are files: judged by their content, kept privately, counted as a version of the answer."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction

from lms.assessments import items
from lms.assessments.formats.handed_in import judge
from lms.assessments.items.written import KINDS, UploadContent
from lms.assessments.models import AnswerFile, Attempt, Response
from lms.assessments.services.clock import require_open
from lms.assessments.services.responses import Save, check_version, write_answer
from lms.common.guards import clean_name


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as a browser sent it. `name` is what the candidate calls it and decides nothing."""

    data: bytes
    name: str


def answer_with_file(
    *, response: Response, upload: Upload | None, version: int, nonce: UUID, at: datetime, confidence: str = ""
) -> Response:
    """Keeps a file as the answer to a question if its version is newer than the stored one, as store_answer does.

    None leaves the file that is there and stores the confidence. The same nonce again keeps nothing and succeeds. The
    file it replaces is removed after the commit. Raises AnswerRefused for a file of another kind or size than was asked
    for, UnsafeInput for a hostile archive, and what store_answer raises; then nothing is kept.
    """
    check_version(version)
    if response.nonce == nonce:
        return response
    is_late = require_open(response.attempt, response.position, at, is_queued=False)
    save = Save(answer=None, version=version, nonce=nonce, confidence=confidence)
    if upload is None:
        return write_answer(response=response, answer=response.answer, save=save, at=at, is_late=is_late)
    row = _judged(response, upload, at)
    row.file.save(f"{row.public_id}.{row.extension}", ContentFile(upload.data), save=False)
    try:
        with transaction.atomic():
            row.save()
            stored = write_answer(response=response, answer=str(row.public_id), save=save, at=at, is_late=is_late)
            _forget_others(stored)
    except Exception:
        row.file.delete(save=False)
        raise
    return stored


def take_file_away(*, response: Response, version: int, nonce: UUID, at: datetime) -> Response:
    """Empties the answer to a question that asks for a file; the file is removed. Raises what store_answer raises."""
    check_version(version)
    if response.nonce == nonce:
        return response
    is_late = require_open(response.attempt, response.position, at, is_queued=False)
    with transaction.atomic():
        save = Save(answer=None, version=version, nonce=nonce)
        stored = write_answer(response=response, answer=None, save=save, at=at, is_late=is_late)
        _forget_others(stored)
    return stored


def file_of(response: Response) -> AnswerFile | None:
    """The file that is the answer now."""
    if not isinstance(response.answer, str) or response.item_version.type != "upload":
        return None
    return AnswerFile.objects.filter(response=response, public_id=response.answer).first()


def files_of(attempt: Attempt) -> dict[int, AnswerFile]:
    """The files that are answers in an attempt, by response. One query."""
    return {file.response_id: file for file in AnswerFile.objects.filter(response__attempt=attempt)}


def _forget_others(response: Response) -> None:
    """Removes what was handed in before: the row now, the bytes when that is sure."""
    for old in AnswerFile.objects.filter(response=response).exclude(public_id=response.answer or UUID(int=0)):
        old.delete()
        transaction.on_commit(partial(old.file.delete, save=False))


def _judged(response: Response, upload: Upload, at: datetime) -> AnswerFile:
    content = response.item_version.loaded_content
    if not isinstance(content, UploadContent):
        raise items.AnswerRefused("This question is not answered by a file. Nothing was saved.")
    if len(upload.data) > content.megabytes * 1_000_000:
        raise items.AnswerRefused(f"The file is larger than {content.megabytes} MB. Nothing was saved.")
    found = judge(upload.data)
    if found is None or found.kind not in content.kinds:
        wanted = "; ".join(KINDS[kind] for kind in content.kinds)
        raise items.AnswerRefused(f"This file is of another kind than was asked for: {wanted}. Nothing was saved.")
    return AnswerFile(
        response=response,
        name=clean_name(upload.name)[:150] or f"answer.{found.extension}",
        extension=found.extension,
        size=len(upload.data),
        digest=found.digest,
        uploaded_at=at,
    )
