"""An item in words, key included: for its authors' eyes only."""

from html import escape

from lms.assessments.items.base import Content, Key
from lms.assessments.items.choice import ChoiceContent, ChoiceKey, TrueFalseKey
from lms.assessments.items.matching import MatchingContent, MatchingKey
from lms.assessments.items.numeric import NumericKey
from lms.assessments.items.ordering import OrderingKey
from lms.assessments.items.short_answer import ShortAnswerKey


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
        case _, NumericKey():
            return [(f"{one.weight * 100:.5g}%", f"{one.low:f} to {one.high:f}", one.feedback) for one in key.answers]
        case _, ShortAnswerKey():
            return [(f"{one.weight * 100:.5g}%", escape(one.pattern), one.feedback) for one in key.answers]
    raise AssertionError("every type has its case")
