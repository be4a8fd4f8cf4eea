"""Opening a master PDF: what is refused, how its pages lie, and what is taken out of it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NullObject,
    PdfObject,
    RectangleObject,
)

from lms.assets.branding.errors import MasterUnusable
from lms.assets.branding.template import MM, Size

MAX_BYTES = 50_000_000
MAX_PAGES = 200
_MAX_NODES = 20 * MAX_PAGES  # of the page tree: forged ones go round
_MAY_BE_NULL = (
    *("/AcroForm", "/Perms", "/Names", "/Rotate", "/UserUnit", "/Resources", "/Annots", "/Contents"),
    *("/MediaBox", "/CropBox", "/TrimBox", "/BleedBox", "/ArtBox"),
)
_MAX_SIDE = 5000 * MM  # as far as a zone can lie
_MIN_SIDE = 10 * MM
_TURNS = ("/NextPage", "/PrevPage", "/FirstPage", "/LastPage")
_PLAYED = ("/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D")
_BROKEN = (
    *(PyPdfError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError),
    *(RecursionError, NotImplementedError, AssertionError, OSError),
)


@contextmanager
def reading() -> Iterator[None]:
    """Whatever pypdf says of a file that is not as the standard has it becomes MasterUnusable."""
    try:
        yield
    except _BROKEN as error:
        raise MasterUnusable(
            "This PDF is broken, or a page of it is too large. Export it anew from the program it was made with."
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Lie:
    """How a page lies in its file. `left`, `bottom`, `width`, `height`: its trim box in user space; `turn`: clockwise,
    as readers show it; `unit`: points per unit of user space; `bleed`: points on every side that the master has."""

    left: float
    bottom: float
    width: float
    height: float
    turn: int
    unit: float
    bleed: float

    @property
    def size(self) -> Size:
        """Of the trimmed page as it is seen."""
        sides = (self.width, self.height) if self.turn % 180 == 0 else (self.height, self.width)
        return Size(sides[0] * self.unit / MM, sides[1] * self.unit / MM)

    def matrix(self, margin: float) -> tuple[float, float, float, float, float, float]:
        """From an overlay's points to user space. The overlay is `margin` points larger than the page on all sides."""
        scale = 1 / self.unit
        right, top = self.left + self.width, self.bottom + self.height
        a, b, c, d, e, f = {
            0: (1, 0, 0, 1, self.left, self.bottom),
            90: (0, 1, -1, 0, right, self.bottom),
            180: (-1, 0, 0, -1, right, top),
            270: (0, -1, 1, 0, self.left, top),
        }[self.turn]
        return (
            a * scale,
            b * scale,
            c * scale,
            d * scale,
            e - (a + c) * margin * scale,
            f - (b + d) * margin * scale,
        )

    def outer(self, points: float) -> RectangleObject:
        """The trim box, so many points larger on every side."""
        more = points / self.unit
        return RectangleObject(
            (self.left - more, self.bottom - more, self.left + self.width + more, self.bottom + self.height + more)
        )


def open_master(data: bytes) -> PdfReader:
    """The reader of a master. Raises MasterUnusable for what no copy can be made of, in words for its author."""
    if len(data) > MAX_BYTES:
        raise MasterUnusable(f"The PDF has more than {MAX_BYTES // 1_000_000} MB.")
    with reading():
        reader = PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise MasterUnusable("The PDF is encrypted. Save it without a password and without restrictions.")
        _drop_nulls(reader.root_object)
        count = _count_pages(reader.root_object)
        if count <= MAX_PAGES:
            for page in reader.pages:
                lie_of(page)
        has_signature = _is_signed(reader.root_object)
    if not 1 <= count <= MAX_PAGES:
        has = f"{count} pages" if count <= MAX_PAGES else f"more than {MAX_PAGES} pages"
        raise MasterUnusable(f"The PDF has {has}; 1 to {MAX_PAGES} can be used.")
    if has_signature:
        raise MasterUnusable("The PDF is signed; a copy would break its signature. Use the unsigned file.")
    return reader


def _drop_nulls(node: DictionaryObject) -> None:
    """An entry whose value is null is the same as none (ISO 32000-1, 7.3.7): pypdf takes it for a value."""
    for name in _MAY_BE_NULL:
        if name in node and isinstance(_resolved(node.raw_get(name)), NullObject):
            node.pop(name)


def _count_pages(root: DictionaryObject) -> int:
    """The leaves of the page tree, at most one more than can be used, whatever `/Count` says. Nulls are dropped."""
    waiting: list[PdfObject] = [_resolved(root.get("/Pages"))]
    count = looked = 0
    while waiting and count <= MAX_PAGES:
        looked += 1
        if looked > _MAX_NODES:
            raise MasterUnusable("The pages of this PDF lie in a tree that has no end. Export it anew.")
        node = _resolved(waiting.pop())
        if not isinstance(node, DictionaryObject):
            continue
        _drop_nulls(node)
        kids = _resolved(node.get("/Kids"))
        if _resolved(node.get("/Type")) != "/Page" and isinstance(kids, ArrayObject):
            waiting.extend(reversed(kids[: _MAX_NODES + 1]))
        else:
            count += 1
    return count


