"""Matching: an option is chosen for each prompt."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from lms.assessments.items.base import (
    Answer,
    AnswerRefused,
    Content,
    ItemType,
    Key,
    Option,
    known,
    require,
    require_options,
    share_of,
)


class MatchingContent(Content, frozen=True, kw_only=True):
    """Options may be more than prompts (distractors), and one may be right for several prompts."""

    prompts: tuple[Option, ...]
    options: tuple[Option, ...]


class MatchingKey(Key, frozen=True, kw_only=True):
    """`pairs` leads from each prompt's id to the id of its option. With `all`, only everything right earns points."""

    pairs: dict[str, str]
    scoring: Literal["each", "all"] = "each"


class Matching(ItemType[MatchingContent, MatchingKey]):
    """Each prompt earns an equal share of the points."""

    name, answer_type = "matching", "map"
    content, key = MatchingContent, MatchingKey

    def check(self, content: MatchingContent, key: MatchingKey) -> None:
        require_options(content.prompts, 2)
        require_options(content.options, 2)
        prompts, options = ({one.id for one in group} for group in (content.prompts, content.options))
        require(not prompts & options, "A prompt and an option have the same id.")
        require(set(key.pairs) == prompts, "Every prompt needs its option.")
        require(set(key.pairs.values()) <= options, "A prompt is matched with an option that does not exist.")

    def parse(self, content: MatchingContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        if raw is None:
            return None
        if not isinstance(raw, dict) or len(raw) > len(content.prompts):
            raise AnswerRefused("The answer does not fit the prompts shown. Nothing was saved.")
        answer = {
            known(prompt, ids, content.prompts): known(option, ids, content.options) if option != "" else ""
            for prompt, option in raw.items()
        }
        return {prompt: option for prompt, option in answer.items() if option} or None

    def fraction(self, key: MatchingKey, answer: Any) -> Decimal:
        right = sum(answer.get(prompt) == option for prompt, option in key.pairs.items())
        return share_of(right, len(key.pairs), key.scoring)

    def options(self, content: MatchingContent) -> Sequence[Option]:
        return content.options

    def prompts(self, content: MatchingContent) -> Sequence[Option]:
        return content.prompts
