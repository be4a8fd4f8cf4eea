"""Essay and file: answers that people mark. The key holds their rubric; nothing is scored by it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from lms.assessments.items.base import (
    ONE,
    Answer,
    AnswerRefused,
    Content,
    Html,
    ItemType,
    Key,
    OptionId,
    Struct,
    require,
)
from lms.common.guards import check_text

MAX_ESSAY = 20_000
LINES = 15
MAX_CRITERIA, MAX_LEVELS, MAX_WORTH, MAX_MARK = 20, 10, 50, 100
FileKind = Literal["pdf", "picture", "document", "text"]
KINDS: dict[str, str] = {
    "pdf": "PDF",
    "picture": "Picture (PNG, JPEG, GIF, WebP)",
    "document": "Word, Excel, PowerPoint, OpenDocument",
    "text": "Plain text",
}
Words = Annotated[int, msgspec.Meta(ge=0, le=5000)]


class Level(Struct, frozen=True, kw_only=True):
    """What an answer of so many points is like."""

    points: Decimal
    text: Html = ""


class Criterion(Struct, frozen=True, kw_only=True):
    """One thing that is looked at. Whoever marks chooses one of its levels."""

    id: OptionId
    text: Html
    levels: tuple[Level, ...]

    @property
    def most(self) -> Decimal:
        return max(level.points for level in self.levels)


class RubricKey(Key, frozen=True, kw_only=True):
    """`notes` are for those who mark: what a good answer says."""

    criteria: tuple[Criterion, ...]
    notes: Html = ""

    @property
    def most(self) -> Decimal:
        """The points of a perfect answer, in the rubric's own points."""
        return sum((criterion.most for criterion in self.criteria), Decimal(0))


class WrittenContent(Content, frozen=True, kw_only=True):
    """`worth` is how many points the answer counts in an exam, where other items count one."""

    worth: Decimal = ONE


class EssayContent(WrittenContent, frozen=True, kw_only=True):
    """Words asked for (0: no limit), which are told and never cut, and the lines of the field."""

    words_min: Words = 0
    words_max: Words = 0
    lines: Annotated[int, msgspec.Meta(ge=2, le=60)] = LINES


class UploadContent(WrittenContent, frozen=True, kw_only=True):
    kinds: tuple[FileKind, ...] = ("pdf",)
    megabytes: Annotated[int, msgspec.Meta(ge=1, le=20)] = 10


def worth_of(content: Content) -> Decimal:
    """The points that a wholly right answer earns in an exam."""
    return content.worth if isinstance(content, WrittenContent) else ONE


def count_words(text: str) -> int:
    return len(text.split())


def _has_two_places(number: Decimal) -> bool:
    return number.is_finite() and number == round(number, 2)


def _require_rubric(content: WrittenContent, key: RubricKey) -> None:
    require(0 < content.worth <= MAX_WORTH and _has_two_places(content.worth), f"It counts up to {MAX_WORTH} points.")
    require(1 <= len(key.criteria) <= MAX_CRITERIA, f"A rubric has from 1 to {MAX_CRITERIA} criteria.")
    require(len({one.id for one in key.criteria}) == len(key.criteria), "Two criteria have the same id.")
    require(len({one.text for one in key.criteria}) == len(key.criteria), "Two criteria have the same words.")
    for criterion in key.criteria:
        points = [level.points for level in criterion.levels]
        require(bool(criterion.text.strip()), "A criterion has no words.")
        require(2 <= len(points) <= MAX_LEVELS, f"A criterion has from 2 to {MAX_LEVELS} levels.")
        require(len(set(points)) == len(points), "Two levels of a criterion have the same points.")
        in_range = all(_has_two_places(one) and 0 <= one <= MAX_MARK for one in points)
        require(in_range, f"The points of a level lie between 0 and {MAX_MARK}, with two decimals at most.")


class Written(ItemType[Any, RubricKey]):
    """What essay and file have in common: nobody but people scores them."""

    key = RubricKey
    is_marked = True

    def fraction(self, key: RubricKey, answer: Any) -> Decimal:
        """Raises TypeError: who comes here would give a candidate points that nobody decided on."""
        raise TypeError("People mark this answer; it has no score by a key.")


class Essay(Written):
    name, answer_type = "essay", "text"
    content = EssayContent

    def check(self, content: EssayContent, key: RubricKey) -> None:
        _require_rubric(content, key)
        fits = not content.words_max or content.words_max >= content.words_min
        require(fits, "At most fewer words than at least cannot be asked for.")

    def parse(self, content: EssayContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        """The text with its line breaks; how many words it has is for those who mark it."""
        if raw is None:
            return None
        text = raw.replace("\r\n", "\n").replace("\r", "\n") if isinstance(raw, str) else ""
        if not isinstance(raw, str) or len(text) > MAX_ESSAY:
            raise AnswerRefused(f"The answer is not a text of at most {MAX_ESSAY} characters. Nothing was saved.")
        return check_text(text).strip() or None


class Upload(Written):
    """The answer is the public id of a kept file; the service that keeps it writes it, no browser does."""

    name, answer_type = "upload", "file"
    content = UploadContent

    def check(self, content: UploadContent, key: RubricKey) -> None:
        _require_rubric(content, key)
        require(len(set(content.kinds)) == len(content.kinds) > 0, "Choose what kinds of file are taken.")

    def parse(self, content: UploadContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        if raw is None or raw == "":
            return None
        raise AnswerRefused("A file is sent by the form of its question. Nothing was saved.")


def criteria_of(given: Sequence[tuple[str, str, Sequence[tuple[Decimal, str]]]]) -> list[dict[str, Any]]:
    """Criteria as a key stores them, from (id, words, levels of (points, words)), the most points first."""
    return [
        {
            "id": name,
            "text": text,
            "levels": [
                {"points": str(points), "text": words} for points, words in sorted(levels, key=lambda level: -level[0])
            ],
        }
        for name, text, levels in given
    ]
