"""The options of an item in plain words, and which of them are right: for its authors' eyes only."""

import html
import re
from typing import Any

from lms.assessments.items.base import Content, ItemType, Key
from lms.assessments.items.choice import ChoiceKey, TrueFalseKey

_TAG = re.compile(r"<[^>]*>")
LONGEST = 60


def in_words(text: str) -> str:
    """HTML as one short line."""
    words = " ".join(html.unescape(_TAG.sub(" ", text)).split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def option_names(kind: ItemType[Any, Any], content: Content) -> dict[str, str]:
    """Words by option id; empty for types whose answers are typed or put together."""
    if kind.name == "true_false":
        return {"true": "True", "false": "False"}
    if kind.name in {"hotspot", "hotspots"}:
        regions = content.regions  # type: ignore[attr-defined]
        return {region.id: region.label or f"Region {number}" for number, region in enumerate(regions, start=1)}
    if kind.name in {"choice", "choices"}:
        return {option.id: in_words(option.text) for option in kind.options(content)}
    return {}


def right_options(key: Key) -> set[str]:
    """The ids of the options that earn points."""
    match key:
        case ChoiceKey():
            return {name for name, weight in key.weights.items() if weight > 0}
        case TrueFalseKey():
            return {"true" if key.answer else "false"}
        case _:
            return set()


def best_option(key: Key) -> str:
    """The id of the option that earns most; empty for types without options."""
    if isinstance(key, ChoiceKey):
        return max(key.weights, key=lambda name: key.weights[name])
    return next(iter(right_options(key)), "")
