"""XHTML inside QTI to HTML, and cleaned HTML to XHTML."""

import html
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from xml.sax.saxutils import escape, quoteattr

from lms.assessments.formats.qti.names import MATHML, PREFIX, kebab
from lms.common.xmltree import Node

Special = Mapping[str, Callable[[Node], str]]
VOID = {"br", "hr", "img", "col", "wbr", "source"}
# Elements of QTI, by their version 2 names, that 3.0 leaves as HTML has them.
_PLAIN = frozenset(["object", "param", "math"])


def to_html(node: Node, special: Special) -> str:
    """What stands inside an element. What is named in `special` is written by it; unknown QTI is unwrapped."""
    return html.escape(node.text, quote=False) + "".join(_element(child, special) for child in node.children)


def _element(node: Node, special: Special) -> str:
    tail = html.escape(node.tail, quote=False)
    if node.name in special:
        return special[node.name](node) + tail
    if node.name == "object":
        return _object(node) + tail
    if node.namespace == MATHML or node.name.islower():
        attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in node.attributes.items())
        if node.name in VOID:
            return f"<{node.name}{attributes}>{tail}"
        return f"<{node.name}{attributes}>{to_html(node, special)}</{node.name}>{tail}"
    return to_html(node, special) + tail


def _object(node: Node) -> str:
    """An object element as the picture or the sound that it embeds; its content stands for it in words."""
    words = html.escape(" ".join(node.words.split()))
    source = html.escape(node.get("data"))
    size = "".join(f' {name}="{html.escape(node.get(name))}"' for name in ("width", "height") if node.get(name))
    if node.get("type").startswith("image/"):
        return f'<img src="{source}" alt="{words}"{size}>'
    return f'<audio controls src="{source}"></audio>{words}'


class _Reader(HTMLParser):
    """Builds nodes from cleaned HTML, which is balanced."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root")
        self.open = [self.root]
        self.last: Node | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs if name != "rel"}
        node = Node(tag, MATHML if tag == "math" or self.open[-1].namespace == MATHML else "", attributes)
        self.open[-1].children.append(node)
        self.last = node
        if tag not in VOID:
            self.open.append(node)
            self.last = None

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1 and self.open[-1].name == tag:
            self.last = self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.last is not None:
            self.last.tail += data
        else:
            self.open[-1].text += data


def from_html(text: str) -> Node:
    """A nameless element with the nodes of a cleaned HTML text in it."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.root


def fill(node: Node, text: str) -> Node:
    """Puts a cleaned HTML text into an element, before what is in it."""
    inner = from_html(text)
    node.text = inner.text
    node.children = [*inner.children, *node.children]
    return node


def to_xml(node: Node, *, version: int, outer: str = "") -> str:
    """The element as XML in the names of a version; namespaces are declared where they change."""
    is_qti = not node.namespace and not _is_html(node)
    name = PREFIX + kebab(node.name) if is_qti and version == 3 else node.name
    attributes = {
        (kebab(key) if is_qti and version == 3 and key != "xmlns" else key): value
        for key, value in node.attributes.items()
    }
    if node.namespace == MATHML and outer != MATHML:
        attributes["xmlns"] = MATHML
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    inner = escape(node.text) + "".join(
        to_xml(child, version=version, outer=node.namespace) + escape(child.tail) for child in node.children
    )
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def _is_html(node: Node) -> bool:
    return node.name in _PLAIN or node.name in HTML_NAMES


HTML_NAMES = frozenset(
    [
        "p",
        "br",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "pre",
        "blockquote",
        "hr",
        "b",
        "strong",
        "i",
        "em",
        "code",
        "a",
        "sub",
        "sup",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "caption",
        "img",
        "audio",
        "u",
        "s",
        "dl",
        "dt",
        "dd",
        "figure",
        "figcaption",
        "bdi",
        "div",
        "span",
    ]
)
