"""The state, activity profile and agent profile resources: documents with entity tags."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.utils.http import http_date

from lms.xapi import bounds, services
from lms.xapi.errors import InvalidQuery, NotYours
from lms.xapi.models import Credential, Document
from lms.xapi.queries import parse_parameter
from lms.xapi.services.documents import MAX_DOCUMENT_BYTES, Content, Kind, Place, Precondition
from lms.xapi.validation import Version
from lms.xapi.views.base import Resource
from lms.xapi.views.exchange import Exchange

Scope = Credential.Scope


class DocumentResource(Resource):
    """What the three have in common. `owners` are the parameters that say where a document belongs."""

    kind: ClassVar[Document.Kind]
    id_name: ClassVar[str]
    owners: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[Credential.Scope]

    def on_get(self, exchange: Exchange) -> HttpResponse:
        if not self.credential.has_scope(self.scope, Scope.READ_ALL):
            raise NotYours(f"This credential lacks the scope {self.scope}.")
        given = self._given(exchange, also=("since",))
        place = self._place(given)
        if self.id_name not in given:
            listed = services.list_documents(place=place, since=given.get("since"))
            response = JsonResponse([document_id for document_id, _ in listed], safe=False)
            newest = listed[-1][1] if listed else self.at
            response["Last-Modified"] = http_date(newest.timestamp())
            return response
        document = services.get_document(place=place, document_id=given[self.id_name])
        return _document(document, exchange)

    def on_put(self, exchange: Exchange) -> HttpResponse:
        place, document_id = self._target(exchange)
        is_state = self.kind is Kind.STATE
        services.put_document(
            place=place,
            document_id=document_id,
            content=_content(exchange),
            precondition=_precondition(exchange),
            authority=self.credential.authority,
            at=self.at,
            needs_precondition=self.version is Version.V1 and not is_state,
            may_overwrite=self.version is Version.V1 and is_state,
        )
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def on_post(self, exchange: Exchange) -> HttpResponse:
        place, document_id = self._target(exchange)
        services.post_document(
            place=place,
            document_id=document_id,
            content=_content(exchange),
            precondition=_precondition(exchange),
            authority=self.credential.authority,
            at=self.at,
        )
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def on_delete(self, exchange: Exchange) -> HttpResponse:
        place, document_id = self._target(exchange)
        services.delete_document(place=place, document_id=document_id, precondition=_precondition(exchange))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def _given(self, exchange: Exchange, *, also: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """The parameters, parsed. Raises InvalidQuery for those missing, unknown or wrong."""
        known = {*self.owners, *self.optional, self.id_name, *also}
        for name in self.owners:
            if name not in exchange.parameters:
                raise InvalidQuery(f"The parameter {name} is missing.")
        for name in exchange.parameters:
            if name not in known:
                raise InvalidQuery(f"{name[:60]} is not a parameter of this resource (names are case-sensitive).")
        return {name: parse_parameter(name, text) for name, text in exchange.parameters.items()}

    def _target(self, exchange: Exchange) -> tuple[Place, str]:
        """Where the one document is that a request would change. Raises InvalidQuery, NotYours."""
        if not self.credential.has_scope(self.scope):
            raise NotYours(f"This credential lacks the scope {self.scope}.")
        given = self._given(exchange)
        if self.id_name not in given:
            raise InvalidQuery(f"The parameter {self.id_name} is missing.")
        return self._place(given, is_writing=True), given[self.id_name]

    def _place(self, given: Mapping[str, Any], *, is_writing: bool = False) -> Place:
        """Where the documents are. Raises NotYours when a bound credential asks beside its bounds."""
        raise NotImplementedError


class StateResource(DocumentResource):
    kind, scope = Kind.STATE, Scope.STATE
    id_name, owners, optional = "stateId", ("activityId", "agent"), ("registration",)

    def on_delete(self, exchange: Exchange) -> HttpResponse:
        """Without a stateId, all states of the agent in the activity."""
        if self.id_name in exchange.parameters:
            return super().on_delete(exchange)
        if not self.credential.has_scope(self.scope):
            raise NotYours(f"This credential lacks the scope {self.scope}.")
        services.delete_states(place=self._place(self._given(exchange), is_writing=True))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def _place(self, given: Mapping[str, Any], *, is_writing: bool = False) -> Place:
        registration: UUID | None = given.get("registration")
        bounds.check_state(given["agent"], given["activityId"], registration, self.credential)
        if self.id_name not in given:
            registration = registration or self.credential.registration
        return Place(
            kind=self.kind, activity_id=given["activityId"], agent_key=given["agent"], registration=registration
        )


class ActivityProfileResource(DocumentResource):
    kind, scope = Kind.ACTIVITY_PROFILE, Scope.PROFILE
    id_name, owners = "profileId", ("activityId",)

    def _place(self, given: Mapping[str, Any], *, is_writing: bool = False) -> Place:
        if is_writing:
            bounds.check_activity_profile(self.credential)
        return Place(kind=self.kind, activity_id=given["activityId"])


class AgentProfileResource(DocumentResource):
    kind, scope = Kind.AGENT_PROFILE, Scope.PROFILE
    id_name, owners = "profileId", ("agent",)

    def _place(self, given: Mapping[str, Any], *, is_writing: bool = False) -> Place:
        bounds.check_agent(given["agent"], self.credential)
        return Place(kind=self.kind, agent_key=given["agent"])


def _document(document: Document, exchange: Exchange) -> HttpResponse:
    """The document as it was stored. It is somebody else's content: no browser shows it as a page of ours."""
    etag = f'"{document.etag}"'
    if document.etag in (_tags(exchange.header("If-None-Match")) or ()):
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        response = HttpResponse(bytes(document.content), content_type=document.content_type)
        response["Content-Disposition"] = "attachment"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(document.updated_at.timestamp())
    return response


def _content(exchange: Exchange) -> Content:
    media_type = exchange.content_type or "application/octet-stream"
    if not media_type.isprintable() or len(media_type) > 255:
        raise InvalidQuery("The Content-Type is not an internet media type.")
    return Content(data=exchange.content(max_bytes=MAX_DOCUMENT_BYTES), type=media_type)


def _precondition(exchange: Exchange) -> Precondition:
    return Precondition(
        match=_tags(exchange.header("If-Match")),
        none_match=_tags(exchange.header("If-None-Match")),
    )


def _tags(header: str | None) -> list[str] | None:
    """Entity tags without quotes, or `*`; None when there is no header. 1.0.3 clients often leave the quotes out."""
    if header is None:
        return None
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
