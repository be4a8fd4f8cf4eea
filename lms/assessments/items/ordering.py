"""Ordering: all options are put in their order."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from lms.assessments.items.base import (
    Answer,
    AnswerRefused,
    ItemType,
    Key,
    Option,
    known,
    require,
    require_options,
    share_of,
)
from lms.assessments.items.choice import ChoiceContent


class OrderingKey(Key, frozen=True, kw_only=True):
    """`sequence` has all option ids in the right order. With `all`, only everything right earns points."""

    sequence: tuple[str, ...]
    scoring: Literal["each", "all"] = "each"


class Ordering(ItemType[ChoiceContent, OrderingKey]):
    """Each option that stands in its own place earns an equal share of the points."""

    name, answer_type = "ordering", "sequence"
    content, key = ChoiceContent, OrderingKey

    def check(self, content: ChoiceContent, key: OrderingKey) -> None:
        require_options(content.options, 2)
        require(
            sorted(key.sequence) == sorted(option.id for option in content.options),
            "The right order names every option once.",
        )

    def parse(self, content: ChoiceContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        if raw is None or raw == []:
            return None
        if not isinstance(raw, list) or len(raw) != len(content.options):
            raise AnswerRefused("Give every line its place, each place once. Nothing was saved.")
        answer = [known(one, ids, content.options) for one in raw]
        if len(set(answer)) != len(answer):
            raise AnswerRefused("Give every line its place, each place once. Nothing was saved.")
        return answer

    def fraction(self, key: OrderingKey, answer: Any) -> Decimal:
        right = sum(given == wanted for given, wanted in zip(answer, key.sequence, strict=False))
        return share_of(right, len(key.sequence), key.scoring)

    def options(self, content: ChoiceContent) -> Sequence[Option]:
        return content.options
