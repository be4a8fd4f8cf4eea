"""How a stored statement is shown: exactly, with ids only, or in one language."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_IDENTITY = ("objectType", "mbox", "mbox_sha1sum", "openid", "account")
_LANGUAGE_MAPS = {"display", "name", "description"}


def shown(
    bodies: Sequence[str],
    format: str,  # noqa: A002
    languages: Sequence[str],
    definitions: Callable[[set[str]], Mapping[str, Any]],
) -> list[str]:
    """The JSON of statements in one of the formats of the specification; `languages` in order of preference.

    `definitions` answers what is known of activities, by id: the canonical format shows that.
    """
    match format:
        case "ids":
            return [_dumps(_ids(json.loads(body))) for body in bodies]
        case "canonical":
            statements = [json.loads(body) for body in bodies]
            wanted = {activity["id"] for statement in statements for activity in _activities(statement)}
            known = definitions(wanted)
            for activity in (activity for statement in statements for activity in _activities(statement)):
                if activity["id"] in known:
                    activity["definition"] = known[activity["id"]]
            return [_dumps(_walk(statement, lambda maps: _one_language(maps, languages))) for statement in statements]
        case _:
            return list(bodies)


def _activities(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The activities of a statement as stored, and of its sub-statement."""
    target = statement["object"]
    match target.get("objectType", "Activity"):
        case "Activity":
            yield target
        case "SubStatement":
            yield from _activities(target)
    for activities in statement.get("context", {}).get("contextActivities", {}).values():
        yield from activities


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _party_ids(party: Mapping[str, Any]) -> dict[str, Any]:
    """An agent or identified group by its identifier; an anonymous group by its members."""
    short = {name: party[name] for name in _IDENTITY if name in party}
    if party.get("objectType") == "Group" and not set(short) - {"objectType"}:
        short["member"] = [_party_ids(member) for member in party.get("member", ())]
    return short


def _object_ids(target: Mapping[str, Any]) -> dict[str, Any]:
    match target.get("objectType", "Activity"):
        case "Activity":
            return {"id": target["id"]}
        case "Agent" | "Group":
            return _party_ids(target)
        case "SubStatement":
            return _ids(target)
        case _:
            return dict(target)


def _ids(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Agents, activities, groups and verbs by what identifies them, nothing more."""
    short = dict(statement)
    short["actor"] = _party_ids(statement["actor"])
    short["verb"] = {"id": statement["verb"]["id"]}
    short["object"] = _object_ids(statement["object"])
    if "authority" in statement:
        short["authority"] = _party_ids(statement["authority"])
    if "context" in statement:
        context = dict(statement["context"])
        context.update({name: _party_ids(context[name]) for name in ("instructor", "team") if name in context})
        if "contextActivities" in context:
            context["contextActivities"] = {
                kind: [_object_ids(activity) for activity in activities]
                for kind, activities in context["contextActivities"].items()
            }
        short["context"] = context
    return short


def _walk(value: Any, change: Callable[[dict[str, str]], dict[str, str]]) -> Any:
    """Applies `change` to every language map outside extensions."""
    if isinstance(value, list):
        return [_walk(member, change) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: member
        if name == "extensions"
        else change(member)
        if name in _LANGUAGE_MAPS and isinstance(member, dict)
        else _walk(member, change)
        for name, member in value.items()
    }


def _one_language(words: dict[str, str], languages: Sequence[str]) -> dict[str, str]:
    """The best match for the languages asked for, by tag and then by its first part; else the first there is."""
    by_tag = {tag.lower(): tag for tag in reversed(words)}
    by_part = {tag.lower().partition("-")[0]: tag for tag in reversed(words)}
    for language in languages:
        tag = by_tag.get(language.lower()) or by_part.get(language.lower().partition("-")[0])
        if tag is not None:
            return {tag: words[tag]}
    return dict(list(words.items())[:1])
