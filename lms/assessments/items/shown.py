"""How an item is shown to one person: in which order, under which tokens, and with which answer filled in."""

import html
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import nh3
from django.utils.safestring import SafeString, mark_safe

from lms.assessments.items.base import Answer, Content, Option
from lms.assessments.items.choice import ChoicesContent
from lms.assessments.items.cloze import GAP, ClozeContent
from lms.assessments.items.hotspot import HotspotContent, HotspotsContent, Region
from lms.assessments.items.numeric import NumericContent
from lms.assessments.items.written import KINDS, MAX_ESSAY, EssayContent, UploadContent
from lms.common.mathml import mathml_to_latex

if TYPE_CHECKING:
    from lms.assessments.items.base import ItemType

_LATEX = re.compile(r"\\[()\[\]]")
Address = Callable[[str], str]
_ALPHABET = string.ascii_lowercase + string.digits
_MEDIA = re.compile(r'(?:(?<= src)|(?<= href))="media:([0-9a-f]{64})"')


NOTHING = SafeString("")


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

    @property
    def has_formula(self) -> bool:
        """Whether a screen reader needs the words of the option said: few speak MathML inside a label."""
        return "<math" in self.html


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a text with gaps: what stands before a gap, and the gap. The last piece has none.

    Of a gap: its token, `kind`, what may be chosen in it, and what was chosen (a token) or typed.
    """

    html: SafeString
    number: int = 0
    token: str = ""
    kind: str = ""
    options: tuple[Line, ...] = ()
    chosen: str = ""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One region of an image: its shape for SVG, and where its number stands."""

    token: str
    number: int
    shape: str
    figures: dict[str, str]
    x: int
    y: int


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The image of a hotspot item with its regions."""

    url: str
    alt: str
    width: int
    height: int
    spots: tuple[Spot, ...]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a written answer is asked to be: its length, or the kinds and the size of a file."""

    lines: int = 0
    words_min: int = 0
    words_max: int = 0
    most: int = 0
    kinds: tuple[str, ...] = ()
    megabytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Question:
    """All that a page may show of an item. Holds no key."""

    type: str
    answer_type: str
    stem: SafeString
    stimulus: SafeString = NOTHING
    options: tuple[Line, ...] = ()
    prompts: tuple[Line, ...] = ()
    parts: tuple[Part, ...] = ()
    pool: tuple[Line, ...] = ()
    picture: Picture | None = None
    units: tuple[str, ...] = ()
    paper: Paper | None = None
    limit: int = 0
    value: str = ""

    @property
    def places(self) -> range:
        return range(1, len(self.options) + 1)


def show(kind: "ItemType[Any, Any]", content: Content, rng: Random, *, with_tokens: bool = True) -> Shown:
    """Draws an order and tokens. The same `rng` state gives the same result.

    Without tokens the options' own ids are shown: for checks, which tell the answer at once anyway.
    """
    tokens: dict[str, str] = {}

    def draw(options: Sequence[Option], is_shuffled: bool) -> tuple[str, ...]:
        drawn = []
        for name in _shuffled(options, rng) if is_shuffled else [option.id for option in options]:
            token = name
            while with_tokens and (token == name or token in tokens):
                token = "".join(rng.choices(_ALPHABET, k=8))
            tokens[token] = name
            drawn.append(token)
        return tuple(drawn)

    order = draw(kind.options(content), kind.is_shuffled)
    prompts = draw(kind.prompts(content), kind.are_prompts_shuffled)
    return Shown(order=order, prompts=prompts, tokens=tokens)


def _shuffled(options: Sequence[Option], rng: Random) -> list[str]:
    """The ids in a new order; pinned options keep their places."""
    free = [option.id for option in options if not option.is_pinned]
    rng.shuffle(free)
    rest = iter(free)
    return [option.id if option.is_pinned else next(rest) for option in options]


def media_of(text: str) -> set[str]:
    """The digests of the kept media that an HTML text shows."""
    return set(_MEDIA.findall(text))


def with_addresses(text: str, address: Address) -> str:
    """The HTML with the address of each kept medium in place of its digest."""
    return _MEDIA.sub(lambda found: f'="{html.escape(address(found[1]))}"', text)


def safe_html(text: str, address: Address) -> SafeString:
    """A text of an item version for a page, its media with addresses: it was cleaned when the version was made."""
    return mark_safe(with_addresses(text, address))  # noqa: S308


def _plain(text: str) -> str:
    """For places where no markup can stand, such as the lines of a select. A formula is said in its LaTeX."""
    said = _LATEX.sub("", mathml_to_latex(text))
    return " ".join(html.unescape(nh3.clean(said, tags=set())).split())


