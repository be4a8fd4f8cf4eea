"""What makes the file an archive copy (PDF/A-3, ISO 19005-3) that readers can speak (PDF/UA-1, ISO 14289-1):
metadata that says so, what its colours mean, and files inside it.
Canvas and document are `Any` here: reportlab's types leave this out.
"""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from PIL import ImageCms
from reportlab.pdfbase.pdfdoc import PDFObject

from certifications.pdf.objects import Dictionary, Stream, string

PRODUCER = "Laurel"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file inside the PDF, byte for byte. `name` is ASCII without a path, such as badge.json."""

    name: str
    media_type: str
    description: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class About:
    """What the document says of itself, in its Info and, the same, in XMP."""

    title: str
    author: str
    subject: str
    made_at: datetime


class Info(PDFObject):
    """The document information that `about` gives and nothing more: each entry stands in the XMP as well."""

    def __init__(self, about: About) -> None:
        self.about = about
        self.invariant = 1

    def digest(self, signature: Any) -> None:
        about = self.about
        signature.update("\0".join([about.title, about.author, about.subject, str(about.made_at)]).encode())

    def format(self, document: Any) -> bytes:
        about, date = self.about, string(pdf_date(self.about.made_at))
        members = {
            "Title": string(about.title),
            "Author": string(about.author),
            "Subject": string(about.subject),
            "Creator": string(PRODUCER),
            "Producer": string(PRODUCER),
            "CreationDate": date,
            "ModDate": date,
        }
        return Dictionary(members).format(document)


def pdf_date(at: datetime) -> str:
    """`at` is in UTC."""
    return f"D:{at:%Y%m%d%H%M%S}Z"


def archive(document: Any, about: About) -> dict[str, Any]:
    """Entries of the catalogue: metadata and the output intent."""
    document.info = Info(about)
    metadata = Stream({"Type": "/Metadata", "Subtype": "/XML"}, _xmp(about))
    profile = Stream({"N": 3, "Filter": "/FlateDecode"}, _srgb())
    intent = {
        "Type": "/OutputIntent",
        "S": "/GTS_PDFA1",
        "OutputConditionIdentifier": string("sRGB"),
        "Info": string("sRGB IEC61966-2.1"),
        "DestOutputProfile": document.Reference(profile),
    }
    return {
        "Metadata": document.Reference(metadata),
        "OutputIntents": [document.Reference(Dictionary(intent))],
    }


@cache
def _srgb() -> bytes:
    """The sRGB profile (ICC.1:2010) of LittleCMS, deflated once. Its date is blanked: equal files every day."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = (2020).to_bytes(2, "big") + (1).to_bytes(2, "big") * 2 + bytes(6)
    profile[84:100] = bytes(16)  # the profile's own hash: 0 is "not computed"
    return zlib.compress(bytes(profile), 9)


def attach(document: Any, attachments: Iterable[Attachment]) -> dict[str, Any]:
    """Entries of the catalogue for files inside, each associated with the whole document (/AF). None: no entries."""
    named: list[Any] = []
    references: list[Any] = []
    for attachment in sorted(attachments, key=lambda one: one.name):
        content = zlib.compress(attachment.content, 6)
        checksum = hashlib.md5(attachment.content, usedforsecurity=False).hexdigest()
        changed = pdf_date(document.info.about.made_at)
        members = {
            "Type": "/EmbeddedFile",
            "Subtype": "/" + attachment.media_type.replace("/", "#2F"),
            "Filter": "/FlateDecode",
            "Params": f"<</Size {len(attachment.content)} /CheckSum <{checksum}> /ModDate ({changed})>>",
        }
        stream = Stream(members, content)
        reference = document.Reference(stream)
        spec: dict[str, Any] = {
            "Type": "/Filespec",
            "F": string(attachment.name),
            "UF": string(attachment.name),
            "Desc": string(attachment.description),
            "AFRelationship": "/Data",
            "EF": Dictionary({"F": reference, "UF": reference}),
        }
        references.append(document.Reference(Dictionary(spec)))
        named += [string(attachment.name), references[-1]]
    if not named:
        return {}
    files = Dictionary({"EmbeddedFiles": Dictionary({"Names": named})})
    return {"Names": document.Reference(files), "AF": references}


def _xmp(about: About) -> bytes:
    """XMP (ISO 16684-1). PDF/A knows no namespace of PDF/UA, so that is described (ISO 19005-3, 6.6.2.3)."""
    at = f"{about.made_at:%Y-%m-%dT%H:%M:%SZ}"
    title, author, subject = (escape(_xml_text(text)) for text in (about.title, about.author, about.subject))
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool>
<xmp:CreateDate>{at}</xmp:CreateDate><xmp:ModifyDate>{at}</xmp:ModifyDate>
<pdf:Producer>{PRODUCER}</pdf:Producer>
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 the file conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>""".encode()


def _xml_text(text: str) -> str:
    """Without what XML 1.0 cannot carry: control characters, lone surrogates, U+FFFE and U+FFFF."""
    return "".join(
        character
        for character in text
        if character in "\t\n\r"
        or (character >= " " and not "\ud800" <= character <= "\udfff" and character < "\ufffe")
        or character > "\uffff"
    )
