"""What a statement says, in one number: equal for two statements exactly when the store takes them for the same."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

SET_BY_SERVER = frozenset({"id", "stored", "version", "authority"})
_encode = msgspec.json.Encoder(order="sorted").encode
_FINE_SECONDS = re.compile(r"[.,](\d\d)\d+S$", re.ASCII)
Json = Mapping[str, Any]


def content_digest(statement: Json) -> str:
    """SHA-256 of all but the id and what the server sets: keys in order, context activities as lists."""
    return sha256(canonical_text(statement)[0]).hexdigest()


def canonical_text(statement: Json) -> tuple[bytes, Json]:
    """The text that the digest is of, and the members that it leaves out."""
    content = dict(normalised(statement))
    others = {name: content.pop(name) for name in SET_BY_SERVER if name in content}
    return _encode(_comparable(content)), others


def _comparable(content: Json) -> Json:
    """Durations count to a hundredth of a second when statements are compared (2.0, 4.2.7; 1.0.3, Data 4.6)."""
    duration = content.get("result", {}).get("duration")
    if duration and (found := _FINE_SECONDS.search(duration)):
        return {**content, "result": {**content["result"], "duration": f"{duration[: found.start()]}.{found[1]}S"}}
    return content


def normalised(content: Json) -> Json:
    """Context activities are always lists, here and in a sub-statement. The same object when they are so already."""
    activities = content.get("context", {}).get("contextActivities", {})
    if any(isinstance(value, dict) for value in activities.values()):
        lists = {kind: [value] if isinstance(value, dict) else value for kind, value in activities.items()}
        content = {**content, "context": {**content["context"], "contextActivities": lists}}
    target = content["object"]
    if target.get("objectType") == "SubStatement" and (inner := normalised(target)) is not target:
        content = {**content, "object": inner}
    return content
