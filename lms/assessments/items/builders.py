"""Making items from an author's words: gives options their ids and returns the fields of an item version.

All texts are HTML; `plain` turns a plain text into it. Results go to `services.add_item_version(..., **fields)`.
"""

import hashlib
import html
from base64 import b32encode
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypedDict

from lms.assessments.items.base import ItemInvalid


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
    stem: str, options: Sequence[tuple[str, Decimal, str]], *, general: str = "", is_multiple: bool = False
) -> ItemFields:
    """Single or multiple choice from (text, weight, feedback) per option; a weight of 1 is fully right."""
    made = _options(text for text, _, _ in options)
    ids = [option["id"] for option in made]
    return {
        "type": "choices" if is_multiple else "choice",
        "content": {"stem": stem, "options": made},
        "key": {
            "weights": {name: str(weight) for name, (_, weight, _) in zip(ids, options, strict=True)},
            "feedback": {name: remark for name, (_, _, remark) in zip(ids, options, strict=True) if remark},
            "general": general,
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
) -> ItemFields:
    """`answers` are (lowest, highest, weight, feedback), both ends included; the first that holds the number counts."""
    return {
        "type": "numeric",
        "content": {"stem": stem},
        "key": {
            "answers": [
                {"low": str(low), "high": str(high), "weight": str(weight), "feedback": remark}
                for low, high, weight, remark in answers
            ],
            "otherwise": otherwise,
            "general": general,
        },
    }


def short_answer(stem: str, answers: Sequence[tuple[str, Decimal, str]], *, general: str = "") -> ItemFields:
    r"""`answers` are (pattern in plain text, weight, feedback); `*` stands for anything, `\*` for an asterisk."""
    return {
        "type": "short_answer",
        "content": {"stem": stem},
        "key": {
            "answers": [
                {"pattern": pattern, "weight": str(weight), "feedback": remark} for pattern, weight, remark in answers
            ],
            "general": general,
        },
    }
