"""What a statement says, in one number: equal for two statements exactly when the store takes them for the same."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

SET_BY_SERVER = frozenset({"id", "stored", "version", "authority"})
_encode = msgspec.json.Encoder(order="sorted").encode


def content_digest(statement: Mapping[str, Any]) -> str:
    """SHA-256 of all but the id and what the server sets: keys in order, context activities as lists."""
    return sha256(_encode(_comparable(normalised(content_of(statement))))).hexdigest()


def content_of(statement: Mapping[str, Any]) -> dict[str, Any]:
    """What the client says."""
    return {name: value for name, value in statement.items() if name not in SET_BY_SERVER}


_FINE_SECONDS = re.compile(r"[.,](\d\d)\d+S$", re.ASCII)


def _comparable(content: dict[str, Any]) -> dict[str, Any]:
    """Durations count to a hundredth of a second when statements are compared (2.0, 4.2.7; 1.0.3, Data 4.6)."""
    duration = content.get("result", {}).get("duration")
    if duration and (found := _FINE_SECONDS.search(duration)):
        content = {**content, "result": {**content["result"], "duration": f"{duration[: found.start()]}.{found[1]}S"}}
    return content


def normalised(content: dict[str, Any]) -> dict[str, Any]:
    """Context activities are always lists, here and in a sub-statement."""
    activities = content.get("context", {}).get("contextActivities")
    if activities:
        lists = {kind: value if isinstance(value, list) else [value] for kind, value in activities.items()}
        content = {**content, "context": {**content["context"], "contextActivities": lists}}
    if content["object"].get("objectType") == "SubStatement":
        content = {**content, "object": normalised(content["object"])}
    return content
