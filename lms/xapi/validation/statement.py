"""Checks of whole statements, sub-statements and batches."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lms.xapi import vocabulary
from lms.xapi.validation import parts, values
from lms.xapi.validation.values import Check, array_of, constant, fail, members, pointer


class Version(StrEnum):
    """The versions spoken, by the header that answers them."""

    V1 = "1.0.3"
    V2 = "2.0.0"


def _context_activities(value: Any, at: str) -> None:
    members(value, at, dict.fromkeys(("parent", "grouping", "category", "other"), parts.activities))


def _related(name: str, check: Check) -> Check:
    """An entry of contextAgents or contextGroups."""
    checks = {
        "objectType": constant(f"context{name.capitalize()}"),
        name: check,
        "relevantTypes": array_of(values.iri, least=1),
    }

    def check_entry(value: Any, at: str) -> None:
        members(value, at, checks, required=("objectType", name))

    return check_entry


_CONTEXT_V1: dict[str, Check] = {
    "registration": values.uuid,
    "instructor": parts.party,
    "team": parts.group,
    "contextActivities": _context_activities,
    "revision": values.text,
    "platform": values.text,
    "language": values.language,
    "statement": parts.statement_ref,
    "extensions": values.extensions,
}
_CONTEXT: dict[Version, Mapping[str, Check]] = {
    Version.V1: _CONTEXT_V1,
    Version.V2: _CONTEXT_V1
    | {
        "contextAgents": array_of(_related("agent", parts.agent)),
        "contextGroups": array_of(_related("group", parts.group)),
    },
}
VERSION_FORMS = {
    Version.V1: re.compile(r"1\.0(\.\d+)?", re.ASCII),
    Version.V2: re.compile(r"(1|2)\.0(\.\d+)?", re.ASCII),
}
_REQUIRED = ("actor", "verb", "object")


class _Checker:
    """The checks of one version, put together once."""

    def __init__(self, version: Version) -> None:
        self.version_pattern = VERSION_FORMS[version]
        self.context_checks = _CONTEXT[version]
        shared: dict[str, Check] = {
            "actor": parts.party,
            "verb": parts.verb,
            "object": self.object,
            "result": parts.result,
            "context": self.context,
            "timestamp": values.timestamp,
            "attachments": array_of(parts.attachment),
        }
        self.sub_statement_checks = {**shared, "objectType": constant("SubStatement"), "object": self.inner_object}
        self.statement_checks = {
            **shared,
            "id": values.uuid,
            "stored": values.timestamp,
            "authority": parts.authority,
            "version": self.version,
        }

    def statement(self, value: Any, at: str) -> None:
        members(value, at, self.statement_checks, required=_REQUIRED)
        self.context_fits_object(value, at)
        if value["verb"]["id"] == vocabulary.VOIDED and value["object"].get("objectType") != "StatementRef":
            raise fail(pointer(at, "object"), "of a voiding statement must be a StatementRef.")

    def sub_statement(self, value: Any, at: str) -> None:
        members(value, at, self.sub_statement_checks, required=_REQUIRED)
        self.context_fits_object(value, at)

    def object(self, value: Any, at: str) -> None:
        if isinstance(value, dict) and value.get("objectType") == "SubStatement":
            self.sub_statement(value, at)
        else:
            self.inner_object(value, at)

    def inner_object(self, value: Any, at: str) -> None:
        """Anything that an object may be but a sub-statement, which cannot hold another."""
        kind = value.get("objectType", "Activity") if isinstance(value, dict) else "Activity"
        match kind:
            case "Activity":
                parts.activity(value, at)
            case "Agent" | "Group":
                parts.party(value, at)
            case "StatementRef":
                parts.statement_ref(value, at)
            case _:
                raise fail(pointer(at, "objectType"), "is not a kind of object allowed here.")

    def context(self, value: Any, at: str) -> None:
        members(value, at, self.context_checks)

    def context_fits_object(self, value: dict[str, Any], at: str) -> None:
        """revision and platform are said of activities only."""
        if value["object"].get("objectType", "Activity") != "Activity":
            for name in ("revision", "platform"):
                if name in value.get("context", ()):
                    raise fail(f"{at}/context/{name}", "is allowed only when the object is an activity.")

    def version(self, value: Any, at: str) -> None:
        if not isinstance(value, str) or not self.version_pattern.fullmatch(value):
            raise fail(at, "is not a version that this request's version header allows.")


_CHECKERS = {version: _Checker(version) for version in Version}


def check_statement(value: Any, version: Version, at: str = "") -> None:
    """Raises InvalidStatement, with the JSON pointer of what is wrong, unless `value` is a valid statement."""
    _CHECKERS[version].statement(value, at)


def check_batch(value: Any, version: Version) -> None:
    """Raises InvalidStatement unless `value` is a list of valid statements no two of which have one id."""
    seen: set[str] = set()
    for number, statement in enumerate(value):
        check_statement(statement, version, f"/{number}")
        statement_id = statement.get("id", "").lower()
        if statement_id and statement_id in seen:
            raise fail(f"/{number}/id", "stands twice in this batch.")
        seen.add(statement_id)
