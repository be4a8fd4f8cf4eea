"""Items written as Moodle XML, with their media in the file."""

import base64
from collections.abc import Sequence
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from lms.assessments.formats import cloze_syntax
from lms.assessments.formats.base import Outgoing, Told, Unreadable
from lms.assessments.formats.moodle_essay import essay_lines
from lms.assessments.formats.outgoing import Writing, percent
from lms.assessments.items.base import ONE, Content, Key
from lms.assessments.items.choice import ChoiceContent, ChoiceKey, ChoicesKey, TrueFalseKey
from lms.assessments.items.cloze import GAP, ClozeContent, ClozeKey
from lms.assessments.items.matching import MatchingContent, MatchingKey
from lms.assessments.items.numeric import NumericContent, NumericKey
from lms.assessments.items.ordering import OrderingKey
from lms.assessments.items.short_answer import ShortAnswerKey
from lms.assessments.items.shown import media_of
from lms.assessments.items.written import EssayContent, RubricKey, UploadContent, worth_of

_WITH_OUTCOMES = {"multichoice", "matching", "ordering", "gapselect"}


def write_quiz(items: Sequence[Outgoing]) -> tuple[bytes, list[Told]]:
    """A quiz of questions, with a category wherever the topic changes."""
    parts, told, topic = [], [], ""
    for item in items:
        writer = _Question(item)
        try:
            written = writer.written()
        except Unreadable as error:
            told.append(Told(code=item.code, type=item.type, notes=(str(error),), is_refused=True))
            continue
        if item.meta.topic != topic:
            topic = item.meta.topic
            path = escape("$course$/top" + (f"/{topic.replace('/', '//')}" if topic else "/"))
            parts.append(f'  <question type="category"><category><text>{path}</text></category></question>')
        parts.append(written)
        told.append(Told(code=item.code, type=item.type, notes=tuple(writer.notes)))
    body = "\n".join(parts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n{body}\n</quiz>\n'.encode(), told


class _Question(Writing):
    """One question; `lines` are its elements."""

    def __init__(self, item: Outgoing) -> None:
        super().__init__(item, self._place)
        self.lines: list[str] = []
        self.placed: set[str] = set()

    def _place(self, digest: str) -> str:
        medium = self.item.medium(digest)
        if medium is None:
            self.note("a file of the question is gone")
            return ""
        self.placed.add(digest)
        return f"@@PLUGINFILE@@/{digest[:32]}.{medium.extension}"

    def written(self) -> str:
        """The question element. Raises Unreadable for what Moodle has no question type for."""
        content, key = self.item.content, self.item.key
        kind = self._body(content, key)
        self.lose_common(key, has_outcomes=kind in _WITH_OUTCOMES, has_hints=True, has_all=kind == "ordering")
        self.placed.clear()
        stem = self._stem(content, key, kind)
        inside = frozenset(self.placed)  # media inside gaps: their addresses are written already
        head = [
            f"    <name><text>{escape(self.item.code)}</text></name>",
            self.element("questiontext", stem, media=inside),
            self.element("generalfeedback", key.general),
            f"    <defaultgrade>{worth_of(content):f}</defaultgrade>",
        ]
        if kind in _WITH_OUTCOMES:
            head += [
                self.element("correctfeedback", key.if_right),
                self.element("partiallycorrectfeedback", key.if_partly),
                self.element("incorrectfeedback", key.if_wrong),
            ]
        tail = [self.element("hint", hint) for hint in key.hints]
        tags = "".join(f"<tag><text>{escape(tag)}</text></tag>" for tag in self.item.meta.as_tags)
        tail += [f"    <tags>{tags}</tags>"] if tags else []
        inner = "\n".join([*head, *self.lines, *tail])
        return f'  <question type="{kind}">\n{inner}\n  </question>'

    def _stem(self, content: Content, key: Key, kind: str) -> str:
        stem = self.stem(content)
        if isinstance(content, ClozeContent) and isinstance(key, ClozeKey):
            if kind == "cloze":
                return cloze_syntax.write_gaps(self, content, key, stem)
            places = {option.id: place for place, option in enumerate(content.pool, start=1)}
            right = {name: next(iter(gap.weights)) for name, gap in key.gaps.items()}
            return GAP.sub(lambda found: f"[[{places[right[found[1]]]}]]" if found[1] in right else found[0], stem)
        return stem

    def element(
        self, name: str, text: str, attributes: str = "", inner: str = "", media: frozenset[str] = frozenset()
    ) -> str:
        """An element with an HTML text and the files it shows."""
        files = []
        for digest in sorted(media_of(text) | media):
            medium = self.item.medium(digest)
            if medium is not None:
                data = base64.b64encode(medium.data).decode()
                place = quoteattr(f"{digest[:32]}.{medium.extension}")
                files.append(f'<file name={place} path="/" encoding="base64">{data}</file>')
        body = f"<text>{escape(self.html(text))}</text>{''.join(files)}{inner}"
        return f'    <{name}{attributes} format="html">{body}</{name}>'

    def answer(self, text: str, weight: Decimal, remark: str, *, is_html: bool = False, inner: str = "") -> None:
        feedback = self.element("feedback", remark).strip() + inner
        attributes = f' fraction="{percent(weight)}"'
        if is_html:
            self.lines.append(self.element("answer", text, attributes, feedback))
        else:
            self.lines.append(
                f'    <answer{attributes} format="plain_text"><text>{escape(text)}</text>{feedback}</answer>'
            )

    def _body(self, content: Content, key: Key) -> str:
        """Writes the answers and returns Moodle's name of the type."""
        match content, key:
            case ChoiceContent(), ChoiceKey():
                return self._choice(content, key)
            case MatchingContent(), MatchingKey():
                return self._matching(content, key)
            case ChoiceContent(), OrderingKey():
                return self._ordering(content, key)
            case _, TrueFalseKey():
                for name in ("true", "false"):
                    is_right = key.answer is (name == "true")
                    self.answer(name, ONE if is_right else Decimal(0), key.feedback.get(name, ""))
                return "truefalse"
            case NumericContent(), NumericKey():
                return self._numeric(content, key)
            case _, ShortAnswerKey():
                return self._short_answer(key)
            case ClozeContent(), ClozeKey():
                return self._cloze(content, key)
            case EssayContent() | UploadContent(), RubricKey():
                self.lose_rubric(content, key, has_notes=True, has_worth=True, has_length=True)
                self.lines += [*essay_lines(content), self.element("graderinfo", key.notes)]
                return "essay"
        raise Unreadable("Moodle XML has no question of this type.")

    def _choice(self, content: ChoiceContent, key: ChoiceKey) -> str:
        pins = [option.is_pinned for option in content.options]
        self.lose_choice(content, key, has_pins=all(pins) or not any(pins))
        single = "false" if isinstance(key, ChoicesKey) else "true"
        shuffled = "false" if all(pins) else "true"
        self.lines.append(f"    <single>{single}</single><shuffleanswers>{shuffled}</shuffleanswers>")
        for option in content.options:
            self.answer(option.text, key.weights[option.id], key.feedback.get(option.id, ""), is_html=True)
        return "multichoice"

    def _matching(self, content: MatchingContent, key: MatchingKey) -> str:
        texts = {option.id: option.text for option in content.options}
        used = set(key.pairs.values())
        pairs = [(prompt.text, texts[key.pairs[prompt.id]]) for prompt in content.prompts]
        pairs += [("", option.text) for option in content.options if option.id not in used]
        for prompt, option in pairs:
            self.lines.append(self.element("subquestion", prompt, "", self.element("answer", option).strip()))
        return "matching"

    def _ordering(self, content: ChoiceContent, key: OrderingKey) -> str:
        texts = {option.id: option.text for option in content.options}
        grading = "ALL_OR_NOTHING" if key.scoring == "all" else "ABSOLUTE_POSITION"
        self.lines.append(f"    <selecttype>ALL</selecttype><gradingtype>{grading}</gradingtype>")
        for place, name in enumerate(key.sequence, start=1):
            self.lines.append(self.element("answer", texts[name], f' fraction="{place}"'))
        return "ordering"

    def _numeric(self, content: NumericContent, key: NumericKey) -> str:
        for one in key.answers:
            middle, around = (one.low + one.high) / 2, (one.high - one.low) / 2
            self.answer(f"{middle:f}", one.weight, one.feedback, inner=f"<tolerance>{around:f}</tolerance>")
        if key.otherwise:
            self.answer("*", Decimal(0), key.otherwise, inner="<tolerance>0</tolerance>")
        units = "".join(
            f"<unit><multiplier>{unit.multiplier:f}</multiplier><unit_name>{escape(unit.name)}</unit_name></unit>"
            for unit in content.units
        )
        if units:
            grading = "2" if key.unit_penalty else "0"
            self.lines.append(f"    <unitgradingtype>{grading}</unitgradingtype>")
            self.lines.append(f"    <unitpenalty>{key.unit_penalty:f}</unitpenalty><units>{units}</units>")
        return "numerical"

    def _short_answer(self, key: ShortAnswerKey) -> str:
        if any(one.is_regex for one in key.answers):
            raise Unreadable("Moodle has no regular expressions.")
        self.lines.append(f"    <usecase>{int(key.is_case_sensitive)}</usecase>")
        for one in key.answers:
            self.answer(one.pattern, one.weight, one.feedback)
        return "shortanswer"

    def _cloze(self, content: ClozeContent, key: ClozeKey) -> str:
        if any(gap.kind != "pool" for gap in content.gaps):
            return "cloze"
        for gap in key.gaps.values():
            if len(gap.weights) != 1 or gap.share != ONE or gap.feedback:
                raise Unreadable("Moodle's words to drag have one right word for each gap, all gaps count the same.")
        self.lines.append("    <shuffleanswers>1</shuffleanswers>")
        for option in content.pool:
            self.lines.append(self.element("selectoption", option.text, inner="<group>1</group>"))
        return "gapselect"
