"""One QTI item while it is read: its texts, and the feedback that its rules show."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.drafts import Draft, Text
from lms.assessments.formats.qti.processing import Declaration, Processing
from lms.assessments.formats.qti.xhtml import to_html
from lms.common.xmltree import Node

INLINE = {"textEntryInteraction", "inlineChoiceInteraction"}
_HIDDEN = {"feedbackInline", "feedbackBlock", "printedVariable", "templateInline", "templateBlock", "stylesheet"}
# Outcomes of our own exports, told apart by name: they say what no rule could be asked for.
OUTCOME, SOLUTION, HINT = "OUTCOME", "SOLUTION", "HINT"


_BLOCK = re.compile(r"<(?:p|ul|ol|pre|blockquote|table|h[234]|dl|hr|figure)\b")


def _nothing(_: Node) -> str:
    return ""


@dataclass(kw_only=True)
class Asked:
    """The item's element, its body, its interactions, and what is made of them."""

    node: Node
    body: Node
    found: list[Node]
    draft: Draft
    processing: Processing

    @property
    def interaction(self) -> Node:
        return self.found[0]

    @property
    def response(self) -> Declaration:
        """The declaration of the (first) interaction's response."""
        return self.declared(self.interaction)

    def declared(self, interaction: Node) -> Declaration:
        found = self.processing.responses.get(interaction.get("responseIdentifier"))
        if found is None:
            raise Unreadable("The question's response is not declared.")
        return found

    def html(self, node: Node | None, **special: Any) -> str:
        """What is inside an element as cleaned HTML, without feedback and prompts."""
        if node is None:
            return ""
        hidden = dict.fromkeys(_HIDDEN, _nothing)
        written = to_html(node, {**hidden, "prompt": _nothing, "rubricBlock": self._rubric, **special})
        return self.draft.html(Text(text=written, format="html"))

    def _rubric(self, node: Node) -> str:
        is_shown = "candidate" in node.get("view", "candidate").split()
        return to_html(node, dict.fromkeys(_HIDDEN, _nothing)) if is_shown else ""

    def stem(self) -> str:
        """The body around a block interaction, and its prompt."""
        before = self.html(self.body, **{self.interaction.name: _nothing})
        prompt = self.html(self.interaction.first("prompt"))
        if not prompt:
            return before
        return joined([before, f"<p>{prompt}</p>"]) if before else prompt

    def choices(self, *names: str) -> list[Node]:
        return [node for node in self.interaction.walk() if node.name in names]

    def shown(self, given: dict[str, Any]) -> dict[str, str]:
        """The feedback texts, by identifier, that a response brings up."""
        outcomes = self.processing.run(given)
        texts = {}
        for node in _feedback_of(self.node):
            value = outcomes.get(node.get("outcomeIdentifier"))
            values = value if isinstance(value, list) else [value]
            is_set = node.get("identifier") in [str(one) for one in values]
            if is_set == (node.get("showHide", "show") == "show"):
                texts[_name(node)] = self.html(node.first("contentBody") or node)
        return texts


def _name(node: Node) -> str:
    return f"{node.get('outcomeIdentifier')}.{node.get('identifier')}.{node.line}"


def _feedback_of(item: Node) -> Iterable[Node]:
    """Feedback elements but those of our own exports that are read by name."""
    for node in item.walk():
        is_feedback = node.name in {"modalFeedback", "feedbackInline", "feedbackBlock"}
        if is_feedback and node.get("outcomeIdentifier") not in {OUTCOME, SOLUTION, HINT}:
            yield node


def feedback_by(asked: Asked, responses: dict[str, dict[str, Any]]) -> tuple[dict[str, str], str]:
    """What is shown for each of several responses alone, and what is shown for all of them."""
    shown = {name: asked.shown(given) for name, given in responses.items()}
    common = set.intersection(*(set(texts) for texts in shown.values())) if len(shown) > 1 else set()
    always = "".join(dict.fromkeys(next(iter(shown.values()))[name] for name in sorted(common))) if common else ""
    own = {
        name: joined(text for key, text in texts.items() if key not in common and text) for name, texts in shown.items()
    }
    return {name: text for name, text in own.items() if text}, always


def joined(texts: Iterable[str]) -> str:
    """Several HTML texts as one."""
    parts = [text for text in texts if text]
    if not parts:
        return ""
    return parts[0] if len(parts) == 1 else "".join(part if _BLOCK.search(part) else f"<p>{part}</p>" for part in parts)


def note_feedback(asked: Asked) -> dict[str, Any]:
    """The texts of our own exports: by how right the answer was, the general one, hints."""
    texts: dict[str, Any] = {}
    hints = []
    for node in asked.node.all("modalFeedback"):
        text = asked.html(node.first("contentBody") or node)
        match node.get("outcomeIdentifier"):
            case "OUTCOME" if node.get("identifier") in {"right", "partly", "wrong"}:
                texts[f"if_{node.get('identifier')}"] = text
            case "SOLUTION":
                texts["general"] = text
            case "HINT":
                hints.append(text)
    return texts | ({"hints": hints} if hints else {})


def right_and_wrong(asked: Asked, right: dict[str, Any], wrong: dict[str, Any]) -> dict[str, str]:
    """`if_right`, `if_wrong` and `general` of an item whose rules show feedback by right and wrong."""
    if not any(True for _ in _feedback_of(asked.node)):
        return {}
    own, always = feedback_by(asked, {"if_right": right, "if_wrong": wrong})
    return {**own, "general": always}
