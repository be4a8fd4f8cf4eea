"""Another store to speak to, and a target and a source that are it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from lms.xapi.models import ForwardingTarget, PullSource
from lms.xapi.services import add_source, add_target
from tests.xapi.exchange.peer import Peer, running_peer


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.OUTGOING_PRIVATE_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def peer() -> Iterator[Peer]:
    with running_peer() as running:
        yield running


@pytest.fixture
def make_target(peer: Peer, now: datetime) -> Callable[..., ForwardingTarget]:
    def make(**more: Any) -> ForwardingTarget:
        return add_target(
            **{"name": "Warehouse", "address": peer.url, "key": "k", "secret": "s3cret", "at": now} | more
        )

    return make


@pytest.fixture
def make_source(peer: Peer, now: datetime) -> Callable[..., PullSource]:
    def make(**more: Any) -> PullSource:
        return add_source(
            **{"name": "Old store", "address": peer.url, "key": "k", "secret": "s3cret", "at": now} | more
        )

    return make
