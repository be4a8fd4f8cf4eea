"""A client that speaks xAPI, and credentials for it."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client

from lms.xapi.models import Credential
from lms.xapi.services import activities, create_credential, credentials

ALL_SCOPES = ["statements/write", "all/read"]


class XapiClient:
    """Speaks to /xapi/ with one credential; never with a cookie."""

    def __init__(self, credential: Credential, secret: str) -> None:
        self.credential, self.secret = credential, secret
        self.client = Client(raise_request_exception=True, enforce_csrf_checks=True)

    def headers(self, **changes: str | None) -> dict[str, str]:
        basic = base64.b64encode(f"{self.credential.key}:{self.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3"} | changes
        return {name: value for name, value in headers.items() if value is not None}

    def get(self, path: str = "/xapi/statements", headers: dict[str, Any] | None = None, **query: str) -> HttpResponse:
        return self.client.get(path, query, headers=self.headers(**headers or {}))

    def post(self, data: Any, headers: dict[str, Any] | None = None, **more: Any) -> HttpResponse:
        body = data if isinstance(data, str | bytes) else json.dumps(data)
        more.setdefault("content_type", "application/json")
        return self.client.post("/xapi/statements", body, headers=self.headers(**headers or {}), **more)

    def call(
        self,
        method: str,
        path: str,
        data: Any = b"",
        /,
        *,
        headers: dict[str, Any] | None = None,
        content_type: str = "application/json",
        **query: str,
    ) -> HttpResponse:
        """Any method on any resource; `path` is what follows /xapi/."""
        body = data if isinstance(data, str | bytes) else json.dumps(data)
        address = f"/xapi/{path}" + (f"?{urlencode(query)}" if query else "")
        return self.client.generic(
            method, address, body, content_type=content_type, headers=self.headers(**headers or {})
        )

    def put(self, statement_id: object, data: Any, headers: dict[str, Any] | None = None) -> HttpResponse:
        return self.client.put(
            f"/xapi/statements?statementId={statement_id}",
            json.dumps(data),
            content_type="application/json",
            headers=self.headers(**headers or {}),
        )


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """What this process remembers of credentials and activities is from another test's database."""
    activities._learned.clear()
    credentials._known.clear()


@pytest.fixture
def connect(now: datetime) -> Callable[..., XapiClient]:
    """Makes a credential with these scopes and a client that uses it."""

    def make(*, name: str = "Training system", scopes: list[str] = ALL_SCOPES, **more: Any) -> XapiClient:
        return XapiClient(*create_credential(name=name, scopes=scopes, at=now, **more))

    return make


@pytest.fixture
def lrs(db: None, connect: Callable[..., XapiClient]) -> XapiClient:
    """A client that may store and read everything."""
    return connect()
