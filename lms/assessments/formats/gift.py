"""GIFT: questions read by `gift_syntax` become items, and items are written as GIFT."""

import html
from collections.abc import Sequence
from decimal import Decimal

from lms.assessments.formats import gift_syntax
from lms.assessments.formats.base import (
    Drafted,
    Draw,
    Meta,
    Outgoing,
    Refused,
    Source,
    Told,
    Unreadable,
    WritableFormat,
)
from lms.assessments.formats.drafts import Draft, Text, interval
from lms.assessments.formats.outgoing import Writing, percent, title_of
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.base import ONE, Content, Key
from lms.assessments.items.builders import ItemFields
from lms.assessments.items.choice import ChoiceContent, ChoiceKey, ChoicesKey, TrueFalseKey
from lms.assessments.items.matching import MatchingContent, MatchingKey
from lms.assessments.items.numeric import NumericKey
from lms.assessments.items.short_answer import ShortAnswerKey
from lms.assessments.items.written import EssayContent, RubricKey

escape = gift_syntax.escape


class Gift(WritableFormat):
    """Moodle's text format. Takes every text that no other format knows."""

    name, label, extension = "gift", "GIFT", "gift"

    def recognises(self, source: Source) -> bool:
        return source.archive is None and not source.is_xml

    def read(self, source: Source) -> Draw:
        for question in gift_syntax.parse(source.text):
            if isinstance(question, gift_syntax.Broken):
                yield Refused(line=question.line, title=question.title, reason=question.reason)
                continue
            draft = Draft()
            try:
                fields = _fields(draft, question)
            except (ItemInvalid, Unreadable) as error:
                yield Refused(line=question.line, title=question.title, reason=str(error))
                continue
            yield Drafted(
                line=question.line,
                title=question.title,
                code=question.title,
                meta=Meta.from_tags(topic_of(question.category), question.tags),
                fields=fields,
                notes=tuple(draft.notes),
                media=draft.media,
            )

    def write(self, items: Sequence[Outgoing]) -> tuple[bytes, list[Told]]:
        blocks, told, topic = [], [], ""
        for item in items:
            writing = Writing(item)
            try:
                body = _body(writing, item.content, item.key)
            except Unreadable as error:
                told.append(Told(code=item.code, type=item.type, notes=(str(error),), is_refused=True))
                continue
            if item.meta.topic != topic:
                topic = item.meta.topic
                blocks.append(f"$CATEGORY: {escape(topic.replace('/', '//'))}")
            tags = " ".join(f"[tag:{tag.replace(']', ')')}]" for tag in item.meta.as_tags)
            stem = writing.html(writing.stem(item.content))
            title = f"::{escape(title_of(item))}::" if title_of(item) else ""
            blocks.append((f"// {tags}\n" if tags else "") + f"{title}[html]{escape(stem)}{{{body}}}")
            told.append(Told(code=item.code, type=item.type, notes=tuple(writing.notes)))
        return ("\n\n".join(blocks) + "\n").encode(), told


def topic_of(category: str) -> str:
    """The last step of a category path such as "$course$/top/Sizing"."""
    steps = [step.strip() for step in category.replace("//", "\0").split("/")]
    return " ".join(steps[-1].replace("\0", "/").split())[:100] if steps else ""


# --- Reading ---


def _fields(draft: Draft, question: gift_syntax.Question) -> ItemFields:
    stem, general = draft.html(question.stem), draft.html(question.general)
    match question.kind:
        case "choice" | "choices":
            return _choice(draft, question, stem, general)
        case "true_false":
            right, wrong = question.answers
            remarks = {answer.text.text: draft.html(answer.feedback) for answer in (right, wrong)}
            return builders.true_false(stem, right.text.text == "true", feedback=remarks, general=general)
        case "matching":
            return _matching(draft, question, stem, general)
        case "numeric":
            answers = [(*interval(one.text.text), one.weight, draft.html(one.feedback)) for one in question.answers]
            return builders.numeric(stem, answers, otherwise=draft.html(question.otherwise), general=general)
        case "essay":
            return builders.essay(stem, general=general)
        case _:
            answers_ = [(draft.words(one.text), one.weight, draft.html(one.feedback)) for one in question.answers]
            return builders.short_answer(stem, answers_, general=general)


