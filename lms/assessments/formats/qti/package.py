"""QTI files and content packages: which documents they hold, and where the files beside them are."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from lms.assessments.formats.base import NO_META, Meta, Refused, Source
from lms.assessments.formats.drafts import Resolve
from lms.common.archives import Archive
from lms.common.guards import UnsafeInput
from lms.common.xmltree import Node, load_xml

MANIFEST = "imsmanifest.xml"
_ITEMS = ("imsqti_item_", "imsqti_xmlv", "imsqti_assessment_", "assessment/x-bb-qti")


@dataclass(frozen=True)
class Document:
    """One XML document of a package. `resolve` leads from an address in it to the bytes it means."""

    path: str
    root: Node
    resolve: Resolve
    meta: Meta = NO_META
    beside: Callable[[str], Node | None] = lambda _: None


def manifest_path(archive: Archive) -> str:
    """The manifest nearest to the top; empty when there is none."""
    found = [name for name in archive if posixpath.basename(name) == MANIFEST and not name.startswith("__MACOSX/")]
    return min(found, key=lambda name: (name.count("/"), name), default="")


def first_root(source: Source) -> str:
    """The name of the first question document's root: what the format is known by. Empty for files of other kinds."""
    if source.archive is None:
        return source.root.name if source.root is not None else ""
    if "first" not in source.memo:
        found = (one.root.name for one in documents(source) if isinstance(one, Document))
        source.memo["first"] = next(found, "")
    return str(source.memo["first"])


def documents(source: Source) -> Iterator[Document | Refused]:
    """The question documents in the manifest's order; those that cannot be read are refused one by one."""
    archive = source.archive
    if archive is None:
        if source.root is not None:
            yield Document("", source.root, lambda _: None)
        return
    for path, meta in _paths(archive):
        try:
            yield _document(archive, path, meta)
        except (KeyError, UnsafeInput) as error:
            reason = (
                error.message if isinstance(error, UnsafeInput) else "The file is named by the manifest, but missing."
            )
            yield Refused(line=1, title=posixpath.basename(path), reason=reason, source=path)


def _document(archive: Archive, path: str, meta: Meta) -> Document:
    folder = posixpath.dirname(path)

    def resolve(address: str) -> bytes | None:
        name = inside(folder, address)
        return archive.read(name) if name in archive else None

    def beside(address: str) -> Node | None:
        name = inside(folder, address)
        return load_xml(archive.read(name)) if name in archive else None

    return Document(path, load_xml(archive.read(path)), resolve, meta, beside)


def inside(folder: str, address: str) -> str:
    """The name in the archive that a relative address means; empty when it leads elsewhere."""
    path = unquote(address.partition("#")[0].partition("?")[0])
    if "://" in path or path.startswith("/") or ":" in path.partition("/")[0]:
        return ""
    name = posixpath.normpath(posixpath.join(folder, path))
    return "" if name.startswith("..") else name


def _paths(archive: Archive) -> Iterator[tuple[str, Meta]]:
    manifest = manifest_path(archive)
    if not manifest:
        yield from ((name, Meta()) for name in archive if name.lower().endswith(".xml") and "__MACOSX" not in name)
        return
    folder = posixpath.dirname(manifest)
    for node in load_xml(archive.read(manifest)).walk():
        if node.name != "resource" or not node.get("type").lower().startswith(_ITEMS):
            continue
        file = node.first("file")
        path = inside(folder, node.get("href") or (file.get("href") if file else ""))
        if path:
            yield path, _meta(node)


def _meta(resource: Node) -> Meta:
    """Topic and tags from the keywords of a resource's metadata (LOM)."""
    tags, topic = [], ""
    for node in resource.walk():
        if node.name == "keyword":
            words = " ".join(node.words.split())
            if words.startswith("topic:"):
                topic = words.removeprefix("topic:").strip()
            else:
                tags.append(words)
    return Meta.from_tags(topic[:100], tags)
