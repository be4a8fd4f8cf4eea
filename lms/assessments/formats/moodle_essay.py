"""Moodle's essay (question/type/essay): an essay, or a file where no text is asked for. Read and written.

Moodle keeps rubrics outside of questions; what a question has is a note for those who mark.
"""

from decimal import Decimal
from xml.sax.saxutils import escape

from lms.assessments.formats.drafts import Draft
from lms.assessments.formats.moodle_nodes import element_html, words_in
from lms.assessments.items import builders
from lms.assessments.items.base import ONE
from lms.assessments.items.builders import ItemFields
from lms.assessments.items.written import KINDS, MAX_WORTH, EssayContent, UploadContent
from lms.common.xmltree import Node

_EXTENSIONS = {
    "pdf": (".pdf",),
    "picture": (".png", ".jpg", ".jpeg", ".gif", ".webp"),
    "document": (".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".ods", ".odp"),
    "text": (".txt",),
}
_GROUPS = {"document": "document", "presentation": "document", "spreadsheet": "document", "image": "picture"}
_WRITTEN = {"pdf": ".pdf", "picture": "web_image", "document": "document", "text": ".txt"}
_MEGABYTE = 1_048_576


def worth_told(draft: Draft, grade: Decimal) -> str:
    """The grade as the points that the answer counts, where they may be so many."""
    if 0 < grade <= MAX_WORTH and grade == round(grade, 2):
        return f"{grade.normalize():f}"
    draft.note(f"the grade {grade.normalize():f} is left out: the answer counts one point")
    return f"{ONE:f}"


def essay(draft: Draft, node: Node, stem: str) -> ItemFields:
    notes = element_html(draft, node.first("graderinfo"))
    files = _number(node, "attachments")
    if element_html(draft, node.first("responsetemplate")):
        draft.note("the text that the field begins with is left out")
    if words_in(node.first("responseformat")) == "noinline":
        megabytes = _number(node, "maxbytes") // _MEGABYTE or builders.MEGABYTES
        return builders.upload(stem, notes=notes, kinds=_kinds(node), megabytes=min(megabytes, 20))
    if files:
        draft.note("files beside the text are not asked for")
    return builders.essay(
        stem,
        notes=notes,
        words=(min(_number(node, "minwordlimit"), 5000), min(_number(node, "maxwordlimit"), 5000)),
        lines=min(max(_number(node, "responsefieldlines") or 15, 2), 60),
    )


def _number(node: Node, name: str) -> int:
    told = words_in(node.first(name)).removeprefix("-")
    return int(told) if told.isdecimal() and len(told) < 12 else 0


def _kinds(node: Node) -> list[str]:
    """By extension or by the name of a group; all where the question names none."""
    told = words_in(node.first("filetypeslist")).replace(",", " ").replace(";", " ").lower().split()
    found = {kind for kind, extensions in _EXTENSIONS.items() if set(extensions) & set(told)}
    found |= {_GROUPS[name.removeprefix("web_")] for name in told if name.removeprefix("web_") in _GROUPS}
    return [kind for kind in KINDS if kind in found] or list(KINDS)


def essay_lines(content: EssayContent | UploadContent) -> list[str]:
    """What is asked for, as elements; the notes for those who mark are written by the caller."""
    told = {"responseformat": "noinline" if isinstance(content, UploadContent) else "editor", "responserequired": "1"}
    if isinstance(content, UploadContent):
        kinds = "" if set(content.kinds) == set(KINDS) else ",".join(_WRITTEN[kind] for kind in content.kinds)
        told |= {"attachments": "1", "attachmentsrequired": "1", "filetypeslist": kinds}
        told["maxbytes"] = str(content.megabytes * _MEGABYTE)
    else:
        told |= {"responsefieldlines": str(content.lines), "attachments": "0"}
        told["minwordlimit"] = str(content.words_min or "")
        told["maxwordlimit"] = str(content.words_max or "")
    return [f"    <{name}>{escape(value)}</{name}>" for name, value in told.items()]
