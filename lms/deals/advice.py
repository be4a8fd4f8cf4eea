"""What is wrong with the shape of a document of rules, in words that say what to do. Reads the messages of msgspec."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from lms.common.documents import Path

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_KINDS = {
    "object": "names with values",
    "array": "a list",
    "int": "a whole number",
    "decimal": "a number with a point",
    "str": "text",
    "bool": "yes or no",
    "null": "nothing",
}


def of_shape(message: str, *, names: Collection[str], words: Mapping[str, Collection[str]]) -> tuple[Path, str]:
    """Where it is, and the sentence. `names` are all that fields can have; `words` the closed lists by field."""
    what, _, place = message.partition(" - at `$")
    path: Path = tuple(int(number) if number else name for name, number in _STEP.findall(place))
    field = next((step for step in reversed(path) if isinstance(step, str)), "")
    if found := re.match(r"Object missing required field `(.+)`", what):
        return path, f"“{found[1]}” is missing. Add it."
    if found := re.match(r"Object contains unknown field `(.+)`", what):
        return (*path, found[1]), _unknown(found[1], names)
    if found := re.match(r"Invalid enum value (.+)", what):
        return path, f"{found[1]} is none of the words that may stand here: {', '.join(words.get(field, ()))}."
    return path, _value(what)


def _unknown(name: str, names: Collection[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"“{name}” is no field here. " + (f"Did you mean “{near[0]}”?" if near else "Take it away.")


# In the order in which they are tried; {1} and {2} are the groups of the pattern.
_VALUES = (
    (r"Expected `str`, got `(?:int|float|decimal)`", "This is text. Put it into quotation marks."),
    (r"Expected `(?:str|array)` of length >= 1", "This may not be empty. Fill it in."),
    (r"Expected `str` of length <= (\d+)", "This is too long. Write at most {1} characters."),
    (r"Expected `array` of length <= (\d+)", "This is too long. At most {1} may stand here."),
    (r"Expected `int` >= (\d+)", "This is too small. Write {1} or more."),
    (r"Expected `int` <= (\d+)", "This is too large. Write {1} or less."),
    (r"Expected `str` matching regex .*d\{1,2\}", "Write a number like “3.1”, in quotation marks."),
    (r"Expected `str` matching regex", "Write a short name of small letters, digits and hyphens."),
    (r"Invalid decimal string", "This is no amount. Write one like “5000”."),
    (r"Expected `(\w+).*`, got `(\w+)`", "Here stands {2}, but {1} is wanted."),
)


def _value(what: str) -> str:
    for pattern, words in _VALUES:
        if found := re.match(pattern, what):
            return words.format("", *(_KINDS.get(group, group) for group in found.groups()))
    return f"{what}."
