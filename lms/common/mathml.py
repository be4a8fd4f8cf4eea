"""Formulas: LaTeX becomes MathML on the server, and MathML from people is rebuilt from a list of harmless elements."""

import html
import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import DefusedXMLParser, ParseError
from latex2mathml.converter import convert

Put = Callable[[str], str]
MAX_LATEX = 2_000
MAX_MATHML = 50_000
MAX_DEPTH = 60
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
# Presentation MathML Core (w3.org/TR/mathml-core) without what links, embeds or acts.
ELEMENTS = frozenset(
    [
        "math",
        "mrow",
        "mfrac",
        "msqrt",
        "mroot",
        "mstyle",
        "merror",
        "mpadded",
        "mphantom",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "ms",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mmultiscripts",
        "mprescripts",
        "none",
        "mtable",
        "mtr",
        "mtd",
        "menclose",
        "mfenced",
        "semantics",
        "annotation",
    ]
)
ATTRIBUTES = frozenset(
    [
        "display",
        "mathvariant",
        "dir",
        "displaystyle",
        "scriptlevel",
        "form",
        "fence",
        "separator",
        "stretchy",
        "symmetric",
        "maxsize",
        "minsize",
        "largeop",
        "movablelimits",
        "accent",
        "accentunder",
        "lspace",
        "rspace",
        "width",
        "height",
        "depth",
        "linethickness",
        "columnalign",
        "rowalign",
        "columnspan",
        "rowspan",
        "columnlines",
        "rowlines",
        "open",
        "close",
        "separators",
        "notation",
        "encoding",
        "xmlns",
    ]
)
TEX = "application/x-tex"
_VALUE = re.compile(r"[\w\s.,%#+()\[\]{}|/:∥⟨⟩⌈⌉⌊⌋-]{0,60}")
_LATEX = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$", re.DOTALL)
_MATH = re.compile(r"<math[\s>].*?</math\s*>", re.DOTALL | re.IGNORECASE)
_ANNOTATED = re.compile(rf'<annotation encoding="{TEX}">(.*?)</annotation>', re.DOTALL)


def is_formula(text: str) -> bool:
    """Whether a text holds a formula in LaTeX or MathML."""
    return bool(_LATEX.search(text) or _MATH.search(text))


def replace_formulas(text: str, put: Put) -> str:
    r"""The text with each formula (``\(...\)``, ``\[...\]``, ``$$...$$`` or a math element) as `put` returns it.

    What cannot be read as a formula is left as it stands, for the HTML policy to deal with.
    """

    def mathml(found: re.Match[str]) -> str:
        clean = clean_mathml(found[0])
        return put(clean) if clean else found[0]

    def latex(found: re.Match[str]) -> str:
        is_block = found[1] is None
        clean = latex_to_mathml(html.unescape(next(part for part in found.groups() if part)), is_block=is_block)
        return put(clean) if clean else found[0]

    return _LATEX.sub(latex, _MATH.sub(mathml, text))


def latex_to_mathml(latex: str, *, is_block: bool = False) -> str:
    """MathML with the LaTeX as its annotation; empty when it is no formula or too long."""
    latex = latex.strip()
    if not latex or len(latex) > MAX_LATEX:
        return ""
    try:
        made = convert(latex, display="block" if is_block else "inline")
    except Exception:
        return ""
    inner = made.partition(">")[2].rpartition("</math>")[0]
    display = ' display="block"' if is_block else ""
    source = f'<annotation encoding="{TEX}">{html.escape(latex, quote=False)}</annotation>'
    return clean_mathml(f'<math xmlns="{NAMESPACE}"{display}><semantics>{inner}{source}</semantics></math>')


def mathml_to_latex(text: str) -> str:
    r"""The text with each formula that was written in LaTeX as ``\(...\)`` or ``\[...\]`` again: for editing."""

    def back(found: re.Match[str]) -> str:
        source = _ANNOTATED.search(found[0])
        if source is None:
            return found[0]
        marks = (r"\[", r"\]") if 'display="block"' in found[0].partition(">")[0] else (r"\(", r"\)")
        return marks[0] + source[1] + marks[1]

    return _MATH.sub(back, text)


def clean_mathml(text: str) -> str:
    """The formula rebuilt from known elements and attributes; empty when it is not well formed or anything else in it.

    Built anew and escaped by us, not filtered: nothing of the given markup is passed on.
    """
    if len(text) > MAX_MATHML:
        return ""
    source = re.sub(r"&(?!amp;|lt;|gt;|quot;|apos;|#)(\w+;)", lambda found: html.unescape(found[0]), text)
    try:
        parser = DefusedXMLParser(forbid_dtd=True)
        parser.feed(source)
        return _written(parser.close(), 0)
    except (ParseError, ValueError, RecursionError):
        return ""


def _written(element: Element, depth: int) -> str:
    """Raises ValueError for an element that is not on the list or nested too deep."""
    name = str(element.tag).removeprefix(f"{{{NAMESPACE}}}").lower()
    if name not in ELEMENTS or depth > MAX_DEPTH:
        raise ValueError(name)
    if name == "annotation" and element.get("encoding") != TEX:
        return ""
    attributes = "".join(
        f' {key}="{html.escape(value)}"'
        for key, value in sorted(element.attrib.items())
        if key in ATTRIBUTES and key != "xmlns" and (_VALUE.fullmatch(value) or value == TEX)
    )
    inner = html.escape(_tidy(element.text), quote=False)
    for child in element:
        inner += _written(child, depth + 1) + html.escape(_tidy(child.tail), quote=False)
    return f"<{name}{attributes}>{inner}</{name}>"


def _tidy(text: str | None) -> str:
    """Line breaks between elements mean nothing in MathML."""
    return " ".join((text or "").split()) if (text or "").strip() else ""
