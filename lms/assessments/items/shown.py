"""How an item is shown to one person: in which order, under which tokens, and with which answer filled in."""

import html
import string
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import nh3
from django.utils.safestring import SafeString, mark_safe

from lms.assessments.items.base import Answer, Content, Option

if TYPE_CHECKING:
    from lms.assessments.items.base import ItemType

_ALPHABET = string.ascii_lowercase + string.digits


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens in the order shown, and what they stand for. A token tells nothing and holds for one showing only."""

    order: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    tokens: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One option or prompt. `chosen`: of an option, whether it is chosen or at which place; of a prompt, the token."""

    token: str
    html: SafeString
    text: str
    chosen: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """All that a page may show of an item. Holds no key."""

    type: str
    answer_type: str
    stem: SafeString
    options: tuple[Line, ...] = ()
    prompts: tuple[Line, ...] = ()
    value: str = ""

    @property
    def places(self) -> range:
        return range(1, len(self.options) + 1)


def show(kind: "ItemType[Any, Any]", content: Content, rng: Random, *, with_tokens: bool = True) -> Shown:
    """Draws an order and tokens. The same `rng` state gives the same result.

    Without tokens the options' own ids are shown: for checks, which tell the answer at once anyway.
    """
    tokens: dict[str, str] = {}

    def draw(options: Sequence[Option]) -> tuple[str, ...]:
        ids = [option.id for option in options]
        if kind.is_shuffled:
            rng.shuffle(ids)
        drawn = []
        for name in ids:
            token = name
            while with_tokens and (token == name or token in tokens):
                token = "".join(rng.choices(_ALPHABET, k=8))
            tokens[token] = name
            drawn.append(token)
        return tuple(drawn)

    return Shown(order=draw(kind.options(content)), prompts=draw(kind.prompts(content)), tokens=tokens)


def _safe(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308  cleaned by clean_html when the item version was made


def _plain(text: str) -> str:
    """For places where no markup can stand, such as the lines of a select."""
    return " ".join(html.unescape(nh3.clean(text, tags=set())).split())


def present(kind: "ItemType[Any, Any]", content: Content, shown: Shown, answer: Answer = None) -> Question:
    """The item as one person sees it, with his answer so far."""
    texts = {option.id: option.text for option in [*kind.options(content), *kind.prompts(content)]}
    by_id = {name: token for token, name in shown.tokens.items()}

    def lines(tokens: tuple[str, ...], chosen: dict[str, str]) -> tuple[Line, ...]:
        return tuple(
            Line(token=token, html=_safe(texts[name]), text=_plain(texts[name]), chosen=chosen.get(name, ""))
            for token in tokens
            for name in [shown.tokens[token]]
        )

    options: dict[str, str] = {}
    prompts: dict[str, str] = {}
    if isinstance(answer, dict):
        prompts = {prompt: by_id[option] for prompt, option in answer.items()}
    elif isinstance(answer, list):
        options = {name: str(place) for place, name in enumerate(answer, start=1)}
    elif answer is not None and kind.answer_type == "choice":
        options = {answer: "1"}
    return Question(
        type=kind.name,
        answer_type=kind.answer_type,
        stem=_safe(content.stem),
        options=lines(shown.order, options),
        prompts=lines(shown.prompts, prompts),
        value=answer if isinstance(answer, str) and kind.answer_type == "text" else "",
    )
