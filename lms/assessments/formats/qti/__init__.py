"""QTI 1.2, 2.1, 2.2 and 3.0: single files and content packages."""

from collections.abc import Callable, Sequence

from lms.assessments.formats.base import Draw, Format, Outgoing, Refused, Source, Told, WritableFormat
from lms.assessments.formats.drafts import Draft
from lms.assessments.formats.qti import asi
from lms.assessments.formats.qti.names import as_version_2
from lms.assessments.formats.qti.package import Document, documents, first_root, manifest_path
from lms.assessments.formats.qti.reader import read_item, stimulus_text
from lms.assessments.formats.qti.writer import write_package
from lms.common.archives import is_archive
from lms.common.xmltree import Node

__all__ = ["Qti12", "Qti21", "Qti30"]


def _is_package_of(source: Source, is_own: Callable[[str], bool]) -> bool:
    """Whether the file or the package's first question document has one of the format's root elements."""
    if is_archive(source.data) and source.archive is not None and not manifest_path(source.archive):
        names = [name.lower() for name in source.archive]
        if not any(name.endswith(".xml") for name in names) or "[content_types].xml" in names:
            return False
    return is_own(first_root(source))


class Qti12(Format):
    name, label, extension = "qti12", "QTI 1.2", "zip"

    def recognises(self, source: Source) -> bool:
        return _is_package_of(source, lambda name: name == "questestinterop")

    def read(self, source: Source) -> Draw:
        for document in documents(source):
            if isinstance(document, Refused):
                yield document
            elif document.root.name == "questestinterop":
                yield from asi.read_items(document.root, document.resolve, source=document.path)


class Qti21(WritableFormat):
    """QTI 2.1 and 2.2; written as 2.1."""

    name, label, extension = "qti21", "QTI 2.1", "zip"
    content_type = "application/zip"
    version = 2
    roots = frozenset({"assessmentItem", "assessmentTest"})

    def recognises(self, source: Source) -> bool:
        return _is_package_of(source, lambda name: name in self.roots)

    def read(self, source: Source) -> Draw:
        for document in documents(source):
            if isinstance(document, Refused):
                yield document
                continue
            root = as_version_2(document.root)
            if root.name == "assessmentItem":
                yield read_item(
                    root, document.resolve, source=document.path, meta=document.meta, stimulus=_stimulus(document, root)
                )
            elif root.name != "manifest":
                reason = f"This document is no item (its root is “{root.name[:40]}”)."
                yield Refused(line=root.line, title=root.get("title"), reason=reason, source=document.path)

    def write(self, items: Sequence[Outgoing]) -> tuple[bytes, list[Told]]:
        return write_package(items, version=self.version)


class Qti30(Qti21):
    name, label = "qti30", "QTI 3.0"
    version = 3
    roots = frozenset({"qti-assessment-item", "qti-assessment-test"})


def _stimulus(document: Document, root: Node) -> Callable[[Draft], str]:
    """How to read the text that the item shares with others, with the media beside that text."""

    def read(draft: Draft) -> str:
        reference = root.first("assessmentStimulusRef")
        if reference is None:
            return ""
        node = document.beside(reference.get("href"))
        if node is None:
            draft.note("the text shared with other questions is missing")
            return ""
        folder = reference.get("href").rpartition("/")[0]
        own = Draft(lambda address: document.resolve(f"{folder}/{address}" if folder else address))
        text = stimulus_text(as_version_2(node), own)
        draft.media |= own.media
        for note in own.notes:
            draft.note(note)
        return text

    return read
