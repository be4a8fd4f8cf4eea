"""Public numbers survive a command line and an address in running text."""

import re
import secrets

import pytest

from lms.common.ids import unguessable_id


def test_number_neither_begins_nor_ends_with_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["-lead", "trail_", "_both-", "a-good_1"])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _: next(drawn))
    assert unguessable_id() == "a-good_1"


def test_number_is_url_safe_and_long_enough() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", unguessable_id())
    assert len({unguessable_id() for _ in range(100)}) == 100
