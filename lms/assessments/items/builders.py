"""Making items from an author's words: gives options their ids and returns the fields of an item version.

All texts are HTML; `plain` turns a plain text into it. Results go to `services.add_item_version(..., **fields)`.
"""

import hashlib
import html
from base64 import b32encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict

from lms.assessments.items.base import ONE, ZERO, ItemInvalid
from lms.assessments.items.written import KINDS, RubricKey, criteria_of


class ItemFields(TypedDict):
    """What distinguishes one wording of an item from another."""

    type: str
    content: dict[str, Any]
    key: dict[str, Any]


def plain(text: str) -> str:
    """A plain text as HTML: escaped, its line breaks kept."""
    return "<br>".join(html.escape(line.strip(), quote=False) for line in text.strip().splitlines())


def option_id(text: str, kind: str = "option") -> str:
    """An id that depends on the option's words alone: it tells nothing of key or order and survives a new version."""
    return b32encode(hashlib.sha256(f"{kind}\n{text}".encode()).digest())[:8].decode().lower()


def _options(texts: Iterable[str], kind: str = "option") -> list[dict[str, str]]:
    options = [{"id": option_id(text, kind), "text": text} for text in texts]
    if len({option["id"] for option in options}) != len(options):
        raise ItemInvalid("Two options have the same text.")
    return options


def choice(
    stem: str,
    options: Sequence[tuple[str, Decimal, str]],
    *,
    general: str = "",
    is_multiple: bool = False,
    pinned: Collection[int] = (),
    scoring: str = "weights",
    limit: int = 0,
) -> ItemFields:
    """Single or multiple choice from (text, weight, feedback) per option; a weight of 1 is fully right.

    `pinned` are the places (from 0) of options that are never shuffled. `scoring` and `limit` are for multiple choice.
    """
    made: list[dict[str, Any]] = [*_options(text for text, _, _ in options)]
    for place in pinned:
        made[place]["is_pinned"] = True
    ids = [option["id"] for option in made]
    return {
        "type": "choices" if is_multiple else "choice",
        "content": {"stem": stem, "options": made, **({"limit": limit} if is_multiple else {})},
        "key": {
            "weights": {name: str(weight) for name, (_, weight, _) in zip(ids, options, strict=True)},
            "feedback": {name: remark for name, (_, _, remark) in zip(ids, options, strict=True) if remark},
            "general": general,
            **({"scoring": scoring} if is_multiple else {}),
        },
    }


def true_false(stem: str, answer: bool, *, feedback: Mapping[str, str] | None = None, general: str = "") -> ItemFields:
    """`feedback` by the answer given: "true" or "false"."""
    remarks = {name: text for name, text in (feedback or {}).items() if text}
    return {
        "type": "true_false",
        "content": {"stem": stem},
        "key": {"answer": answer, "feedback": remarks, "general": general},
    }


def matching(
    stem: str, pairs: Sequence[tuple[str, str]], *, distractors: Sequence[str] = (), general: str = ""
) -> ItemFields:
    """Pairs of prompt and option. An option may stand in several pairs; it is shown once."""
    prompts = _options((prompt for prompt, _ in pairs), "prompt")
    texts = dict.fromkeys([*(option for _, option in pairs), *distractors])
    options = sorted(_options(texts), key=lambda option: option["id"])
    return {
        "type": "matching",
        "content": {"stem": stem, "prompts": prompts, "options": options},
        "key": {
            "pairs": {made["id"]: option_id(option) for made, (_, option) in zip(prompts, pairs, strict=True)},
            "general": general,
        },
    }


def ordering(stem: str, sequence: Sequence[str], *, general: str = "") -> ItemFields:
    """`sequence` has the texts in the right order; the content keeps them in another."""
    options = _options(sequence)
    return {
        "type": "ordering",
        "content": {"stem": stem, "options": sorted(options, key=lambda option: option["id"])},
        "key": {"sequence": [option["id"] for option in options], "general": general},
    }


def numeric(
    stem: str,
    answers: Sequence[tuple[Decimal, Decimal, Decimal, str]],
    *,
    otherwise: str = "",
    general: str = "",
    units: Sequence[tuple[str, Decimal]] = (),
    unit_penalty: Decimal = ZERO,
) -> ItemFields:
    """`answers` are (lowest, highest, weight, feedback), both ends included; the first that holds the number counts.

    `units` are (name, how many make one of the unit that the answers are in).
    """
    multipliers = {name: str(multiplier) for name, multiplier in units}
    return {
        "type": "numeric",
        "content": {"stem": stem, "units": [{"name": name, "multiplier": m} for name, m in multipliers.items()]},
        "key": {
            "answers": [number(*answer) for answer in answers],
            "otherwise": otherwise,
            "general": general,
            "unit_penalty": str(unit_penalty),
            "multipliers": multipliers,
        },
    }


def number(low: Decimal, high: Decimal, weight: Decimal, remark: str = "") -> dict[str, str]:
    """One interval of a numeric item or gap."""
    return {"low": str(low), "high": str(high), "weight": str(weight), "feedback": remark}


def pattern(text: str, weight: Decimal, remark: str = "", *, is_regex: bool = False) -> dict[str, Any]:
    """One answer of a short answer item or gap."""
    return {"pattern": text, "weight": str(weight), "feedback": remark, "is_regex": is_regex}


