"""Whether JSON is a statement, said a second time and in another way than the code: from the tables of the specification.

No regular expressions and no table of the validator's: a grammar of nested types, and small parsers by hand. What the two
disagree about, one of them has wrong.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

Is = Callable[[Any], bool]
HEX = set("0123456789abcdefABCDEF")
DIGITS = set("0123456789")
LETTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def string(value: Any) -> bool:
    return isinstance(value, str)


def boolean(value: Any) -> bool:
    return value is True or value is False


def number(value: Any) -> bool:
    return not boolean(value) and isinstance(value, int | float)


def list_of(one: Is, least: int = 0) -> Is:
    return lambda value: isinstance(value, list) and len(value) >= least and all(map(one, value))


def record(optional: dict[str, Is], /, **required: Is) -> Is:
    def is_record(value: Any) -> bool:
        known = {**optional, **required}
        return (
            isinstance(value, dict)
            and required.keys() <= value.keys() <= known.keys()
            and all(known[name](member) for name, member in value.items())
        )

    return is_record


def word(*words: str) -> Is:
    return lambda value: isinstance(value, str) and value in words


def hexadecimal(*lengths: int) -> Is:
    return lambda value: string(value) and len(value) in lengths and set(value) <= HEX


def uuid(value: Any) -> bool:
    return string(value) and [len(part) for part in value.split("-")] == [8, 4, 4, 4, 12] and set(value) <= HEX | {"-"}


def iri(value: Any) -> bool:
    """RFC 3987: a scheme, a colon and something; no white space and none of the characters that must be escaped."""
    if not string(value) or len(value) > 2000 or ":" not in value:
        return False
    scheme, rest = value.split(":", 1)
    is_scheme = scheme[:1] in LETTERS and set(scheme) <= LETTERS | DIGITS | set("+.-") and scheme != ""
    return is_scheme and rest != "" and not any(sign.isspace() or sign in '<>"{}|\\^`' or sign <= " " for sign in rest)


def mailto(value: Any) -> bool:
    if not string(value) or len(value) > 2000 or value[:7].lower() != "mailto:":
        return False
    parts = value[7:].split("@")
    return len(parts) == 2 and all(part and not any(s.isspace() or s in '<>"' for s in part) for part in parts)


def language(value: Any) -> bool:
    """RFC 5646: language, script, region, variants, extensions, private use; and one tag from before."""
    if not string(value) or len(value) > 100:
        return False
    parts = value.lower().split("-")
    if not all(part and set(part) <= LETTERS | DIGITS and len(part) <= 8 for part in parts):
        return False
    if parts[0] == "x" or value.lower() == "i-klingon":
        return len(parts) > 1
    kinds = "".join(map(_kind, parts))
    for step in (_primary, _script, _region, _variants, _others):
        kinds = step(kinds)
    return kinds == ""


def _kind(part: str) -> str:
    """One sign for each form a subtag may have: its length if it has letters alone, else a sign that stands for that."""
    if part == "x":
        return "x"
    if set(part) <= LETTERS:
        return str(len(part))
    if len(part) == 1:
        return "1"
    if set(part) <= DIGITS and len(part) == 3:
        return "d"
    if len(part) == 4 and part[0] in DIGITS:
        return "v"
    return "V" if len(part) >= 5 else "o"


def _primary(kinds: str) -> str:
    if kinds[:1] in {"4", "5", "6", "7", "8"}:
        return kinds[1:]
    if kinds[:1] not in {"2", "3"}:
        return "?"
    extended = 0
    while extended < 3 and kinds[1 + extended : 2 + extended] == "3":
        extended += 1
    return kinds[1 + extended :]


def _script(kinds: str) -> str:
    return kinds[1:] if kinds[:1] == "4" else kinds


def _region(kinds: str) -> str:
    return kinds[1:] if kinds[:1] in {"2", "d"} else kinds


def _variants(kinds: str) -> str:
    return kinds.lstrip("5678Vv")


def _others(kinds: str) -> str:
    """Extensions, each a single sign and at least one subtag of two; then private use, of anything."""
    while kinds[:1] == "1":
        rest = kinds[1:].lstrip("2345678dvVo")
        if rest == kinds[1:]:
            return "?"
        kinds = rest
    if kinds[:1] == "x":
        return "" if len(kinds) > 1 else "?"
    return kinds


def language_map(value: Any) -> bool:
    return isinstance(value, dict) and all(language(tag) and string(words) for tag, words in value.items())


def extensions(value: Any) -> bool:
    return isinstance(value, dict) and all(map(iri, value))


def timestamp(value: Any) -> bool:
    """RFC 3339 (and its ISO 8601 kin without seconds, zone or colon in it); a leap second; no offset of minus zero."""
    if not string(value) or not 16 <= len(value) <= 100 or value[10] not in "Tt":
        return False
    time, zone = value[11:], "Z"
    for mark in "Zz+-":
        if mark in time:
            time, zone = time[: time.index(mark)], time[time.index(mark) :]
            break
    return _day(value[:10]) and _time(time) and _zone(zone)


def _numbers(text: str, separator: str, *lengths: int) -> list[int]:
    """The numbers of a text of so many digits each; none when it is another."""
    parts = text.split(separator)
    fits = tuple(map(len, parts)) == lengths and all(set(part) <= DIGITS for part in parts)
    return list(map(int, parts)) if fits else []


def _day(text: str) -> bool:
    try:
        return bool(_numbers(text, "-", 4, 2, 2)) and bool(date(*_numbers(text, "-", 4, 2, 2)))
    except ValueError:
        return False


def _time(text: str) -> bool:
    whole, dot, fraction = text.partition(".")
    parts = _numbers(whole, ":", 2, 2, 2) or (not dot and _numbers(whole, ":", 2, 2))
    if not parts or (dot and not (fraction and set(fraction) <= DIGITS)):
        return False
    return all(part <= most for part, most in zip(parts, (23, 59, 60), strict=False))


def _zone(text: str) -> bool:
    if text in {"Z", "z"}:
        return True
    sign, offset = text[0], text[1:]
    parts = _numbers(offset, ":", 2, 2) or _numbers(f"{offset[:2]}:{offset[2:] or '00'}", ":", 2, 2)
    return bool(parts) and parts[0] <= 23 and parts[1] <= 59 and not (sign == "-" and parts == [0, 0])


def duration(value: Any) -> bool:
    """ISO 8601: P, then numbers with Y M D, T, numbers with H M S, in order; or weeks alone."""
    if not string(value) or len(value) > 200 or value[:1] != "P":
        return False
    days, mark, time = value[1:].partition("T")
    if mark and not time:
        return False
    if not mark and days[-1:] == "W":
        return _amount(days[:-1])
    return bool(days or time) and _units(days, "YMD") and _units(time, "HMS")


def _amount(text: str) -> bool:
    whole, dot, part = text.replace(",", ".").partition(".")
    return bool(whole) and set(whole + part) <= DIGITS and (not dot or bool(part))


def _units(text: str, units: str) -> bool:
    for unit in units:
        before, found, after = text.partition(unit)
        if found:
            if not _amount(before):
                return False
            text = after
    return not text


def media_type(value: Any) -> bool:
    if not string(value) or len(value) > 255 or "\r" in value or "\n" in value:
        return False
    name, _, _ = value.partition(";")
    token = LETTERS | DIGITS | set("_!#$&-^.+")
    parts = name.rstrip().split("/")
    return len(parts) == 2 and all(part and set(part) <= token for part in parts)


account = record({}, homePage=iri, name=string)
IDENTIFIERS = {"mbox": mailto, "mbox_sha1sum": hexadecimal(40), "openid": iri, "account": account}


def _identified(value: dict[str, Any]) -> int:
    return len(IDENTIFIERS.keys() & value.keys())


def agent(value: Any) -> bool:
    return record({**IDENTIFIERS, "name": string, "objectType": word("Agent")})(value) and _identified(value) == 1


def group(value: Any) -> bool:
    form = record({**IDENTIFIERS, "name": string, "member": list_of(agent)}, objectType=word("Group"))
    return form(value) and (_identified(value) == 1 or (_identified(value) == 0 and bool(value.get("member"))))


def party(value: Any) -> bool:
    return agent(value) or group(value)


def authority(value: Any) -> bool:
    return agent(value) or (group(value) and len(value.get("member", [])) == 2 and not _identified(value))


verb = record({"display": language_map}, id=iri)
component = record({"description": language_map}, id=string)
COMPONENTS = {
    "choice": ["choices"],
    "sequencing": ["choices"],
    "likert": ["scale"],
    "matching": ["source", "target"],
    "performance": ["steps"],
}
INTERACTIONS = [*COMPONENTS, "true-false", "fill-in", "long-fill-in", "numeric", "other"]


def components(value: Any) -> bool:
    return list_of(component)(value) and len({one["id"] for one in value}) == len(value)


def definition(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    kind = value.get("interactionType")
    parts = dict.fromkeys(COMPONENTS.get(kind, []) if isinstance(kind, str) else [], components)
    interaction = {"interactionType": word(*INTERACTIONS), "correctResponsesPattern": list_of(string), **parts}
    described = {
        "name": language_map,
        "description": language_map,
        "type": iri,
        "moreInfo": iri,
        "extensions": extensions,
    }
    return record({**described, **(interaction if "interactionType" in value else {})})(value)


activity = record({"objectType": word("Activity"), "definition": definition}, id=iri)
reference = record({}, objectType=word("StatementRef"), id=uuid)


def score(value: Any) -> bool:
    if not record(dict.fromkeys(("scaled", "raw", "min", "max"), number))(value):
        return False
    low, high, raw = (value.get(name) for name in ("min", "max", "raw"))
    in_order = [one for one in (low, raw, high) if one is not None]
    return (
        -1 <= value.get("scaled", 0) <= 1
        and in_order == sorted(in_order)
        and not (low is not None and high is not None and low >= high)
    )


result = record(
    {
        "score": score,
        "success": boolean,
        "completion": boolean,
        "response": string,
        "duration": duration,
        "extensions": extensions,
    }
)
attachment = record(
    {"description": language_map, "fileUrl": iri},
    usageType=iri,
    display=language_map,
    contentType=media_type,
    length=lambda value: number(value) and isinstance(value, int) and value >= 0,
    sha2=hexadecimal(56, 64, 96, 128),
)
activities = lambda value: activity(value) or list_of(activity)(value)  # noqa: E731
context_activities = record(dict.fromkeys(("parent", "grouping", "category", "other"), activities))


def context(version: int) -> Is:
    parts: dict[str, Is] = {
        "registration": uuid,
        "instructor": party,
        "team": group,
        "contextActivities": context_activities,
        "revision": string,
        "platform": string,
        "language": language,
        "statement": reference,
        "extensions": extensions,
    }
    if version == 2:
        types = {"relevantTypes": list_of(iri, least=1)}
        parts["contextAgents"] = list_of(record(types, objectType=word("contextAgent"), agent=agent))
        parts["contextGroups"] = list_of(record(types, objectType=word("contextGroup"), group=group))
    return record(parts)


def _said_of_activities(value: dict[str, Any]) -> bool:
    is_activity = value["object"].get("objectType", "Activity") == "Activity"
    return is_activity or not {"revision", "platform"} & value.get("context", {}).keys()


def _parts(version: int) -> dict[str, Is]:
    return {
        "result": result,
        "context": context(version),
        "timestamp": timestamp,
        "attachments": list_of(attachment),
    }


def sub_statement(version: int) -> Is:
    form = record(
        _parts(version),
        objectType=word("SubStatement"),
        actor=party,
        verb=verb,
        object=lambda value: activity(value) or party_with_type(value) or reference(value),
    )
    return lambda value: form(value) and _said_of_activities(value)


def party_with_type(value: Any) -> bool:
    """An agent as an object has to say that it is one: without a type it is an activity."""
    return isinstance(value, dict) and "objectType" in value and party(value)


def version_property(version: int) -> Is:
    def is_version(value: Any) -> bool:
        if not string(value):
            return False
        major, *rest = value.split(".")
        majors = {"1"} if version == 1 else {"1", "2"}
        is_patch = len(rest) == 1 or (len(rest) == 2 and rest[1] != "" and set(rest[1]) <= DIGITS)
        return major in majors and rest[:1] == ["0"] and is_patch

    return is_version


def is_statement(value: Any, version: int) -> bool:
    """Whether the value is a statement by the specification, 1 (1.0.3) or 2 (2.0)."""
    form = record(
        {
            **_parts(version),
            "id": uuid,
            "stored": timestamp,
            "authority": authority,
            "version": version_property(version),
        },
        actor=party,
        verb=verb,
        object=lambda one: activity(one) or party_with_type(one) or reference(one) or sub_statement(version)(one),
    )
    if not form(value) or not _said_of_activities(value):
        return False
    voids = value["verb"]["id"] == "http://adlnet.gov/expapi/verbs/voided"
    return not voids or value["object"].get("objectType") == "StatementRef"