def lie_of(page: PageObject) -> Lie:
    """Where the page's trim box lies. Raises MasterUnusable for a box that is none."""
    media = _box(page.mediabox)
    trim = _within(_box(page.trimbox), media)
    bleed = _within(_box(page.bleedbox), media)
    turn = int(page.rotation) % 360
    unit = float(page.user_unit)
    width, height = trim[2] - trim[0], trim[3] - trim[1]
    is_number = all(math.isfinite(number) for number in (*trim, unit)) and unit > 0
    if not is_number or not all(_MIN_SIDE <= side * unit <= _MAX_SIDE for side in (width, height)):
        raise MasterUnusable("A page of the PDF is too small, too large, or has no proper size.")
    if turn % 90:
        raise MasterUnusable("A page of the PDF is turned by an angle that is none of 0, 90, 180, 270.")
    room = (trim[0] - bleed[0], trim[1] - bleed[1], bleed[2] - trim[2], bleed[3] - trim[3])
    return Lie(
        left=trim[0],
        bottom=trim[1],
        width=width,
        height=height,
        turn=turn,
        unit=unit,
        bleed=max(0.0, min(room)) * unit,
    )


def make_harmless(reader: PdfReader) -> None:
    """Takes out what acts by itself and what is not seen: scripts, actions other than links, files inside, films.

    Links within the file and to http, https and mailto stay. All objects that the file leads to are looked at, wherever
    they stand, in the reader's memory, before the copy is written: what nothing leads to any more is not written.
    """
    root = reader.root_object
    for name in ("/OpenAction", "/Metadata", "/Collection", "/URI", "/Requirements"):
        root.pop(name, None)
    _without(root.get("/Names"), "/JavaScript", "/EmbeddedFiles", "/Renditions")
    _without(root.get("/AcroForm"), "/XFA", "/CO")
    waiting: list[PdfObject] = [root]
    seen: set[tuple[int, int]] = set()
    while waiting:
        found = waiting.pop()
        if isinstance(found, IndirectObject):
            key = (found.idnum, found.generation)
            if key not in seen:
                seen.add(key)
                waiting.append(_resolved(found))
        elif isinstance(found, DictionaryObject):
            _quieten(found)
            waiting.extend(found.values())
        elif isinstance(found, ArrayObject):
            waiting.extend(found)


def _without(found: PdfObject | None, *names: str) -> None:
    known = _resolved(found)
    if isinstance(known, DictionaryObject):
        for name in names:
            known.pop(name, None)


def _resolved(found: PdfObject | None) -> Any:
    known = None if found is None else found.get_object()
    return NullObject() if known is None else known


def _quieten(found: DictionaryObject) -> None:
    """Of one object: no triggers, no files, no actions but harmless ones, no annotations that play or carry."""
    for name in ("/AA", "/AF", "/EF", "/RF", "/PA", "/RichMediaContent", "/RichMediaSettings"):
        found.pop(name, None)
    for name in ("/A", "/Next"):
        action = _resolved(found.get(name))
        if _is_action(action) and not _is_harmless(action):
            found.pop(name)
    if "/S" in found and isinstance(_resolved(found.get("/Next")), ArrayObject):
        found.pop("/Next")
    annotations = _resolved(found.get("/Annots"))
    if isinstance(annotations, ArrayObject):
        annotations[:] = [one for one in annotations if _subtype(one) not in _PLAYED]


def _is_action(found: PdfObject) -> bool:
    """Attributes of structure elements stand under the same name; an action says what it does."""
    return isinstance(found, DictionaryObject) and isinstance(_resolved(found.get("/S")), NameObject)


def _is_harmless(action: Any) -> bool:
    kind = _resolved(action.get("/S"))
    if kind == "/URI":
        return str(_resolved(action.get("/URI"))).strip().lower().startswith(("http://", "https://", "mailto:"))
    return kind == "/GoTo" or (kind == "/Named" and _resolved(action.get("/N")) in _TURNS)


def _subtype(annotation: PdfObject) -> Any:
    known = _resolved(annotation)
    return _resolved(known.get("/Subtype")) if isinstance(known, DictionaryObject) else NullObject()


def _is_signed(root: DictionaryObject) -> bool:
    form = _resolved(root.get("/AcroForm"))
    flags: Any = _resolved(form.get("/SigFlags")) if isinstance(form, DictionaryObject) else 0
    return (isinstance(flags, int) and bool(flags & 1)) or "/Perms" in root


def _box(box: RectangleObject) -> tuple[float, float, float, float]:
    xs, ys = sorted((float(box[0]), float(box[2]))), sorted((float(box[1]), float(box[3])))
    return xs[0], ys[0], xs[1], ys[1]


def _within(
    box: tuple[float, float, float, float], media: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """Boxes reach no further than the medium (ISO 32000-1, 14.11.2)."""
    return max(box[0], media[0]), max(box[1], media[1]), min(box[2], media[2]), min(box[3], media[3])
