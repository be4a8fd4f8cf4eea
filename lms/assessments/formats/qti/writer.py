"""Items written as a content package of QTI 2.1 or 3.0."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from lms.assessments.formats.base import Outgoing, Told, Unreadable
from lms.assessments.formats.outgoing import Writing
from lms.assessments.formats.qti.bodies import body_of
from lms.assessments.formats.qti.elements import base, condition, el, set_value, values, variable
from lms.assessments.formats.qti.names import QTI21, QTI30
from lms.assessments.formats.qti.parts import Body
from lms.assessments.formats.qti.xhtml import to_xml
from lms.assessments.items.base import Key
from lms.common.xmltree import Node

_WHEN = (2026, 1, 1, 0, 0, 0)  # the same items make the same bytes
_PACKAGE = {2: "http://www.imsglobal.org/xsd/imscp_v1p1", 3: "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"}
_LOM = "http://ltsc.ieee.org/xsd/LOM"


def write_package(items: Sequence[Outgoing], *, version: int) -> tuple[bytes, list[Told]]:
    """A zip with a manifest, one document for each item, and their media."""
    told, resources, files = [], [], {}
    for number, item in enumerate(items, start=1):
        name = f"item-{number:05}"
        writing = _Item(item)
        try:
            document = writing.document(name, version)
        except Unreadable as error:
            told.append(Told(code=item.code, type=item.type, notes=(str(error),), is_refused=True))
            continue
        files[f"items/{name}.xml"] = document
        files |= {f"items/{path}": data for path, data in writing.files.items()}
        resources.append(_resource(item, name, sorted(writing.files), version))
        told.append(Told(code=item.code, type=item.type, notes=tuple(writing.notes)))
    files["imsmanifest.xml"] = _manifest(resources, version)
    return _zipped(files), told


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items(), key=lambda file: (file[0] != "imsmanifest.xml", file[0])):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


class _Item(Writing):
    """One item's document, and the media it shows."""

    def __init__(self, item: Outgoing) -> None:
        super().__init__(item, self._place)
        self.files: dict[str, bytes] = {}

    def _place(self, digest: str) -> str:
        medium = self.item.medium(digest)
        if medium is None:
            self.note("a file of the question is gone")
            return ""
        path = f"media/{digest[:32]}.{medium.extension}"
        self.files[path] = medium.data
        return path

    def document(self, name: str, version: int) -> bytes:
        body = body_of(self, self.item.content, self.item.key)
        root = el("assessmentItem", identifier=name, title=self.item.code, adaptive=False, timeDependent=False)
        root.attributes = {"xmlns": QTI30 if version == 3 else QTI21, **root.attributes}
        processing, feedback = self._with_feedback(body, self.item.key)
        root.children = [
            *body.responses,
            *body.outcomes,
            _number("SCORE", "0"),
            _number("MAXSCORE", f"{body.most:f}"),
            *self._declared(self.item.key),
            el("itemBody", *body.nodes),
            processing,
            *feedback,
        ]
        if version == 3:
            for node in feedback:
                inner = el("contentBody", *node.children, text=node.text)
                node.children, node.text = [inner], ""
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{to_xml(root, version=version)}\n'.encode()

    def _declared(self, key: Key) -> list[Node]:
        named = {"OUTCOME": key.if_right or key.if_partly or key.if_wrong, "SOLUTION": key.general, "HINT": key.hints}
        return [
            el("outcomeDeclaration", identifier=name, cardinality="single", baseType="identifier")
            for name, text in named.items()
            if text
        ]

    def _with_feedback(self, body: Body, key: Key) -> tuple[Node, list[Node]]:
        """The processing with the rules that bring up feedback, and the feedback itself."""
        rules, shown = list(body.rules), [*body.feedback]
        by_outcome = {"right": key.if_right, "partly": key.if_partly, "wrong": key.if_wrong}
        if any(by_outcome.values()):
            is_right = el("gte", variable("SCORE"), variable("MAXSCORE"))
            is_partly = el("gt", variable("SCORE"), base("float", "0"))
            branches = zip((is_right, is_partly, None), by_outcome, strict=True)
            rules.append(
                condition(*((asked, [set_value("OUTCOME", base("identifier", name))]) for asked, name in branches))
            )
            shown += [self.feedback("OUTCOME", name, text) for name, text in by_outcome.items() if text]
        if key.general:
            rules.append(set_value("SOLUTION", base("identifier", "solution")))
            shown.append(self.feedback("SOLUTION", "solution", key.general))
        shown += [self.feedback("HINT", f"hint{number}", hint) for number, hint in enumerate(key.hints, start=1)]
        return el("responseProcessing", *rules), shown

    def feedback(self, outcome: str, name: str, text: str) -> Node:
        return el("modalFeedback", html=self.html(text), outcomeIdentifier=outcome, identifier=name, showHide="show")


def _number(name: str, default: str) -> Node:
    default_value = values("defaultValue", [default])
    return el("outcomeDeclaration", default_value, identifier=name, cardinality="single", baseType="float")


def _resource(item: Outgoing, name: str, files: Sequence[str], version: int) -> str:
    words = [*item.meta.as_tags, *([f"topic:{item.meta.topic}"] if item.meta.topic else [])]
    keywords = "".join(f"<keyword><string>{escape(word)}</string></keyword>" for word in words)
    lom = f'<metadata><lom xmlns="{_LOM}"><general>{keywords}</general></lom></metadata>' if keywords else ""
    kind = "imsqti_item_xmlv3p0" if version == 3 else "imsqti_item_xmlv2p1"
    own = f"items/{name}.xml"
    listed = "".join(f"<file href={quoteattr(path)}/>" for path in [own, *(f"items/{path}" for path in files)])
    return f'<resource identifier="{name}" type="{kind}" href="{own}">{lom}{listed}</resource>'


def _manifest(resources: Sequence[str], version: int) -> bytes:
    schema = ("QTI Package", "3.0.0") if version == 3 else ("QTIv2.1 Package", "1.0.0")
    inner = "".join(resources)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest xmlns="{_PACKAGE[version]}" identifier="items"><metadata><schema>{schema[0]}</schema>'
        f"<schemaversion>{schema[1]}</schemaversion></metadata><organizations/>"
        f"<resources>{inner}</resources></manifest>\n"
    ).encode()
