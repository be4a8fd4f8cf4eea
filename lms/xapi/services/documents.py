"""Documents that clients keep here: activity states, activity profiles, agent profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from lms.common import guards
from lms.xapi.agents import activity_key, digest_key
from lms.xapi.errors import (
    DocumentConflict,
    InvalidDocument,
    PreconditionFailed,
    PreconditionMissing,
    UnknownDocument,
)
from lms.xapi.models import Authority, Document

MAX_DOCUMENT_BYTES = 5_000_000
Kind = Document.Kind


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a document is: a kind, and what that kind of document belongs to."""

    kind: Document.Kind
    activity_id: str | None = None
    agent_key: UUID | None = None
    registration: UUID | None = None
    known_activity: UUID | None = None  # where only the activity's key is known

    @property
    def activity_key(self) -> UUID | None:
        return activity_key(self.activity_id) if self.activity_id is not None else self.known_activity

    def key(self, document_id: str) -> UUID:
        """One key for each document; a state without a registration is another than one with."""
        owners = (self.activity_key, self.agent_key, self.registration)
        return digest_key(self.kind, *("" if owner is None else str(owner) for owner in owners), document_id)


@dataclass(frozen=True, kw_only=True)
class Precondition:
    """If-Match and If-None-Match: entity tags, or `*` for whatever there is. Neither given: both None."""

    match: Sequence[str] | None = None
    none_match: Sequence[str] | None = None

    @property
    def is_given(self) -> bool:
        return self.match is not None or self.none_match is not None

    def check(self, etag: str | None) -> None:
        """Raises PreconditionFailed unless the document with `etag` (None: no document) is the one spoken of."""
        if self.match is not None and not _names(self.match, etag):
            raise PreconditionFailed("The document is not the one that If-Match names; it was changed meanwhile.")
        if self.none_match is not None and _names(self.none_match, etag):
            raise PreconditionFailed("There is a document already that If-None-Match excludes.")


def _names(tags: Sequence[str], etag: str | None) -> bool:
    return etag is not None and ("*" in tags or etag in tags)


@dataclass(frozen=True, kw_only=True)
class Content:
    """The bytes of a document and their internet media type."""

    data: bytes
    type: str

    @property
    def is_json(self) -> bool:
        return self.type.partition(";")[0].strip().lower() == "application/json"


@transaction.atomic
def put_document(
    *,
    place: Place,
    document_id: str,
    content: Content,
    precondition: Precondition,
    authority: Authority,
    at: datetime,
    needs_precondition: bool,
    may_overwrite: bool,
) -> Document:
    """Stores a document, in place of the one that may be there. Locks the row.

    `may_overwrite` allows that without a precondition (states in 1.0.3, as cmi5 units do it); `needs_precondition`
    asks for one even where there is nothing yet (profiles in 1.0.3). Raises PreconditionFailed, PreconditionMissing,
    DocumentConflict.
    """
    existing = _locked(place, document_id)
    if not precondition.is_given:
        if existing and not may_overwrite:
            raise DocumentConflict(
                "There is a document already, and the request has neither If-Match nor If-None-Match. "
                "Nothing was changed: read the document, then send its ETag in If-Match."
            )
        if needs_precondition and not existing:
            raise PreconditionMissing(
                "A profile is put with If-Match or If-None-Match; use If-None-Match: * for a new one."
            )
    precondition.check(existing.etag if existing else None)
    return _write(existing, place, document_id, content, authority=authority, at=at)


@transaction.atomic
def post_document(
    *,
    place: Place,
    document_id: str,
    content: Content,
    precondition: Precondition,
    authority: Authority,
    at: datetime,
) -> Document:
    """Merges a JSON object into the document, by its top-level names; stores it where there is none. Locks the row.

    Raises PreconditionFailed, and InvalidDocument when one of the two is not a JSON object sent as application/json.
    """
    existing = _locked(place, document_id)
    precondition.check(existing.etag if existing else None)
    if existing is None:
        if content.is_json:
            guards.load_json(content.data, max_bytes=MAX_DOCUMENT_BYTES)
        return _write(None, place, document_id, content, authority=authority, at=at)
    stored = Content(data=bytes(existing.content), type=existing.content_type)
    if not (stored.is_json and content.is_json):
        raise InvalidDocument("Only documents of the type application/json can be merged. Nothing was changed.")
    merged = {**_members(stored.data, "The stored document"), **_members(content.data, "The document sent")}
    content = Content(data=msgspec.json.encode(merged), type=existing.content_type)
    if len(content.data) > MAX_DOCUMENT_BYTES:
        raise InvalidDocument(
            f"The merged document would have more than {MAX_DOCUMENT_BYTES} bytes. Nothing was changed."
        )
    return _write(existing, place, document_id, content, authority=authority, at=at)


@transaction.atomic
def delete_document(*, place: Place, document_id: str, precondition: Precondition) -> None:
    """Deletes the document, if there is one. Raises PreconditionFailed. Locks the row."""
    existing = _locked(place, document_id)
    precondition.check(existing.etag if existing else None)
    if existing is not None:
        existing.delete()


def delete_states(*, place: Place) -> None:
    """Deletes all states of an agent in an activity; of one registration, if the place has one."""
    _in(place).delete()


def get_document(*, place: Place, document_id: str) -> Document:
    """The document. Raises UnknownDocument."""
    document = Document.objects.filter(key=place.key(document_id)).first()
    if document is None:
        raise UnknownDocument("No document is stored under this id.")
    return document


def list_documents(*, place: Place, since: datetime | None) -> list[tuple[str, datetime]]:
    """Ids, and when each was changed last, of the documents changed after `since`, oldest first."""
    documents = _in(place).order_by("updated_at", "pk")
    if since is not None:
        documents = documents.filter(updated_at__gt=since)
    return list(documents.values_list("document_id", "updated_at"))


def _in(place: Place) -> QuerySet[Document]:
    owners = {"activity_key": place.activity_key, "agent_key": place.agent_key, "registration": place.registration}
    return Document.objects.filter(
        kind=place.kind, **{name: owner for name, owner in owners.items() if owner is not None}
    )


def _locked(place: Place, document_id: str) -> Document | None:
    return Document.objects.select_for_update(of=("self",)).filter(key=place.key(document_id)).first()


def _write(
    existing: Document | None, place: Place, document_id: str, content: Content, *, authority: Authority, at: datetime
) -> Document:
    """Writes it. Of two writers who both saw no document, one stores his and the other is told."""
    values = {
        "content": content.data,
        "content_type": content.type[:255],
        "etag": sha1(content.data, usedforsecurity=False).hexdigest(),
        "updated_at": at,
        "authority": authority,
    }
    if existing is not None:
        for name, value in values.items():
            setattr(existing, name, value)
        existing.save(update_fields=list(values))
        return existing
    document, is_new = Document.objects.get_or_create(
        key=place.key(document_id),
        defaults={
            "kind": place.kind,
            "activity_key": place.activity_key,
            "agent_key": place.agent_key,
            "registration": place.registration,
            "document_id": document_id,
            **values,
        },
    )
    if not is_new:
        raise DocumentConflict("Another client stored a document here at the same moment. Read it, then try again.")
    return document


def _members(data: bytes, what: str) -> Mapping[str, msgspec.Raw]:
    """The members of a JSON object, each as it was written: numbers and key order survive a merge."""
    if not isinstance(guards.load_json(data, max_bytes=MAX_DOCUMENT_BYTES), dict):
        raise InvalidDocument(f"{what} is not a JSON object, so nothing can be merged. Nothing was changed.")
    return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