def _choice(draft: Draft, question: gift_syntax.Question, stem: str, general: str) -> ItemFields:
    is_multiple = question.kind == "choices"
    right = sum((answer.weight for answer in question.answers if answer.weight > 0), Decimal(0))
    if is_multiple and right and abs(right - ONE) > Decimal("0.001"):
        draft.note(f"the right weights add up to {percent(right)}%: choosing all of them earns full points")
    options = [(draft.html(one.text), one.weight, draft.html(one.feedback)) for one in question.answers]
    return builders.choice(stem, options, general=general, is_multiple=is_multiple)


def _matching(draft: Draft, question: gift_syntax.Question, stem: str, general: str) -> ItemFields:
    pairs: list[tuple[str, str]] = []
    distractors = []
    for answer in question.answers:
        option = draft.html(Text(text=answer.match, format="plain"))
        prompt = draft.html(answer.text)
        if not option:
            raise Unreadable(f"Nothing is matched with “{draft.words(answer.text)[:60]}”.")
        if not prompt:
            distractors.append(option)
        elif (prompt, option) in pairs:
            draft.note("a pair that stands twice is kept once")
        else:
            pairs.append((prompt, option))
    return builders.matching(stem, pairs, distractors=distractors, general=general)


# --- Writing ---


def _body(writing: Writing, content: Content, key: Key) -> str:
    """The answers in braces' terms. Raises Unreadable for what GIFT has no words for."""
    writing.lose_common(key)
    match content, key:
        case ChoiceContent(), ChoiceKey():
            body = _choice_body(writing, content, key)
        case MatchingContent(), MatchingKey():
            body = _matching_body(writing, content, key)
        case _, TrueFalseKey():
            right = "true" if key.answer else "false"
            wrong = "false" if key.answer else "true"
            remarks = [_marked(writing, key.feedback.get(name, "")) for name in (wrong, right)]
            body = right.upper() + (f"#{remarks[0]}#{remarks[1]}" if any(remarks) else "")
        case _, NumericKey():
            body = _numeric_body(writing, key)
        case _, ShortAnswerKey():
            body = _short_body(writing, key)
        case EssayContent(), RubricKey():
            writing.lose_rubric(content, key, has_lines=False)
            body = ""
        case _:
            raise Unreadable("GIFT has no question of this type.")
    general = _marked(writing, key.general)
    return body.rstrip("\n") + (f"\n####{general}\n" if general else "\n" if body else "")


def _marked(writing: Writing, text: str) -> str:
    return f"[html]{escape(writing.html(text))}" if text else ""


def _remark(writing: Writing, text: str) -> str:
    return f"#{_marked(writing, text)}" if text else ""


def _choice_body(writing: Writing, content: ChoiceContent, key: ChoiceKey) -> str:
    is_multiple = isinstance(key, ChoicesKey)
    writing.lose_choice(content, key)
    lines = []
    for option in content.options:
        weight = key.weights[option.id]
        is_right = weight == ONE and not is_multiple
        mark = "=" if is_right else f"~%{percent(weight)}%" if weight else "~"
        remark = _remark(writing, key.feedback.get(option.id, ""))
        lines.append(f"\n{mark}{_marked(writing, option.text)}{remark}")
    return "".join(lines) + "\n"


def _matching_body(writing: Writing, content: MatchingContent, key: MatchingKey) -> str:
    texts = {option.id: writing.plain(option.text, "the right side of a pair") for option in content.options}
    used = set(key.pairs.values())
    pairs = [(_marked(writing, prompt.text), texts[key.pairs[prompt.id]]) for prompt in content.prompts]
    pairs += [("", texts[option.id]) for option in content.options if option.id not in used]
    return "".join(f"\n={prompt} -> {escape(option)}" for prompt, option in pairs) + "\n"


def _numeric_body(writing: Writing, key: NumericKey) -> str:
    if key.multipliers:
        writing.note("units are left out")
    lines = [
        f"\n=%{percent(one.weight)}%{one.low:f}..{one.high:f}{_remark(writing, one.feedback)}" for one in key.answers
    ]
    otherwise = f"\n~{_remark(writing, key.otherwise)}" if key.otherwise else ""
    return "#" + "".join(lines) + otherwise + "\n"


def _short_body(writing: Writing, key: ShortAnswerKey) -> str:
    if any(one.is_regex for one in key.answers):
        raise Unreadable("GIFT has no regular expressions.")
    if key.is_case_sensitive:
        writing.note("upper and lower case count no more")
    lines = []
    for one in key.answers:
        pattern = escape(html.escape(one.pattern, quote=False))
        lines.append(f"\n=%{percent(one.weight)}%[html]{pattern}{_remark(writing, one.feedback)}")
    return "".join(lines)