def short_answer(
    stem: str,
    answers: Sequence[tuple[str, Decimal, str]],
    *,
    general: str = "",
    is_case_sensitive: bool = False,
    is_regex: bool = False,
) -> ItemFields:
    r"""`answers` are (pattern in plain text, weight, feedback); `*` stands for anything, `\*` for an asterisk."""
    return {
        "type": "short_answer",
        "content": {"stem": stem},
        "key": {
            "answers": [pattern(text, weight, remark, is_regex=is_regex) for text, weight, remark in answers],
            "general": general,
            "is_case_sensitive": is_case_sensitive,
        },
    }


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One gap of a text: `options` for a choice gap (text, weight, feedback); of a pool gap the weights by words."""

    kind: str
    texts: Sequence[dict[str, Any]] = ()
    numbers: Sequence[dict[str, str]] = ()
    options: Sequence[tuple[str, Decimal, str]] = ()
    share: Decimal = ONE
    otherwise: str = ""
    is_case_sensitive: bool = False


def cloze(stem: str, gaps: Sequence[Gap], *, pool: Sequence[str] = (), general: str = "") -> ItemFields:
    """A text with gaps: `[[g1]]`, `[[g2]]` and so on in the stem are their places, in the order of `gaps`."""
    content_gaps, keys = [], {}
    for number_, gap in enumerate(gaps, start=1):
        own = [] if gap.kind == "pool" else _options(text for text, _, _ in gap.options)
        content_gaps.append({"id": f"g{number_}", "kind": gap.kind, "options": own})
        keys[f"g{number_}"] = {
            "share": str(gap.share),
            "texts": list(gap.texts),
            "numbers": list(gap.numbers),
            "weights": {option_id(text): str(weight) for text, weight, _ in gap.options},
            "feedback": {option_id(text): remark for text, _, remark in gap.options if remark},
            "otherwise": gap.otherwise,
            "is_case_sensitive": gap.is_case_sensitive,
        }
    return {
        "type": "cloze",
        "content": {"stem": stem, "gaps": content_gaps, "pool": _options(pool)},
        "key": {"gaps": keys, "general": general},
    }


def hotspot(
    stem: str,
    image: Mapping[str, Any],
    regions: Sequence[tuple[str, Sequence[int], str, Decimal, str]],
    *,
    general: str = "",
    is_multiple: bool = False,
    scoring: str = "weights",
    limit: int = 0,
) -> ItemFields:
    """An image with regions (shape, coordinates, label, weight, feedback). Ids tell a region's place in the image."""
    made = [
        {"id": option_id(f"{shape} {list(coords)}", "region"), "shape": shape, "coords": list(coords), "label": label}
        for shape, coords, label, _, _ in regions
    ]
    ids = [str(region["id"]) for region in made]
    return {
        "type": "hotspots" if is_multiple else "hotspot",
        "content": {
            "stem": stem,
            "image": dict(image),
            "regions": made,
            **({"limit": limit} if is_multiple else {}),
        },
        "key": {
            "weights": {name: str(region[3]) for name, region in zip(ids, regions, strict=True)},
            "feedback": {name: region[4] for name, region in zip(ids, regions, strict=True) if region[4]},
            "general": general,
            **({"scoring": scoring} if is_multiple else {}),
        },
    }


MEGABYTES = 10
# For essays that come without a rubric: the answer is marked as a whole.
_WHOLE = {4: "Complete and right", 3: "Small gaps", 2: "Half of it", 1: "A beginning", 0: "Nothing of it"}
AS_A_WHOLE: tuple[tuple[str, Sequence[tuple[Decimal, str]]], ...] = (
    ("The answer as a whole", tuple((Decimal(points), words) for points, words in _WHOLE.items())),
)


def is_as_a_whole(key: RubricKey) -> bool:
    """Whether a rubric is the one of essays that came without any."""
    told = [(one.text, [(level.points, level.text) for level in one.levels]) for one in key.criteria]
    return told == [(text, list(levels)) for text, levels in AS_A_WHOLE]


def essay(
    stem: str,
    criteria: Sequence[tuple[str, Sequence[tuple[Decimal, str]]]] = AS_A_WHOLE,
    *,
    notes: str = "",
    general: str = "",
    worth: Decimal = ONE,
    words: tuple[int, int] = (0, 0),
    lines: int = 15,
) -> ItemFields:
    """`criteria` are (words, levels of (points, words)); `notes` are for those who mark; `words` at least and most."""
    content = {"stem": stem, "worth": str(worth), "words_min": words[0], "words_max": words[1], "lines": lines}
    return {"type": "essay", "content": content, "key": _rubric(criteria, notes, general)}


def upload(
    stem: str,
    criteria: Sequence[tuple[str, Sequence[tuple[Decimal, str]]]] = AS_A_WHOLE,
    *,
    notes: str = "",
    general: str = "",
    worth: Decimal = ONE,
    kinds: Sequence[str] = ("pdf",),
    megabytes: int = MEGABYTES,
) -> ItemFields:
    """A question that is answered by a file of one of these kinds, at most so large."""
    in_order = sorted(kinds, key=lambda kind: [*KINDS, kind].index(kind))
    content = {"stem": stem, "worth": str(worth), "kinds": in_order, "megabytes": megabytes}
    return {"type": "upload", "content": content, "key": _rubric(criteria, notes, general)}


def _rubric(criteria: Sequence[tuple[str, Sequence[tuple[Decimal, str]]]], notes: str, general: str) -> dict[str, Any]:
    named = [(option_id(text, "criterion"), text, levels) for text, levels in criteria]
    return {"criteria": criteria_of(named), "notes": notes, "general": general}
