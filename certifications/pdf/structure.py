"""Tags: the order and the meaning of what stands on the page (ISO 32000-1, 14.7 and 14.8; PDF/UA-1).

Everything drawn is either inside an element, which readers speak, or an artifact, which they pass over.
Canvas and document are `Any` here: reportlab's types leave out what tagging needs of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from certifications.pdf.objects import Dictionary, string

Box = tuple[float, float, float, float]
_LATER_PAGES = 1_000_000


class Structure:
    """The structure tree of a document, built while its pages are drawn, one after the other."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.annotations: list[Any] = []
        self._document = canvas._doc
        self._root = Dictionary({"Type": "/StructTreeRoot"})
        self._top = Dictionary({"Type": "/StructElem", "S": "/Document", "P": self._refer(self._root)})
        self._open: list[tuple[Dictionary, list[Any]]] = [(self._top, [])]
        self._marked: list[Any] = []
        self._owners: list[Any] = []
        self._turned: list[list[Any]] = []

    @property
    def page_number(self) -> int:
        """1, 2, …"""
        return len(self._turned) + 1

    @property
    def page_key(self) -> int:
        """The page's entry in the parent tree: 0 for the first, behind all annotations for the others."""
        return len(self._turned) and _LATER_PAGES + len(self._turned)

    def turn_page(self) -> None:
        """What is drawn from now on stands on the next page."""
        self._turned.append(self._marked)
        self._marked, self.annotations = [], []

    @contextmanager
    def group(self, kind: str) -> Iterator[None]:
        """Elements made inside belong to one of `kind`: a Table, a TR."""
        element, children = self._begin(kind, "", None)
        yield
        element["K"] = children
        self._open.pop()

    def _refer(self, thing: Any) -> Any:
        return self._document.Reference(thing)

    @contextmanager
    def element(self, kind: str, *, alt: str = "", box: Box | None = None) -> Iterator[None]:
        """What is drawn inside is one element of `kind` (P, H1, Figure, TD). A figure needs `alt` and its `box`; a TH
        is the head of its column."""
        element, _ = self._begin(kind, alt, box)
        if kind == "TH":
            element["A"] = Dictionary({"O": "/Table", "Scope": "/Column"})
        self._open.pop()
        number = len(self._marked)
        element["K"] = number
        self._marked.append(self._refer(element))
        self.canvas._code.append(f"/{kind} <</MCID {number}>> BDC")
        yield
        self.canvas._code.append("EMC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """What is drawn inside is decoration."""
        self.canvas._code.append("/Artifact BMC")
        yield
        self.canvas._code.append("EMC")

    @contextmanager
    def link(self, url: str, *, says: str, box: Box) -> Iterator[None]:
        """What is drawn inside leads to `url`; `says` is what a reader speaks of it."""
        action = Dictionary({"S": "/URI", "URI": string(url)})
        with self.annotation("Link", {"A": action, "Border": "[0 0 0]", "F": 4}, says=says, box=box):
            yield

    @contextmanager
    def annotation(self, kind: str, members: dict[str, Any], *, says: str, box: Box) -> Iterator[Any]:
        """An annotation and the element it belongs to: Link, or Form for a field."""
        element, children = self._begin(kind, "", None)
        subtype = "/Widget" if kind == "Form" else f"/{kind}"
        annotation = Dictionary(
            {
                "Type": "/Annot",
                "Subtype": subtype,
                "Rect": _numbers(box),
                "P": self._document.thisPageRef(),
                "Contents": string(says),
                "StructParent": len(self._owners) + 1,
                **members,
            }
        )
        reference = self._refer(annotation)
        self._owners.append(self._refer(element))
        self.annotations.append(reference)
        yield reference
        page = self._document.thisPageRef()
        children.append(Dictionary({"Type": "/OBJR", "Obj": reference, "Pg": page}))
        element["K"] = children
        self._open.pop()

    def _begin(self, kind: str, alt: str, box: Box | None) -> tuple[Dictionary, list[Any]]:
        parent, siblings = self._open[-1]
        members: dict[str, Any] = {
            "Type": "/StructElem",
            "S": f"/{kind}",
            "P": self._refer(parent),
            "Pg": self._document.thisPageRef(),
        }
        if alt:
            members["Alt"] = string(alt)
        if box:
            members["A"] = Dictionary({"O": "/Layout", "Placement": "/Block", "BBox": _numbers(box)})
        element = Dictionary(members)
        siblings.append(self._refer(element))
        self._open.append((element, []))
        return self._open[-1]

    def close(self) -> Any:
        """The root, for the catalogue. The first page's content is entry 0 of the parent tree, annotations are the next
        ones, and later pages come last."""
        first, *later = [*self._turned, self._marked]
        numbers: list[Any] = [0, first]
        for number, owner in enumerate(self._owners, 1):
            numbers += [number, owner]
        for number, content in enumerate(later, _LATER_PAGES + 1):
            numbers += [number, content]
        self._top["K"] = self._open[0][1]
        self._root["K"] = [self._refer(self._top)]
        self._root["ParentTree"] = self._refer(Dictionary({"Nums": numbers}))
        self._root["ParentTreeNextKey"] = (_LATER_PAGES + len(later) if later else len(self._owners)) + 1
        return self._refer(self._root)


def _numbers(box: Box) -> str:
    return "[" + " ".join(f"{number:.2f}" for number in box) + "]"
