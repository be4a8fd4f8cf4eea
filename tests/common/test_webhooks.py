"""Signatures of messages between systems (Standard Webhooks 1.0.0)."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.common import webhooks

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
KEY, OTHER = b"k" * 32, b"o" * 32
BODY = b'{"type":"deal.moved"}'


def sent(keys: list[bytes] | None = None, **changes: str) -> dict[str, str]:
    return webhooks.headers(keys or [KEY], id_="msg_1", at=AT, body=BODY) | changes


def test_signature_is_the_one_of_the_specification() -> None:
    """Worked out by hand from its words: base64 of HMAC-SHA256 over id, timestamp and body, joined by full stops."""
    content = b"msg_1." + str(int(AT.timestamp())).encode() + b"." + BODY
    digest = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    assert sent() == {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(AT.timestamp())),
        "webhook-signature": f"v1,{digest}",
    }


def test_secret_is_shown_and_read() -> None:
    shown = webhooks.shown_secret(KEY)
    assert (shown[:6], webhooks.read_secret(shown)) == ("whsec_", KEY)
    with pytest.raises(ValueError, match="no secret"):
        webhooks.read_secret("whsec_%%%")


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_message_is_taken_within_five_minutes(seconds: int) -> None:
    found = webhooks.verify([KEY], sent=sent(), body=BODY, at=AT + timedelta(seconds=seconds))
    assert (found.id, found.sent_at) == ("msg_1", int(AT.timestamp()))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_message_of_another_time_is_refused(seconds: int) -> None:
    with pytest.raises(webhooks.BadSignature, match="five minutes"):
        webhooks.verify([KEY], sent=sent(), body=BODY, at=AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("keys", [[KEY, OTHER], [OTHER, KEY]])
def test_both_secrets_are_valid_during_a_change(keys: list[bytes]) -> None:
    """SSRF-05: of our messages the receiver's one fits, of theirs either."""
    assert webhooks.verify([KEY], sent=sent(keys), body=BODY, at=AT)
    assert webhooks.verify(keys, sent=sent(), body=BODY, at=AT)


@pytest.mark.parametrize(
    ("keys", "headers", "body"),
    [
        ([OTHER], sent(), BODY),
        ([], sent(), BODY),
        ([KEY], sent(), BODY + b" "),
        ([KEY], sent(**{"webhook-id": "msg_2"}), BODY),
        ([KEY], sent(**{"webhook-id": ""}), BODY),
        ([KEY], sent(**{"webhook-id": "a.b"}), BODY),
        ([KEY], sent(**{"webhook-timestamp": "now"}), BODY),
        ([KEY], sent(**{"webhook-timestamp": "١٢٣"}), BODY),
        ([KEY], sent(**{"webhook-signature": ""}), BODY),
        ([KEY], sent(**{"webhook-signature": "v1,ü"}), BODY),
        ([KEY], {}, BODY),
    ],
)
def test_anything_else_is_refused(keys: list[bytes], headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(webhooks.BadSignature):
        webhooks.verify(keys, sent=headers, body=body, at=AT)


@given(body=st.binary(max_size=50), noise=st.text(max_size=60))
def test_no_noise_is_a_signature(body: bytes, noise: str) -> None:
    with pytest.raises(webhooks.BadSignature):
        webhooks.verify([KEY], sent=sent(**{"webhook-signature": noise}), body=body, at=AT)
