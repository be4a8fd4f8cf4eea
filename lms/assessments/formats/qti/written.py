"""Answers that people mark, in QTI: extendedTextInteraction and uploadInteraction, read and written.

QTI has notes for those who mark (rubricBlock for scorers) and the most points; criteria with levels it has not.
"""

from decimal import Decimal

from lms.assessments.formats.drafts import Text
from lms.assessments.formats.outgoing import Writing
from lms.assessments.formats.qti.asked import Asked
from lms.assessments.formats.qti.elements import el
from lms.assessments.formats.qti.parts import Body, R, declared_response, stem
from lms.assessments.formats.qti.xhtml import to_html
from lms.assessments.items import builders
from lms.assessments.items.base import ONE
from lms.assessments.items.builders import ItemFields
from lms.assessments.items.written import KINDS, MAX_WORTH, EssayContent, RubricKey, UploadContent, WrittenContent
from lms.common.xmltree import Node

TYPES = {"pdf": "application/pdf", "text": "text/plain", "picture": "image/png"}
_KIND_OF = {"application/pdf": "pdf", "text/plain": "text"}


# --- Reading ---


def extended_text(asked: Asked) -> ItemFields:
    lines = asked.interaction.get("expectedLines")
    return builders.essay(
        asked.stem(),
        notes=_notes(asked),
        worth=_worth(asked),
        lines=min(max(int(lines), 2), 60) if lines.isdecimal() and len(lines) < 5 else 15,
    )


def upload(asked: Asked) -> ItemFields:
    told = asked.interaction.get("type").split()
    kinds = list(dict.fromkeys(kind for kind in map(_kind_of, told) if kind))
    return builders.upload(asked.stem(), notes=_notes(asked), worth=_worth(asked), kinds=kinds or list(KINDS))


def _kind_of(media_type: str) -> str:
    if media_type.startswith("image/"):
        return "picture"
    if "officedocument" in media_type or "opendocument" in media_type or media_type == "application/msword":
        return "document"
    return _KIND_OF.get(media_type, "")


def _notes(asked: Asked) -> str:
    """What is said to scorers, in its order."""
    blocks = [node for node in asked.body.walk() if node.name == "rubricBlock" and "scorer" in node.get("view").split()]
    return asked.draft.html(Text(text="".join(to_html(node, {}) for node in blocks), format="html"))


def _worth(asked: Asked) -> Decimal:
    """The most points: as our own exports have them, or as the score is declared."""
    for name in ("MAXSCORE", "SCORE"):
        declared = next((one for one in asked.node.all("outcomeDeclaration") if one.get("identifier") == name), None)
        if declared is None:
            continue
        default = declared.first("defaultValue")
        told = default.words.strip() if name == "MAXSCORE" and default else declared.get("normalMaximum")
        if told.replace(".", "", 1).isdecimal() and len(told) < 10 and 0 < Decimal(told) <= MAX_WORTH:
            return round(Decimal(told), 2)
    return ONE


# --- Writing ---


def written(writing: Writing, content: WrittenContent, key: RubricKey) -> Body:
    writing.lose_rubric(content, key, has_notes=True, has_worth=True)
    if isinstance(content, UploadContent):
        kind, asked = "file", _asked_file(writing, content)
    else:
        lines = content.lines if isinstance(content, EssayContent) else None
        kind, asked = "string", el("extendedTextInteraction", responseIdentifier=R, expectedLines=lines)
    nodes = [*stem(writing, content), asked]
    if key.notes:
        nodes.append(el("rubricBlock", el("div", html=writing.html(key.notes)), view="scorer"))
    return Body(nodes, [declared_response(kind, "single")], [], content.worth)


def _asked_file(writing: Writing, content: UploadContent) -> Node:
    single = content.kinds[0] if len(content.kinds) == 1 else ""
    is_told = single in TYPES or set(content.kinds) == set(KINDS)
    if not is_told:
        writing.note("the kinds of file that are taken are left out")
    if content.megabytes != builders.MEGABYTES:
        writing.note("the size that a file may have is left out")
    return el("uploadInteraction", responseIdentifier=R, type=TYPES.get(single))
