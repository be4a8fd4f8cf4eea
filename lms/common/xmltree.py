"""The guard for XML from people: a small tree with line numbers, read by defusedxml within limits."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from lms.common.guards import UnsafeInput, check_text

MAX_BYTES = 20_000_000
MAX_DEPTH = 100
MAX_NODES = 200_000


@dataclass(slots=True, eq=False)
class Node:
    """One element: name and namespace apart, attributes by their local name, `text` before the first child."""

    name: str
    namespace: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Node]" = field(default_factory=list)
    text: str = ""
    tail: str = ""
    line: int = 0

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def all(self, name: str) -> "list[Node]":
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Node | None":
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def find(self, *path: str) -> "Node | None":
        """The element that a path of names leads to, by the first of each."""
        node: Node | None = self
        for name in path:
            node = node.first(name) if node else None
        return node

    def walk(self) -> "Iterator[Node]":
        """This element and all below it, in the document's order."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def words(self) -> str:
        """All text below, as it stands."""
        return self.text + "".join(child.words + child.tail for child in self.children)


class _Builder:
    """What the parser tells; refuses what is too deep or too much while it is read."""

    def __init__(self) -> None:
        self.parser: DefusedXMLParser | None = None
        self.root: Node | None = None
        self.open: list[Node] = []
        self.last: Node | None = None
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAX_NODES or len(self.open) >= MAX_DEPTH:
            raise UnsafeInput(f"The XML has more than {MAX_NODES} elements or is nested more than {MAX_DEPTH} deep.")
        namespace, _, name = tag.rpartition("}")
        local = {key.rpartition("}")[2]: check_text(value) for key, value in attributes.items()}
        line = self.parser.parser.CurrentLineNumber if self.parser else 0
        node = Node(name, namespace.removeprefix("{"), local, line=line)
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.root = node
        self.open.append(node)
        self.last = None

    def end(self, tag: str) -> None:
        self.last = self.open.pop()

    def data(self, text: str) -> None:
        if self.last is not None:
            self.last.tail += text
        elif self.open:
            self.open[-1].text += text

    def close(self) -> "Node | None":
        return self.root


def load_xml(data: bytes, *, max_bytes: int = MAX_BYTES) -> Node:
    """The root of a document, comments and instructions left out.

    Raises UnsafeInput for more than `max_bytes`, 100 levels or 200,000 elements, for any document type, entity or
    external reference, and for what is not well formed (with line and column).
    """
    if len(data) > max_bytes:
        raise UnsafeInput(f"The XML has {len(data)} bytes; at most {max_bytes} are read.")
    builder = _Builder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    builder.parser = parser
    try:
        parser.feed(data)
        root: Node | None = parser.close()
    except DefusedXmlException as error:
        raise UnsafeInput("The XML has a document type or entities of its own, which are not read.") from error
    except ParseError as error:
        line, column = error.position
        raise UnsafeInput(f"The XML is not well formed at line {line}, column {column + 1}.") from error
    except (ValueError, LookupError) as error:
        raise UnsafeInput("The XML is in an encoding that is not read.") from error
    if root is None:
        raise UnsafeInput("The XML has no element.")
    return root
