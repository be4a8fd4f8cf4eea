"""Typefaces of the certificate, and which of them can show a character.

The fonts are variable TrueType fonts (Source Serif 4, Noto; SIL Open Font License) from the justmytype packages.
HarfBuzz reads them where they lie, shapes with an instance of them and cuts small static fonts out of them.
"""

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path

import uharfbuzz as hb

UNITS = 1000  # of a PDF glyph space per em


@dataclass(frozen=True)
class Face:
    """One instance of a variable font, such as Source Serif 4 at weight 600."""

    package: str
    file: str
    axes: tuple[tuple[str, float], ...]

    @cached_property
    def hb_face(self) -> hb.Face:
        return _open(self.package, self.file)

    @cached_property
    def hb_font(self) -> hb.Font:
        font = hb.Font(self.hb_face)
        font.set_variations(dict(self.axes))
        return font

    @cached_property
    def _widths(self) -> dict[int, float]:
        return {}

    def width(self, glyph: int) -> float:
        """Of a glyph, in PDF glyph units. Asked of HarfBuzz once: every page has the same letters."""
        widths = self._widths
        if glyph not in widths:
            widths[glyph] = self.hb_font.get_glyph_h_advance(glyph) * self.scale
        return widths[glyph]

    @property
    def scale(self) -> float:
        """PDF glyph units per font unit."""
        return UNITS / float(self.hb_face.upem)

    @property
    def postscript_name(self) -> str:
        """As PDF wants it: no blanks, the instance named by its axes."""
        family = Path(self.file).name.split("[")[0]
        return family + "".join(f"-{tag}{value:g}" for tag, value in self.axes)

    @cached_property
    def box(self) -> int:
        """The glyph that stands for a letter no face has: an empty box, never the face's own "undefined", which PDF/A
        forbids."""
        return int(self.hb_font.get_nominal_glyph(ord("\u25a1")) or self.hb_font.get_nominal_glyph(ord("?")) or 0)

    def covers(self, text: str) -> bool:
        return all(ord(character) in _characters(self.package, self.file) for character in text)


@cache
def _open(package: str, file: str) -> hb.Face:
    return hb.Face(hb.Blob.from_file_path(str(files(package) / "fonts" / "ofl" / file)))


@cache
def _characters(package: str, file: str) -> frozenset[int]:
    return frozenset(_open(package, file).unicodes)


@dataclass(frozen=True)
class Typeface:
    """The faces a text is set in, best first: what the first cannot show, the next one that can does."""

    faces: tuple[Face, ...]

    def face_for(self, text: str) -> Face:
        """The first face that shows all of `text` (a letter with its marks); the last, which draws a box for what it
        has not, when none does."""
        return next((face for face in self.faces if face.covers(text)), self.faces[-1])


_CJK = {
    "ja": "notosansjp/NotoSansJP[wght].ttf",
    "ko": "notosanskr/NotoSansKR[wght].ttf",
    "zh-hant": "notosanstc/NotoSansTC[wght].ttf",
    "zh": "notosanssc/NotoSansSC[wght].ttf",
}
_REGION = {"JP": "ja", "KR": "ko", "TW": "zh-hant", "HK": "zh-hant", "MO": "zh-hant", "CN": "zh", "SG": "zh"}
_OTHER_SCRIPTS = (
    ("justmytype_intl_rtl", "notosansarabic/NotoSansArabic[wdth,wght].ttf"),
    ("justmytype_intl_rtl", "notosanshebrew/NotoSansHebrew[wdth,wght].ttf"),
    ("justmytype_intl_south_asia", "notosansdevanagari/NotoSansDevanagari[wdth,wght].ttf"),
    ("justmytype_intl_south_asia", "notosansbengali/NotoSansBengali[wdth,wght].ttf"),
    ("justmytype_intl_south_asia", "notosanstamil/NotoSansTamil[wdth,wght].ttf"),
    ("justmytype_intl_south_asia", "notosanstelugu/NotoSansTelugu[wdth,wght].ttf"),
    ("justmytype_intl_sea", "notosansthai/NotoSansThai[wdth,wght].ttf"),
    ("justmytype_intl_sea", "notosanslao/NotoSansLao[wdth,wght].ttf"),
    ("justmytype_intl_sea", "notosanskhmer/NotoSansKhmer[wdth,wght].ttf"),
    ("justmytype_intl_sea", "notosansmyanmar/NotoSansMyanmar[wdth,wght].ttf"),
)


@lru_cache(maxsize=4096)
def han_language(text: str, country: str) -> str:
    """Whose drawing of Han characters `text` wants, as a key of the East Asian fonts (Unicode, ch. 18.1).

    Kana and hangul tell by themselves; a name in Han alone follows the country (ISO 3166-1).
    """
    if any("\u3040" <= character <= "\u30ff" for character in text):
        return "ja"
    if any("\uac00" <= character <= "\ud7a3" for character in text):
        return "ko"
    return _REGION.get(country, "zh")


@cache
def typeface(*, serif: bool, weight: int, optical_size: int, han: str) -> Typeface:
    """A book face or a plain one for Latin, Greek and Cyrillic, then Noto for other scripts. `weight` 100 to 900;
    `optical_size` in points, 8 to 60, draws large letters finer."""
    western = "justmytype_western_core"
    weights = (("wght", float(weight)),)
    optical = (*weights, ("opsz", float(optical_size)))
    return Typeface(
        (
            *([Face(western, "sourceserif4/SourceSerif4[opsz,wght].ttf", optical)] if serif else []),
            Face(western, f"{'notoserif/NotoSerif' if serif else 'notosans/NotoSans'}[wdth,wght].ttf", weights),
            *(Face(package, file, weights) for package, file in _OTHER_SCRIPTS),
            *(Face("justmytype_intl_cjk", _CJK[tag], weights) for tag in sorted(_CJK, key=lambda tag: tag != han)),
            Face(western, "notosanssymbols2/NotoSansSymbols2-Regular.ttf", ()),
        )
    )
