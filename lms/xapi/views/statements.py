"""The statements resource: PUT one, POST one or many, GET one or a page."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.core import signing
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import http_date

from lms.common import guards
from lms.xapi import multipart, services
from lms.xapi.errors import InvalidQuery, NotYours
from lms.xapi.knowledge import known_definitions
from lms.xapi.models import Attachment, Credential
from lms.xapi.multipart import Upload
from lms.xapi.queries import Place, StatementQuery, find, find_one, parse_query
from lms.xapi.representation import shown
from lms.xapi.views.base import Resource, languages
from lms.xapi.views.exchange import Exchange

_MORE_SALT = "lms.xapi.more"
Scope = Credential.Scope
_READING = (Scope.READ_MINE, Scope.READ, Scope.READ_ALL)


class StatementsResource(Resource):
    def on_post(self, exchange: Exchange) -> HttpResponse:
        if exchange.parameters:
            raise InvalidQuery("A POST takes no parameters in the address.")
        with _sent(exchange) as (data, uploads):
            ids = services.receive_statements(
                data=data, uploads=uploads, credential=self.credential, version=self.version, at=self.at
            )
        listed = ",".join(f'"{statement_id}"' for statement_id in ids)
        return HttpResponse(f"[{listed}]", content_type="application/json")

    def on_put(self, exchange: Exchange) -> HttpResponse:
        if list(exchange.parameters) != ["statementId"]:
            raise InvalidQuery("A PUT takes the parameter statementId and no other.")
        statement_id = parse_query(exchange.parameters).statement_id
        with _sent(exchange) as (data, uploads):
            services.receive_statements(
                data=data,
                uploads=uploads,
                credential=self.credential,
                version=self.version,
                at=self.at,
                statement_id=statement_id,
            )
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def on_get(self, exchange: Exchange) -> HttpResponseBase:
        if not self.credential.has_scope(*_READING):
            raise NotYours("This credential may not read statements.")
        parameters, after = self._resumed(exchange.parameters)
        query = parse_query(parameters)
        if query.statement_id or query.voided_id:
            statement = find_one(query, self.credential)
            text = self._shown([statement.body], query)[0]
            response = _answer(text, [statement.body], query)
            response["Last-Modified"] = http_date(statement.stored_at.timestamp())
            return response
        bodies, place = find(query, self.credential, after)
        more = self._more(exchange, parameters, place) if place else ""
        text = f'{{"statements":[{",".join(self._shown(bodies, query))}],"more":{json.dumps(more)}}}'
        response = _answer(text, bodies, query)
        response["Last-Modified"] = http_date(self.at.timestamp())
        return response

    def _shown(self, bodies: Sequence[str], query: StatementQuery) -> Sequence[str]:
        if query.format == "exact":
            return bodies
        preferred = languages(self.exchange.header("Accept-Language") or "")
        return shown(bodies, query.format, preferred, lambda ids: known_definitions(ids, self.credential))

    def _more(self, exchange: Exchange, parameters: Mapping[str, str], place: Place) -> str:
        """Where the next page is: the query and the place, signed, for this credential."""
        token = signing.dumps(
            [parameters, place[0].isoformat(), place[1], self.credential.pk], salt=_MORE_SALT, compress=True
        )
        return f"{exchange.request.path}?more={token}"

    def _resumed(self, parameters: Mapping[str, str]) -> tuple[Mapping[str, str], Place | None]:
        """The query and place of a `more` address; without one, the parameters as they are."""
        if "more" not in parameters:
            return parameters, None
        try:
            resumed, stored_at, pk, credential_id = signing.loads(parameters["more"], salt=_MORE_SALT)
        except signing.BadSignature as error:
            raise InvalidQuery("This address of a next page was not made here.") from error
        if credential_id != self.credential.pk or len(parameters) > 1:
            raise NotYours("This address of a next page belongs to another credential.")
        return resumed, (datetime.fromisoformat(stored_at), pk)


@contextmanager
def _sent(exchange: Exchange) -> Iterator[tuple[bytes, Mapping[str, Upload]]]:
    """The JSON and attachments of a body. Raises InvalidQuery for another media type, TooLarge, InvalidAttachment."""
    match exchange.media_type:
        case "application/json":
            yield exchange.content(max_bytes=guards.MAX_JSON_BYTES), {}
        case "multipart/mixed" if not exchange.is_alternate:
            with tempfile.TemporaryFile() as file:
                text, uploads = multipart.read_parts(
                    exchange.request.read,
                    multipart.boundary_of(exchange.content_type),
                    file,
                    max_json=guards.MAX_JSON_BYTES,
                    max_bytes=settings.XAPI_MAX_ATTACHMENT_BYTES,
                )
                yield text, uploads
        case _:
            raise InvalidQuery("Statements must be sent as application/json, or with attachments as multipart/mixed.")


def _answer(text: str, bodies: Sequence[str], query: StatementQuery) -> HttpResponseBase:
    """JSON; with `attachments=true` multipart/mixed, streamed, however many files there are."""
    if not query.attachments:
        return HttpResponse(text, content_type="application/json")
    files = services.attached_files(json.loads(body)["id"] for body in bodies)
    types = {
        attachment["sha2"].lower(): attachment["contentType"]
        for body in bodies
        for _, attachment in services.attachments_of(json.loads(body))
    }
    content_type, stream = multipart.write_parts(
        text, ((sha2, types.get(sha2, "application/octet-stream"), _chunks(file)) for sha2, file in files.items())
    )
    return StreamingHttpResponse(stream, content_type=content_type)


def _chunks(attachment: Attachment) -> Iterator[bytes]:
    with attachment.file.open("rb") as file:
        yield from file.chunks()
