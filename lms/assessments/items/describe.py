"""An item in words, key included: for its authors' eyes only."""

from collections.abc import Sequence
from html import escape

from lms.assessments.items.base import ZERO, Content, Key
from lms.assessments.items.choice import ChoiceContent, ChoiceKey, TrueFalseKey
from lms.assessments.items.cloze import ClozeContent, ClozeKey, Gap, GapKey
from lms.assessments.items.hotspot import HotspotContent
from lms.assessments.items.matching import MatchingContent, MatchingKey
from lms.assessments.items.numeric import NumericAnswer, NumericKey
from lms.assessments.items.ordering import OrderingKey
from lms.assessments.items.short_answer import ShortAnswerKey, TextAnswer
from lms.assessments.items.written import RubricKey


def describe(content: Content, key: Key) -> list[tuple[str, str, str]]:
    """Rows of (what is right in words, HTML of the option or answer, HTML of its feedback)."""
    match content, key:
        case ChoiceContent(), ChoiceKey():
            return [
                (f"{key.weights[option.id] * 100:.5g}%", option.text, key.feedback.get(option.id, ""))
                for option in content.options
            ]
        case MatchingContent(), MatchingKey():
            texts = {option.id: option.text for option in content.options}
            return [(prompt.text, texts[key.pairs[prompt.id]], "") for prompt in content.prompts]
        case ChoiceContent(), OrderingKey():
            texts = {option.id: option.text for option in content.options}
            return [(str(place), texts[name], "") for place, name in enumerate(key.sequence, start=1)]
        case _, TrueFalseKey():
            right = "true" if key.answer else "false"
            return [
                ("100%" if name == right else "0%", name.capitalize(), key.feedback.get(name, ""))
                for name in ("true", "false")
            ]
        case _, RubricKey():
            return [
                (f"{level.points:f}", criterion.text, level.text)
                for criterion in key.criteria
                for level in criterion.levels
            ]
        case _, NumericKey():
            return _numbers(key.answers)
        case _, ShortAnswerKey():
            return _patterns(key.answers)
        case ClozeContent(), ClozeKey():
            return [row for gap in content.gaps for row in _gap(content, gap, key.gaps[gap.id])]
        case HotspotContent(), ChoiceKey():
            return [
                (f"{key.weights[region.id] * 100:.5g}%", escape(region.label or f"Region {number}"), remark)
                for number, region in enumerate(content.regions, start=1)
                for remark in [key.feedback.get(region.id, "")]
            ]
    raise AssertionError("every type has its case")


def _numbers(answers: Sequence[NumericAnswer]) -> list[tuple[str, str, str]]:
    return [(f"{one.weight * 100:.5g}%", f"{one.low:f} to {one.high:f}", one.feedback) for one in answers]


def _patterns(answers: Sequence[TextAnswer]) -> list[tuple[str, str, str]]:
    return [
        (f"{one.weight * 100:.5g}%", escape(one.pattern) + (" (expression)" if one.is_regex else ""), one.feedback)
        for one in answers
    ]


def _gap(content: ClozeContent, gap: Gap, key: GapKey) -> list[tuple[str, str, str]]:
    rows = [*_patterns(key.texts), *_numbers(key.numbers)]
    rows += [
        (f"{key.weights.get(option.id, ZERO) * 100:.5g}%", option.text, key.feedback.get(option.id, ""))
        for option in content.choices_for(gap)
    ]
    return [(f"{gap.id}: {right}", answer, remark) for right, answer, remark in rows]
