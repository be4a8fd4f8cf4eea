"""Single choice, multiple choice, true or false."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from lms.assessments.items.base import (
    ONE,
    ZERO,
    Answer,
    AnswerRefused,
    Content,
    Html,
    ItemType,
    Key,
    Option,
    known,
    require,
    require_options,
    require_weight,
)


class ChoiceContent(Content, frozen=True, kw_only=True):
    options: tuple[Option, ...]


class ChoiceKey(Key, frozen=True, kw_only=True):
    """`weights` has the share of the points of each option by id, from -1 to 1; `feedback` what is said about it."""

    weights: dict[str, Decimal]
    feedback: dict[str, Html] = {}


class Choice(ItemType[ChoiceContent, ChoiceKey]):
    """One of several. An option may earn a part of the points."""

    name, answer_type = "choice", "choice"
    content, key = ChoiceContent, ChoiceKey

    def check(self, content: ChoiceContent, key: ChoiceKey) -> None:
        require_options(content.options, 2)
        ids = {option.id for option in content.options}
        require(set(key.weights) == ids, "Every option needs its weight, and only options have one.")
        require(set(key.feedback) <= ids, "There is feedback on an option that does not exist.")
        for weight in key.weights.values():
            require_weight(weight)
        self.check_reachable(key)

    def check_reachable(self, key: ChoiceKey) -> None:
        require(ONE in key.weights.values(), "No option is right.")

    def parse(self, content: ChoiceContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        return None if raw is None or raw == "" else known(raw, ids, content.options)

    def fraction(self, key: ChoiceKey, answer: Any) -> Decimal:
        return key.weights.get(answer, ZERO)

    def feedback(self, key: ChoiceKey, answer: Any) -> list[str]:
        return [key.feedback.get(answer, "")]

    def options(self, content: ChoiceContent) -> Sequence[Option]:
        return content.options


class Choices(Choice):
    """Any number of several. Points are the weights chosen over the sum of the right ones, never below nought."""

    name, answer_type = "choices", "choices"

    def check_reachable(self, key: ChoiceKey) -> None:
        require(any(weight > 0 for weight in key.weights.values()), "No option is right.")

    def parse(self, content: ChoiceContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        if raw is None:
            return None
        if not isinstance(raw, list) or len(raw) > len(content.options):
            raise AnswerRefused("The answer is not a list of shown options. Nothing was saved.")
        chosen = {known(one, ids, content.options) for one in raw}
        if len(chosen) != len(raw):
            raise AnswerRefused("The answer names an option twice. Nothing was saved.")
        return sorted(chosen) or None

    def fraction(self, key: ChoiceKey, answer: Any) -> Decimal:
        earned = sum((key.weights.get(one, ZERO) for one in answer), ZERO)
        return earned / sum(weight for weight in key.weights.values() if weight > 0)

    def feedback(self, key: ChoiceKey, answer: Any) -> list[str]:
        return [key.feedback.get(one, "") for one in answer]


class TrueFalseKey(Key, frozen=True, kw_only=True):
    """`feedback` is by the answer given: "true" or "false"."""

    answer: bool
    feedback: dict[str, Html] = {}


class TrueFalse(ItemType[Content, TrueFalseKey]):
    name, answer_type = "true_false", "choice"
    content, key = Content, TrueFalseKey
    is_shuffled: ClassVar[bool] = False
    both = (Option(id="true", text="True"), Option(id="false", text="False"))

    def check(self, content: Content, key: TrueFalseKey) -> None:
        require(set(key.feedback) <= {"true", "false"}, "There is feedback on an answer that does not exist.")

    def parse(self, content: Content, raw: Any, ids: Mapping[str, str]) -> Answer:
        return None if raw is None or raw == "" else known(raw, ids, self.both)

    def fraction(self, key: TrueFalseKey, answer: Any) -> Decimal:
        return ONE if answer == ("true" if key.answer else "false") else ZERO

    def feedback(self, key: TrueFalseKey, answer: Any) -> list[str]:
        return [key.feedback.get(answer, "")]

    def options(self, content: Content) -> Sequence[Option]:
        return self.both
