"""What writers share: the texts of an item on their way out, and notes of what a format cannot hold."""

import html
from collections.abc import Callable
from decimal import Decimal

from lms.assessments.formats.base import Outgoing, untitled
from lms.assessments.items import builders
from lms.assessments.items.base import ONE, Content, Key
from lms.assessments.items.choice import ChoiceContent, ChoiceKey, ChoicesContent, ChoicesKey
from lms.assessments.items.cloze import ClozeKey
from lms.assessments.items.matching import MatchingKey
from lms.assessments.items.ordering import OrderingKey
from lms.assessments.items.shown import media_of, with_addresses
from lms.assessments.items.written import LINES, EssayContent, RubricKey, WrittenContent
from lms.common.html import plain_text


def percent(weight: Decimal) -> str:
    """A weight as a percentage, exactly: 0.3333333 is 33.33333."""
    value = weight * 100
    return f"{value.normalize():f}" if value else "0"


def title_of(item: Outgoing) -> str:
    """The title to write: empty where the code was made from the stem, so that reading makes it again."""
    return "" if item.code == untitled(item.content.stem) else item.code


class Writing:
    """Collects the notes while one item is written. `address` leads from a medium's digest to its place in the file.

    Without it, media are written into the text itself as data: addresses.
    """

    def __init__(self, item: Outgoing, address: Callable[[str], str] | None = None) -> None:
        self.item = item
        self.notes: list[str] = []
        self._address = address or self._data_uri

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _data_uri(self, digest: str) -> str:
        medium = self.item.medium(digest)
        if medium is None:
            self.note("a file of the question is gone")
            return ""
        return medium.data_uri

    def html(self, text: str) -> str:
        """The HTML with its media where this file has them."""
        return with_addresses(text, self._address) if media_of(text) else text

    def stem(self, content: Content) -> str:
        """The stem; where the item belongs to a case, the case's text before it."""
        if not content.stimulus:
            return content.stem
        self.note("the text of the case was put before the question")
        return f"{content.stimulus}<hr>{content.stem}"

    def plain(self, text: str, what: str) -> str:
        """The words of an HTML text, for places without markup; notes what is lost."""
        words = html.unescape(plain_text(text.replace("<br>", " ")))
        words = " ".join(words.split())
        if builders.plain(words) != text:
            self.note(f"markup was left out of {what}")
        return words

    def lose_common(
        self, key: Key, *, has_outcomes: bool = False, has_hints: bool = False, has_all: bool = False
    ) -> None:
        """Notes what a format leaves out of a key that any type may have."""
        if not has_outcomes and (key.if_right or key.if_partly or key.if_wrong):
            self.note("feedback by how right the answer was is left out")
        if not has_hints and key.hints:
            self.note("hints are left out")
        if isinstance(key, MatchingKey | OrderingKey | ClozeKey) and key.scoring == "all" and not has_all:
            self.note("the way of scoring is left out: each part earns its share")

    def lose_rubric(
        self,
        content: WrittenContent,
        key: RubricKey,
        *,
        has_notes: bool = False,
        has_worth: bool = False,
        has_length: bool = False,
        has_lines: bool = True,
    ) -> None:
        """Notes what a format leaves out of an answer that people mark."""
        if not builders.is_as_a_whole(key):
            self.note("the rubric is left out: the answer is marked as a whole")
        if key.notes and not has_notes:
            self.note("what is said to those who mark is left out")
        if content.worth != ONE and not has_worth:
            self.note("the points it counts in an exam are left out")
        if isinstance(content, EssayContent) and (content.words_min or content.words_max) and not has_length:
            self.note("the number of words asked for is left out")
        if isinstance(content, EssayContent) and content.lines != LINES and not has_lines:
            self.note("the number of lines of the field is left out")

    def lose_choice(self, content: ChoiceContent, key: ChoiceKey, *, has_pins: bool = False) -> None:
        """Notes what a format leaves out of a choice."""
        if not has_pins and any(option.is_pinned for option in content.options):
            self.note("options are no more kept in their places")
        if isinstance(key, ChoicesKey) and key.scoring != "weights":
            self.note("the way of scoring is left out: each right option earns its share")
        if isinstance(content, ChoicesContent) and content.limit:
            self.note("the limit of how many may be chosen is left out")
