"""Why a file is not taken, and what to do about it: words for who uploads one. Pure.

`contents` decides; this only explains, of a file that is refused already, so it may look at it as long as it takes.
"""

import io
import warnings

from PIL import Image

from lms.assessments.formats.media import MAX_MEDIUM_BYTES, MAX_PIXELS, PICTURES, sniff
from lms.common.archives import Archive
from lms.common.guards import UnsafeInput
from lms.common.xmltree import Node, load_xml

MAX_DRAWING_BYTES = 1_000_000  # what `sniff` reads of a drawing
MEGAPIXELS = MAX_PIXELS // 1_000_000
_MB = 1_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Office before 2007, and newer files behind a password
_MACROS = {"docm": "docx", "dotm": "docx", "xlsm": "xlsx", "xltm": "xlsx", "xlsb": "xlsx", "pptm": "pptx"}
_OLD = {"doc": "docx", "xls": "xlsx", "ppt": "pptx"}
_OTHERS = {"mov": "mp4", "avi": "mp4", "mkv": "mp4", "heic": "jpg", "tiff": "png", "tif": "png", "bmp": "png"}
_INSTEAD = {**_MACROS, **_OLD, **_OTHERS, "potm": "pptx", "ppsm": "pptx", "pps": "pptx", "ppsx": "pptx", "eps": "pdf"}
_SOUNDS = frozenset({"mp3", "ogg", "wav", "m4a"})
_LOADS = frozenset({"use", "image"})
_RUNS = frozenset({"script", "foreignobject", "iframe", "embed", "object", "handler"})


def too_large(what: str, size: int, most: int) -> str:
    """In MB, rounded up to a tenth: never the size that is still taken."""
    return f"The {what} has {-(-size // 100_000) / 10:.1f} MB; at most {most // _MB} MB are taken."


def of_name(said: str, taken: list[str]) -> str:
    """Of a file whose name ends in what is not taken."""
    if said in _SOUNDS:
        return "Sound files are not taken. Make it a video (.mp4), or put it into a presentation."
    reason = "Documents with macros are not taken." if said in {*_MACROS, "potm", "ppsm"} else ""
    if said in _INSTEAD:
        return f"{reason or f'Files called .{said} are not taken.'} Save it as .{_INSTEAD[said]} and choose that one."
    return f"Files of this kind are not taken. Choose one of: {', '.join(taken)}."


def of_archive(archive: Archive, said: str) -> str:
    """Of an office document that is none of those taken."""
    if any(name.lower().rpartition("/")[2].startswith("vbaproject") for name in archive):
        instead = _MACROS.get(said, said)
        return (
            f"The document holds macros, which are not taken. Save it as .{instead} without macros and choose that one."
        )
    return f"The content of this .{said} is no document that is known here. Save it as PDF and choose that one."


def of_content(data: bytes, said: str) -> str:
    """Of bytes that are no archive, by what the name says they should be."""
    if data.startswith(_OLE):
        return (
            "The file is of an old Office format, or behind a password."
            " Save it as .docx, .xlsx or .pptx without a password and choose that one."
        )
    medium = sniff(data)
    if medium is not None and medium.extension in _SOUNDS:
        return of_name(medium.extension, [])
    if said == "svg":
        return _of_drawing(data)
    if problem := _of_picture(data):
        return problem
    if said in {"txt", "csv", "html"}:
        return _of_text(data, said)
    return (
        f"The file is called .{said}, but its content is something else, or damaged."
        " Open it to see whether it is whole, and save it again."
    )


def _of_picture(data: bytes) -> str:
    """Empty for what is no picture that can be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(PICTURES)) as picture:
                width, height = picture.size
    except Image.DecompressionBombError:
        return f"The picture has far more than the {MEGAPIXELS} megapixels that are taken. Make it smaller."
    except Exception:  # Pillow raises whatever its readers run into
        return ""
    if width * height > MAX_PIXELS:
        has = f"{width * height / _MB:.1f} megapixels ({width} × {height})"
        return f"The picture has {has}; at most {MEGAPIXELS} are taken. Make it smaller, 6000 pixels wide for example."
    if len(data) > MAX_MEDIUM_BYTES:
        large = too_large("picture", len(data), MAX_MEDIUM_BYTES)
        return f"{large} Make it smaller, save a photograph as JPEG, or put it into a .zip."
    return "The picture is damaged: its beginning can be read, but not all of it. Export it again."


def _of_drawing(data: bytes) -> str:
    if len(data) > MAX_DRAWING_BYTES:
        large = too_large("drawing", len(data), MAX_DRAWING_BYTES)
        return f"{large} Take pictures out of it, or export it as PNG or PDF."
    try:
        root = load_xml(data)
    except UnsafeInput as error:
        return f"The drawing cannot be read. {error.message} Export it as plain SVG, or as PNG or PDF."
    if root.name != "svg":
        return "The file is called .svg, but its content is no drawing. Export it again."
    return _of_node(next((node for node in root.walk() if _what(node)), root))


def _what(node: Node) -> str:
    """What in an element of a drawing is not taken: its name, or that of an attribute; empty for a harmless one."""
    if node.name.lower() in _LOADS | _RUNS:
        return f"<{node.name}>"
    return next((name for name in node.attributes if name.lower() == "href" or name.lower().startswith("on")), "")


def _of_node(node: Node) -> str:
    what = _what(node)
    where = f"The drawing has {what} in line {node.line}, which is not taken because it can"
    if what.lower() == "href" or node.name.lower() in _LOADS:
        return (
            f"{where} load something else. Turn symbols, clones and linked pictures into paths in your drawing"
            " program, or export it as PNG or PDF."
        )
    return f"{where} run a program. Export it as plain SVG, or as PNG or PDF."


def _of_text(data: bytes, said: str) -> str:
    if not data.strip():
        return "There is nothing in the file but blanks."
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        how = "In Excel choose “CSV UTF-8” when you save it." if said == "csv" else "Save it with the encoding UTF-8."
        return f"The text is not in UTF-8: line {line} has signs in another encoding. {how}"
    return "The text holds control characters, so it is no plain text. Save it as plain text in UTF-8."
