"""Checks of agents, activities, results and attachments."""

from typing import Any

from lms.xapi.agents import IDENTIFIERS
from lms.xapi.validation import values
from lms.xapi.validation.values import Check, array_of, constant, fail, members, pointer


def _account(value: Any, at: str) -> None:
    members(value, at, {"homePage": values.iri, "name": values.text}, required=("homePage", "name"))


_IDENTITY: dict[str, Check] = {
    "name": values.text,
    "mbox": values.mailto,
    "mbox_sha1sum": values.sha1,
    "openid": values.iri,
    "account": _account,
}
_AGENT = {**_IDENTITY, "objectType": constant("Agent")}


def agent(value: Any, at: str) -> None:
    """An agent: exactly one inverse functional identifier."""
    members(value, at, _AGENT)
    if sum(name in value for name in IDENTIFIERS) != 1:
        raise fail(at, f"needs exactly one of {', '.join(IDENTIFIERS)}.")


_GROUP = {**_IDENTITY, "objectType": constant("Group"), "member": array_of(agent)}


def group(value: Any, at: str) -> None:
    """A group: identified by at most one identifier; without one, by members."""
    members(value, at, _GROUP, required=("objectType",))
    identifiers = sum(name in value for name in IDENTIFIERS)
    if identifiers > 1:
        raise fail(at, f"has more than one of {', '.join(IDENTIFIERS)}.")
    if not identifiers and not value.get("member"):
        raise fail(at, "is a group without an identifier and needs members.")


def party(value: Any, at: str) -> None:
    """An agent or a group, by its objectType."""
    if isinstance(value, dict) and value.get("objectType") == "Group":
        group(value, at)
    else:
        agent(value, at)


def authority(value: Any, at: str) -> None:
    """An agent, or (3-legged OAuth) an anonymous group of two agents."""
    party(value, at)
    if value.get("objectType") == "Group" and (
        len(value.get("member", ())) != 2 or any(name in value for name in IDENTIFIERS)
    ):
        raise fail(at, "as a group must be anonymous and have exactly two members.")


def check_agent_query(value: Any) -> None:
    """The `agent` parameter of a query. Raises InvalidStatement."""
    if isinstance(value, dict) and value.get("objectType") == "Group" and not any(n in value for n in IDENTIFIERS):
        raise fail("agent", "is an anonymous group, which nothing can be asked for.")
    party(value, "agent")


def _component(value: Any, at: str) -> None:
    members(value, at, {"id": values.text, "description": values.language_map}, required=("id",))


def _components(value: Any, at: str) -> None:
    """Interaction components: their ids are distinct."""
    array_of(_component)(value, at)
    if len({component["id"] for component in value}) != len(value):
        raise fail(at, "names one id twice.")


LISTS_OF_INTERACTIONS = {
    "choice": {"choices"},
    "sequencing": {"choices"},
    "likert": {"scale"},
    "matching": {"source", "target"},
    "performance": {"steps"},
    "true-false": set(),
    "fill-in": set(),
    "long-fill-in": set(),
    "numeric": set(),
    "other": set(),
}
COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")
_DEFINITION: dict[str, Check] = {
    "name": values.language_map,
    "description": values.language_map,
    "type": values.iri,
    "moreInfo": values.iri,
    "extensions": values.extensions,
    "interactionType": constant(*LISTS_OF_INTERACTIONS),
    "correctResponsesPattern": array_of(values.text),
    **dict.fromkeys(COMPONENT_LISTS, _components),
}


def _definition(value: Any, at: str) -> None:
    members(value, at, _DEFINITION)
    lists = [name for name in COMPONENT_LISTS if name in value]
    if "interactionType" not in value:
        if lists or "correctResponsesPattern" in value:
            raise fail(at, "has parts of an interaction but no interactionType.")
        return
    for name in lists:
        if name not in LISTS_OF_INTERACTIONS[value["interactionType"]]:
            raise fail(pointer(at, name), f"does not belong to a {value['interactionType']} interaction.")


_ACTIVITY: dict[str, Check] = {"objectType": constant("Activity"), "id": values.iri, "definition": _definition}


def activity(value: Any, at: str) -> None:
    members(value, at, _ACTIVITY, required=("id",))


def activities(value: Any, at: str) -> None:
    """Context activities of one kind: an array, or (as 0.9 had it) a single activity."""
    if isinstance(value, dict):
        activity(value, at)
    else:
        array_of(activity)(value, at)


def statement_ref(value: Any, at: str) -> None:
    members(value, at, {"objectType": constant("StatementRef"), "id": values.uuid}, required=("objectType", "id"))


def verb(value: Any, at: str) -> None:
    members(value, at, {"id": values.iri, "display": values.language_map}, required=("id",))


def score(value: Any, at: str) -> None:
    """scaled from -1 to 1, and min <= raw <= max."""
    members(value, at, dict.fromkeys(("scaled", "raw", "min", "max"), values.number))
    if "scaled" in value and not -1 <= value["scaled"] <= 1:
        raise fail(pointer(at, "scaled"), "is not between -1 and 1.")
    low, high = value.get("min"), value.get("max")
    if low is not None and high is not None and low >= high:
        raise fail(pointer(at, "min"), "is not below max.")
    if "raw" in value and ((low is not None and value["raw"] < low) or (high is not None and value["raw"] > high)):
        raise fail(pointer(at, "raw"), "is not between min and max.")


_RESULT: dict[str, Check] = {
    "score": score,
    "success": values.boolean,
    "completion": values.boolean,
    "response": values.text,
    "duration": values.duration,
    "extensions": values.extensions,
}


def result(value: Any, at: str) -> None:
    members(value, at, _RESULT)


_ATTACHMENT: dict[str, Check] = {
    "usageType": values.iri,
    "display": values.language_map,
    "description": values.language_map,
    "contentType": values.media_type,
    "length": values.count,
    "sha2": values.sha2,
    "fileUrl": values.iri,
}


def attachment(value: Any, at: str) -> None:
    """An attachment's description. Whether its data is there is checked with the request that brings it."""
    members(value, at, _ATTACHMENT, required=("usageType", "display", "contentType", "length", "sha2"))
