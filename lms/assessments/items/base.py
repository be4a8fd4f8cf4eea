"""What all item types share: the struct base, the errors, and what a type must be able to do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec

from lms.common.errors import DomainError
from lms.common.guards import check_text

MAX_TEXT = 20_000
MAX_OPTIONS = 100
MAX_DIGITS = 30
ZERO, ONE = Decimal(0), Decimal(1)

Html = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
OptionId = Annotated[str, msgspec.Meta(min_length=1, max_length=12, pattern=r"^[a-z0-9]+$")]
# An answer as it is stored: in option ids, never in tokens. None: not answered.
Answer = str | list[str] | dict[str, str] | None


class ItemInvalid(DomainError):
    """Content and key of an item do not make an item. The message says why."""

    code = "item_invalid"
    status = 400


class AnswerRefused(DomainError):
    """An answer that the page cannot have sent: wrong shape, foreign option, no number. Nothing was stored."""

    code = "answer_refused"
    status = 400


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of content and key: closed, so that a misspelt member is an error and not a lost key.

    Members at their default are not stored, so a member that is added later leaves the digests of old items alone.
    """


class Option(Struct, frozen=True, kw_only=True):
    """Something to choose, match or put in order. `id` tells nothing of whether it is right.

    A pinned option keeps the author's place when the others are shuffled.
    """

    id: OptionId
    text: Html
    is_pinned: bool = False


class Key(Struct, frozen=True, kw_only=True):
    """What a candidate may not see.

    `general` is shown with every answered check, one of the three `if_` texts by how right it was, `hints` on demand.
    """

    general: Html = ""
    if_right: Html = ""
    if_partly: Html = ""
    if_wrong: Html = ""
    hints: tuple[Html, ...] = ()


class Content(Struct, frozen=True, kw_only=True):
    """What a candidate may see. `stimulus` is the text that the items of a case study share."""

    stem: Html
    stimulus: Html = ""


C = TypeVar("C", bound=Content)
K = TypeVar("K", bound=Key)


class ItemType(ABC, Generic[C, K]):
    """One kind of item. `answer_type` is the shape in which pages and autosave send an answer (docs/front-end.md)."""

    name: ClassVar[str]
    answer_type: ClassVar[str]
    content: type[C]
    key: type[K]

    @abstractmethod
    def check(self, content: C, key: K) -> None:
        """Raises ItemInvalid unless content and key agree and full points can be reached."""

    @abstractmethod
    def parse(self, content: C, raw: Any, ids: Mapping[str, str]) -> Answer:
        """The answer in option ids; None for an empty one. `ids` leads from what was shown to option ids.

        Raises AnswerRefused for whatever the shown page cannot have sent.
        """

    @abstractmethod
    def fraction(self, key: K, answer: Any) -> Decimal:
        """The share of the points earned by a parsed answer; scoring clips it to 0..1."""

    def feedback(self, key: K, answer: Any) -> list[str]:
        """The author's remarks on exactly this answer, without the general one."""
        return []

    def options(self, content: C) -> Sequence[Option]:
        """What is shown to choose from, in the author's order."""
        return ()

    def prompts(self, content: C) -> Sequence[Option]:
        """What an option is to be found for."""
        return ()

    is_shuffled: ClassVar[bool] = True
    are_prompts_shuffled: ClassVar[bool] = True
    is_marked: ClassVar[bool] = False  # people mark the answer; the key cannot score it


def require(condition: bool, message: str) -> None:
    """Raises ItemInvalid with `message` unless `condition` holds."""
    if not condition:
        raise ItemInvalid(message)


def require_options(options: Sequence[Option], least: int) -> None:
    """Raises ItemInvalid unless there are `least` to 100 options with ids and texts of their own."""
    require(len(options) >= least, f"At least {least} options are needed.")
    require(len(options) <= MAX_OPTIONS, f"At most {MAX_OPTIONS} options are allowed.")
    require(len({option.id for option in options}) == len(options), "Two options have the same id.")
    require(len({option.text for option in options}) == len(options), "Two options have the same text.")
    require(all(option.text.strip() for option in options), "An option has no text.")


def require_weight(weight: Decimal) -> None:
    require(weight.is_finite() and -1 <= weight <= 1, "A weight lies between -1 and 1.")
    require_digits(weight)


def require_digits(number: Decimal) -> None:
    """Raises ItemInvalid for numbers that nobody can read and that fill a page when written out, such as 1e999999."""
    is_short = not number or (number.adjusted() <= MAX_DIGITS and int(number.as_tuple().exponent) >= -MAX_DIGITS)
    require(is_short, f"A number has at most {MAX_DIGITS} digits before and after the point.")


def text_of(raw: Any, *, longest: int) -> str:
    """What was typed, with single blanks. Raises AnswerRefused for no text and more than `longest` characters."""
    if not isinstance(raw, str) or len(raw) > longest:
        raise AnswerRefused(f"The answer is not a text of at most {longest} characters. Nothing was saved.")
    return " ".join(check_text(raw).split())


def known(raw: Any, ids: Mapping[str, str], options: Sequence[Option]) -> str:
    """The id of a shown option. Raises AnswerRefused for anything else."""
    name = ids.get(raw) if isinstance(raw, str) else None
    if name is None or all(option.id != name for option in options):
        raise AnswerRefused("The answer names an option that was not shown. Nothing was saved.")
    return name


def share_of(right: int, count: int, scoring: str) -> Decimal:
    """The share that so many right parts of `count` earn: an equal part each, or everything for all of them."""
    if scoring == "all":
        return ONE if right == count else ZERO
    return Decimal(right) / count
