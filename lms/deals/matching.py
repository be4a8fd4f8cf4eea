"""When two customers are the same: keys of names and domains. Pure; similarity of keys is the database's matter.

Two registrations are of the same customer when their name keys and countries, or their domain keys, are equal.
"""

import re
import unicodedata

# Legal forms, without dots and in lower case. They say what a company is, not which.
_FORMS = """
ab ag aps as asa bhd bv co coltd company corp corporation cv dd doo eg eirl eood gbr gesmbh gmbh gmbhcokg hf
inc incorporated jsc kft kg kgaa kk limited llc llp lp ltd ltda ltdsti mbh nv ood oy oyj pjsc plc pte ptyltd
pty pt pvt rt sa sab sadecv sarl sas sasu sdn se sl slu sp spa spzoo srl sro sti tbk uab ug zoo zrt ооо оао
зао пао ао еоод оод ад ае επε 株式会社 有限会社 合同会社 有限公司 股份有限公司 주식회사 αε
"""
_GLUED_FORMS = re.compile("株式会社|有限会社|合同会社|股份有限公司|有限公司|주식회사|\\(주\\)|㈱")
# Letters of other scripts that look like Latin ones, after case folding (Unicode TR 39 lists them all; these are the
# ones a whole company name can be written with).
_LOOKALIKES = str.maketrans("авсенһіјкӏмоԛрѕтуѵхԝ" + "αβεηικνορτυχ", "abcehhijklmoqpstyvxw" + "abehiknoptux")
_LETTERS = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W_]+")
# What stands within a word: O'Neill, B.I.G.
_GLUE = re.compile(r"(?<=\w)[.'’](?=\w)")
_POSSESSIVE = re.compile(r"['’]s\b")
# Scripts that put no blanks between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese), or glue endings to names
# (Korean).
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_PART = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"^({_PART}\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]{{2,63}}(?<!-)$")
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ne", "net", "nom", "or", "org"})
# Addresses of people, not of a company: they tell nothing about the customer.
_OF_PEOPLE = """
126.com 163.com aol.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com
mail.ru me.com msn.com naver.com outlook.com proton.me protonmail.com qq.com t-online.de web.de yahoo.com
yandex.ru facebook.com instagram.com linkedin.com
"""
_SHARED_DOMAINS = frozenset(_OF_PEOPLE.split())
MAX_KEY = 200


def _plain(text: str) -> str:
    """One form for all ways to write the same letters: NFKC, no accents, no invisible characters, case folded."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    decomposed = unicodedata.normalize("NFD", text)
    # Accents of Latin, Greek and Cyrillic letters go; the marks of other scripts are letters.
    bare = "".join(c for c in decomposed if not (unicodedata.combining(c) and ord(c) < 0x370))
    return unicodedata.normalize("NFC", bare).replace("ø", "o").replace("ł", "l")


def _latin(word: str) -> str:
    """A word that is written wholly, or beside Latin letters, in lookalikes becomes the Latin word it looks like."""
    swapped = word.translate(_LOOKALIKES)
    return swapped if all(ord(letter) < 0x250 for letter in _LETTERS.findall(swapped)) else word


_LEGAL_FORMS = frozenset(_latin(_plain(form)) for form in _FORMS.split())


def name_key(name: str) -> str:
    """What two ways to write one company's name have in common: "ACME", "Acme GmbH" and "acme.com" are "acme".

    Never empty for a name with a letter or a digit: a name that is all legal form keeps it.
    """
    text = _plain(name).strip()
    if _DOMAIN.match(text):
        text = domain_key(text).split(".")[0] or text
    text = _GLUED_FORMS.sub(" ", text).replace("&", " ").replace("+", " ")
    text = _GLUE.sub("", text)
    words = [_latin(word) for word in _WORD.findall(text)]
    kept = _significant(text)
    while len(kept) > 1 and kept[-1] in _LEGAL_FORMS:
        kept.pop()
    if not kept:
        kept = words or _WORD.findall(_plain(name))
    return " ".join(kept)[:MAX_KEY]


def domain_key(domain: str) -> str:
    """The registered part of a domain or of an address of a page: "https://www.shop.acme.co.uk/x" is "acme.co.uk".

    Empty for what is no domain, and for domains whose addresses belong to people (gmail.com). The public suffix is
    told by a rule of thumb: a country's domain below a short second level (co.uk, com.br) has three parts.
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", domain)).strip().casefold()
    text = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text)
    text = re.split(r"[/?#\s]", text, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].strip(".")
    try:
        text = text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    if len(text) > MAX_KEY or not _DOMAIN.match(text):
        return ""
    parts = text.split(".")
    length = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL else 2
    registered = ".".join(parts[-length:])
    return "" if registered in _SHARED_DOMAINS else registered


def mentions(text: str, *, name: str, domain: str = "") -> bool:
    """Whether a text names a company, in any way of writing that has its key, or its domain. Short and inflected forms
    are not told: they are a person's to find.
    """
    names = [name_key(name), " ".join(_WORD.findall(domain_key(domain).partition(".")[0]))]
    plain = _plain(text)
    forms = {plain, _GLUE.sub("", plain), _GLUE.sub("", _POSSESSIVE.sub("", plain))}
    return any(_says(form, one) for form in forms for one in names if one)


def _says(plain: str, key: str) -> bool:
    """Whether the words of the key stand in the text, one after the other. Those of a script without blanks stand
    anywhere in it.
    """
    if _UNSPACED.search(key) and len(key) > 1:
        return key.replace(" ", "") in "".join(_significant(plain))
    return f" {key} " in f" {' '.join(_significant(_UNSPACED.sub(' ', plain)))} "


def _significant(plain: str) -> list[str]:
    """The words that a key is made of."""
    return [word for word in map(_latin, _WORD.findall(plain)) if word != "and"]
