"""An answer to one wording of an item, scored by the key of another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lms.assessments.items.base import Answer, Content, ItemInvalid, ItemType, Key

REWORDABLE = {"choice", "choices", "matching", "ordering"}


@dataclass(frozen=True, kw_only=True)
class Rekeyed:
    """A key that fits, and where one option was reworded the new id for the old."""

    key: Key
    renamed: Mapping[str, str]

    def translate(self, answer: Answer) -> Answer:
        """The answer in the ids of the key."""
        if isinstance(answer, str):
            return self.renamed.get(answer, answer)
        if isinstance(answer, list):
            return [self.renamed.get(one, one) for one in answer]
        if isinstance(answer, dict):
            return {self.renamed.get(name, name): self.renamed.get(one, one) for name, one in answer.items()}
        return answer


def rekey(kind: ItemType[Any, Any], content: Content, other: Content, key: Key) -> Rekeyed | None:
    """The other wording's key for answers to this one; None when it cannot be told what an answer means under it.

    Options keep their ids as long as they keep their words. One that was reworded is taken for the one option that has
    no counterpart; when more than one has none, the wordings ask different things.
    """
    try:
        kind.check(content, key)
    except ItemInvalid:
        renamed = _renamed(kind, content, other)
        return None if renamed is None else Rekeyed(key=key, renamed=renamed)
    return Rekeyed(key=key, renamed={})


def _renamed(kind: ItemType[Any, Any], content: Content, other: Content) -> dict[str, str] | None:
    if kind.name not in REWORDABLE:
        return None
    before, after = ([option.id for option in (*kind.options(one), *kind.prompts(one))] for one in (content, other))
    gone, new = [name for name in before if name not in after], [name for name in after if name not in before]
    return {gone[0]: new[0]} if len(gone) == len(new) == 1 and len(before) == len(after) else None
