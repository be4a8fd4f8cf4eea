"""An assessmentItem of QTI 2.x or 3.0 (in the names of 2.x) becomes an item."""

from collections.abc import Callable
from typing import Any

from lms.assessments.formats.base import Drafted, Meta, Refused, Unreadable
from lms.assessments.formats.drafts import Draft, Resolve, Text
from lms.assessments.formats.qti import gaps, interactions, written
from lms.assessments.formats.qti.asked import INLINE, Asked, note_feedback
from lms.assessments.formats.qti.processing import Processing
from lms.assessments.formats.qti.xhtml import to_html
from lms.assessments.items import MARKED, ItemInvalid
from lms.assessments.items.builders import ItemFields
from lms.common.xmltree import Node

_READERS: dict[str, Callable[[Asked], ItemFields]] = {
    "choiceInteraction": interactions.choice,
    "hottextInteraction": interactions.hottext,
    "hotspotInteraction": interactions.hotspot,
    "orderInteraction": interactions.order,
    "matchInteraction": interactions.match,
    "associateInteraction": interactions.associate,
    "gapMatchInteraction": gaps.gap_match,
    "extendedTextInteraction": written.extended_text,
    "uploadInteraction": written.upload,
}
_REASONS = {
    "drawingInteraction": "Questions answered by a drawing are not supported.",
}


def read_item(
    node: Node, resolve: Resolve, *, source: str, meta: Meta, stimulus: Callable[[Draft], str]
) -> Drafted | Refused:
    """One item; `stimulus` gives the text it shares with others."""
    title = " ".join((node.get("title") or node.get("label") or node.get("identifier")).split())
    draft = Draft(resolve)
    try:
        fields = _fields(node, draft)
        shared = stimulus(draft)
    except (ItemInvalid, Unreadable) as error:
        return Refused(line=node.line, title=title, reason=str(error), source=source)
    if shared:
        fields["content"] = {**fields["content"], "stimulus": shared}
    return Drafted(
        line=node.line,
        title=title,
        code=title,
        meta=meta,
        fields=fields,
        notes=tuple(draft.notes),
        media=draft.media,
        source=source,
    )


def _fields(node: Node, draft: Draft) -> ItemFields:
    if node.get("adaptive") == "true":
        raise Unreadable("An adaptive item, which is answered in several steps, has no counterpart.")
    if node.first("templateDeclaration"):
        raise Unreadable("An item with values drawn anew for each candidate has no counterpart.")
    body = node.first("itemBody")
    if body is None:
        raise Unreadable("The item has no body.")
    found = [one for one in body.walk() if one.name.endswith("Interaction")]
    if not found:
        raise Unreadable("This is a description: it asks nothing, so it is no item.")
    asked = Asked(node=node, body=body, found=found, draft=draft, processing=Processing.of(node))
    fields = _by_kind(asked)
    key: dict[str, Any] = fields["key"]
    key |= {name: text for name, text in note_feedback(asked).items() if text and not key.get(name)}
    is_marked = fields["type"] in MARKED
    if asked.processing.is_missing and not is_marked:
        draft.note("the file does not say how the item is scored: the right answer earns all")
    for rubric in body.walk():
        views = rubric.get("view", "candidate").split()
        is_kept = "candidate" in views or (is_marked and "scorer" in views)
        if rubric.name == "rubricBlock" and not is_kept:
            draft.note("notes for scorers and authors are left out")
    return fields


def _by_kind(asked: Asked) -> ItemFields:
    kinds = {one.name for one in asked.found}
    if reason := next((_REASONS[kind] for kind in sorted(kinds) if kind in _REASONS), ""):
        raise Unreadable(reason)
    if kinds <= INLINE:
        return gaps.inline(asked)
    if len(asked.found) > 1:
        raise Unreadable("Several questions in one item have no counterpart.")
    kind = asked.found[0].name
    if kind not in _READERS:
        raise Unreadable(f"The interaction “{kind[:40]}” has no counterpart.")
    return _READERS[kind](asked)


def stimulus_text(node: Node, draft: Draft) -> str:
    """The shared text of an assessmentStimulus."""
    body = node.first("stimulusBody")
    return draft.html(Text(text=to_html(body, {}), format="html")) if body else ""
