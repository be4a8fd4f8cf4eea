"""Single choice, multiple choice, true or false."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from lms.assessments.items.base import (
    MAX_OPTIONS,
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


def require_weights(options: Sequence[Option], key: ChoiceKey) -> None:
    """Raises ItemInvalid unless each option has a weight, and only options have weights and feedback."""
    ids = {option.id for option in options}
    require(set(key.weights) == ids, "Every option needs its weight, and only options have one.")
    require(set(key.feedback) <= ids, "There is feedback on an option that does not exist.")
    for weight in key.weights.values():
        require_weight(weight)


class Choice(ItemType[ChoiceContent, ChoiceKey]):
    """One of several. An option may earn a part of the points."""

    name, answer_type = "choice", "choice"
    content, key = ChoiceContent, ChoiceKey

    def check(self, content: ChoiceContent, key: ChoiceKey) -> None:
        require_options(content.options, 2)
        require_weights(content.options, key)
        require(ONE in key.weights.values(), "No option is right.")

    def parse(self, content: ChoiceContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        return None if raw is None or raw == "" else known(raw, ids, content.options)

    def fraction(self, key: ChoiceKey, answer: Any) -> Decimal:
        return key.weights.get(answer, ZERO)

    def feedback(self, key: ChoiceKey, answer: Any) -> list[str]:
        return [key.feedback.get(answer, "")]

    def options(self, content: ChoiceContent) -> Sequence[Option]:
        return content.options


Limit = Annotated[int, msgspec.Meta(ge=0, le=MAX_OPTIONS)]


class ChoicesContent(ChoiceContent, frozen=True, kw_only=True):
    """`limit` is how many options may be chosen; 0: any number."""

    limit: Limit = 0


class ChoicesKey(ChoiceKey, frozen=True, kw_only=True):
    """How the choice is scored; an option is right when its weight is more than nought.

    `weights`: the weights chosen over the sum of the right ones. `all`: everything for exactly the right options,
    nothing otherwise. `each`: an equal share for each option that is rightly chosen or rightly left.
    """

    scoring: Literal["weights", "all", "each"] = "weights"


def fraction_of(key: ChoicesKey, chosen: set[str]) -> Decimal:
    """The share that a set of chosen options earns."""
    right = {name for name, weight in key.weights.items() if weight > 0}
    if key.scoring == "all":
        return ONE if chosen == right else ZERO
    if key.scoring == "each":
        return Decimal(len(key.weights) - len(chosen ^ right)) / len(key.weights)
    return sum((key.weights.get(one, ZERO) for one in chosen), ZERO) / sum(key.weights[one] for one in right)


class Choices(ItemType[ChoicesContent, ChoicesKey]):
    """Any number of several. Wrong options may cost points, never below nought for the item."""

    name, answer_type = "choices", "choices"
    content, key = ChoicesContent, ChoicesKey

    def check(self, content: ChoicesContent, key: ChoicesKey) -> None:
        require_options(content.options, 2)
        require_weights(content.options, key)
        right = sum(weight > 0 for weight in key.weights.values())
        require(right > 0, "No option is right.")
        require(content.limit == 0 or content.limit >= right, "Fewer options may be chosen than are right.")

    def parse(self, content: ChoicesContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        return chosen_of(raw, ids, content.options, content.limit)

    def fraction(self, key: ChoicesKey, answer: Any) -> Decimal:
        return fraction_of(key, set(answer))

    def feedback(self, key: ChoicesKey, answer: Any) -> list[str]:
        return [key.feedback.get(one, "") for one in answer]

    def options(self, content: ChoicesContent) -> Sequence[Option]:
        return content.options


def chosen_of(raw: Any, ids: Mapping[str, str], options: Sequence[Option], limit: int) -> Answer:
    """The ids of chosen options in a fixed order. Raises AnswerRefused for anything the page cannot have sent."""
    if raw is None:
        return None
    if not isinstance(raw, list) or len(raw) > len(options):
        raise AnswerRefused("The answer is not a list of shown options. Nothing was saved.")
    chosen = {known(one, ids, options) for one in raw}
    if len(chosen) != len(raw):
        raise AnswerRefused("The answer names an option twice. Nothing was saved.")
    if limit and len(chosen) > limit:
        raise AnswerRefused(f"At most {limit} can be chosen. Take one away first. Nothing was saved.")
    return sorted(chosen) or None


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