class Presenter:
    """Makes the question of one item as it was shown, with an answer filled in."""

    def __init__(self, kind: "ItemType[Any, Any]", content: Content, shown: Shown, address: Address) -> None:
        self.kind, self.content, self.shown, self.address = kind, content, shown, address
        self.texts = {option.id: option.text for option in [*kind.options(content), *kind.prompts(content)]}
        self.token_of = {name: token for token, name in shown.tokens.items()}

    def safe(self, text: str) -> SafeString:
        return safe_html(text, self.address)

    def line(self, token: str, chosen: str = "") -> Line:
        text = self.texts[self.shown.tokens[token]]
        return Line(token=token, html=self.safe(text), text=_plain(text) or "(picture)", chosen=chosen)

    def lines(self, tokens: Sequence[str], chosen: dict[str, str]) -> tuple[Line, ...]:
        return tuple(self.line(token, chosen.get(self.shown.tokens[token], "")) for token in tokens)

    def parts(self, content: ClozeContent, answer: dict[str, str]) -> tuple[Part, ...]:
        """The stem cut at its gaps. A mark that names no gap is text."""
        gaps = {gap.id: gap for gap in content.gaps}
        parts: list[Part] = []
        start = 0
        for found in GAP.finditer(content.stem):
            gap = gaps.get(found[1])
            if gap is None:
                continue
            own = {option.id for option in content.choices_for(gap)}
            given = answer.get(gap.id, "")
            parts.append(
                Part(
                    html=self.safe(content.stem[start : found.start()]),
                    number=len(parts) + 1,
                    token=self.token_of[gap.id],
                    kind=gap.kind,
                    options=tuple(self.line(one) for one in self.shown.order if self.shown.tokens[one] in own),
                    chosen=self.token_of.get(given, "") if own else given,
                )
            )
            start = found.end()
        return (*parts, Part(html=self.safe(content.stem[start:])))

    def pool(self, content: ClozeContent) -> tuple[Line, ...]:
        own = {option.id for option in content.pool}
        return tuple(self.line(token) for token in self.shown.order if self.shown.tokens[token] in own)

    def picture(self, content: HotspotContent) -> Picture:
        image = content.image
        return Picture(
            url=self.address(image.source.removeprefix("media:")),
            alt=image.alt,
            width=image.width,
            height=image.height,
            spots=tuple(_spot(region, n, self.token_of[region.id]) for n, region in enumerate(content.regions, 1)),
        )


def _spot(region: Region, number: int, token: str) -> Spot:
    """A region in the terms of SVG."""
    c = region.coords
    match region.shape:
        case "rect":
            left, top, right, bottom = c
            width, height = abs(right - left), abs(bottom - top)
            figures = {"x": min(left, right), "y": min(top, bottom), "width": width, "height": height}
            x, y = (left + right) // 2, (top + bottom) // 2
        case "circle":
            x, y, radius = c
            figures = {"cx": x, "cy": y, "r": radius}
        case "ellipse":
            x, y, rx, ry = c
            figures = {"cx": x, "cy": y, "rx": rx, "ry": ry}
        case _:
            points = " ".join(f"{a},{b}" for a, b in zip(c[::2], c[1::2], strict=True))
            x, y = sum(c[::2]) * 2 // len(c), sum(c[1::2]) * 2 // len(c)
            return Spot(token=token, number=number, shape="polygon", figures={"points": points}, x=x, y=y)
    drawn = {name: str(value) for name, value in figures.items()}
    return Spot(token=token, number=number, shape=region.shape, figures=drawn, x=x, y=y)


def present(
    kind: "ItemType[Any, Any]",
    content: Content,
    shown: Shown,
    answer: Answer = None,
    *,
    address: Address = "media:{}".format,
) -> Question:
    """The item as one person sees it, with his answer so far. `address` leads from a medium's digest to its URL."""
    presenter = Presenter(kind, content, shown, address)
    options: dict[str, str] = {}
    prompts: dict[str, str] = {}
    is_cloze = isinstance(content, ClozeContent)
    if isinstance(answer, dict) and not is_cloze:
        prompts = {prompt: presenter.token_of[option] for prompt, option in answer.items()}
    elif isinstance(answer, list):
        options = {name: str(place) for place, name in enumerate(answer, start=1)}
    elif isinstance(answer, str) and kind.answer_type == "choice":
        options = {answer: "1"}
    given = answer if isinstance(answer, dict) else {}
    return Question(
        type=kind.name,
        answer_type=kind.answer_type,
        stem=presenter.safe("" if is_cloze else content.stem),
        stimulus=presenter.safe(content.stimulus),
        options=() if is_cloze else presenter.lines(shown.order, options),
        prompts=() if is_cloze else presenter.lines(shown.prompts, prompts),
        parts=presenter.parts(content, given) if isinstance(content, ClozeContent) else (),
        pool=presenter.pool(content) if isinstance(content, ClozeContent) else (),
        picture=presenter.picture(content) if isinstance(content, HotspotContent) else None,
        units=tuple(unit.name for unit in content.units) if isinstance(content, NumericContent) else (),
        limit=content.limit if isinstance(content, ChoicesContent | HotspotsContent) else 0,
        paper=_paper(content),
        value=answer if isinstance(answer, str) and kind.answer_type in {"text", "file"} else "",
    )


def _paper(content: Content) -> Paper | None:
    if isinstance(content, EssayContent):
        return Paper(lines=content.lines, words_min=content.words_min, words_max=content.words_max, most=MAX_ESSAY)
    if isinstance(content, UploadContent):
        return Paper(kinds=tuple(KINDS[kind] for kind in content.kinds), megabytes=content.megabytes)
    return None
