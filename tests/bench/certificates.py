"""Certificates per CPU-second: ours tagged, with the badge attached and signed; WeasyPrint's and fpdf2's the same page
unsigned and untagged.

Each tool draws the same words, wreath and code for the same names, in turns, so that a noisy machine slows all alike.
The other two are in the dependency group "bench": `pip install --group bench`.
"""

import argparse
import html
import importlib.util
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROUNDS = 5
BADGE = b'{"@context":[],"type":["VerifiableCredential","OpenBadgeCredential"],"name":"' + b"x" * 3000 + b'"}'


def ours() -> Callable[[str, str], bytes]:
    """As `services.certificate_pdf` draws it, with a key already parsed and nothing kept."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from certifications.pdf import Attachment, Seal, Signer, draw_certificate
    from certifications.services import signing
    from tests.certifications.test_pdf import snapshot

    at = datetime.now(UTC)
    key, name = ec.generate_private_key(ec.SECP256R1()), signing._name("Bench")
    certificate = signing._certificate(name, key, name, key, at, is_authority=False)
    seal = Seal(signer=Signer(key=key, certificate=certificate), at=at)
    badge = Attachment(name="badge.json", media_type="application/vc", description="Open Badge", content=BADGE)

    def draw(name: str, number: str) -> bytes:
        return draw_certificate(
            snapshot(name), credential_id=number, verify_url=address(number), attachments=[badge], seal=seal
        )

    return draw


def address(number: str) -> str:
    return f"https://partners.halden.example/verify/{number}/"


def fonts(folder: Path) -> dict[str, Path]:
    """Static fonts for the others: cutting a variable one for each page would be their handicap, not their speed."""
    import uharfbuzz as hb

    from certifications.pdf.faces import typeface

    made = {}
    for name, is_serif in (("serif", True), ("sans", False)):
        face = typeface(serif=is_serif, weight=400, optical_size=12, han="zh").faces[0]
        wanted = hb.SubsetInput()
        axes = dict(face.axes)
        for axis in face.hb_face.axis_infos:
            if axis.tag in axes:
                wanted.pin_axis_location(face.hb_face, axis.tag, axes[axis.tag])
            else:
                wanted.pin_axis_to_default(face.hb_face, axis.tag)
        wanted.unicode_set.update(code for code in face.hb_face.unicodes if code < 0x2200)
        made[name] = folder / f"{name}.ttf"
        made[name].write_bytes(hb.subset(face.hb_face, wanted).blob.data)
    return made


def wreath_svg() -> str:
    """The same wreath as a path."""
    from certifications.pdf.wreath import wreath_code

    out: list[str] = []
    stack: list[str] = []
    for word in wreath_code().split():
        if word in {"m", "l", "c"}:
            out.append(word.upper() + " ".join(stack))
            stack = []
        elif word in {"h", "f", "S", "w", "J"}:
            stack = []
        else:
            stack.append(word)
    return "".join(out)


def weasyprint(faces: dict[str, Path]) -> Callable[[str, str], bytes]:
    import segno
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    config = FontConfiguration()
    style = CSS(
        string=f"""
        @font-face {{ font-family: Book; src: url("{faces["serif"].as_uri()}")}}
        @font-face {{ font-family: Plain; src: url("{faces["sans"].as_uri()}")}}
        @page {{ size: A4 landscape; margin: 0; background: #faf9f6 }}
        body {{ font-family: Plain; text-align: center; color: #59615c }}
        svg.wreath {{ width: 90pt; margin-top: 60pt }}
        h1 {{ font: 600 40pt Book; color: #1b1f1d; margin: 8pt }} h2 {{ font: 600 21pt Plain; color: #1f6f54 }}
        footer {{ position: absolute; bottom: 50pt; left: 64pt; right: 64pt; font-size: 9pt; text-align: left }}
        footer svg {{ position: absolute; right: 0; bottom: 0; width: 62pt; height: 62pt }}
        """,
        font_config=config,
    )
    wreath = wreath_svg()

    def draw(name: str, number: str) -> bytes:
        code = io.BytesIO()
        segno.make(address(number), error="m").save(code, kind="svg", xmldecl=False, svgns=True)
        page = f"""<html lang="en"><title>Certificate</title><body>
        <svg class="wreath" viewBox="-1.2 -1.2 2.4 2.4"><path transform="scale(1,-1)" fill="#b07d1a" d="{wreath}"/></svg>
        <p>Halden Partners</p><p style="font-family:Book">This certifies that</p><h1>{html.escape(name)}</h1>
        <p style="font-family:Book">has earned the certification</p><h2>Halden Certified Engineer</h2>
        <p>Sizes and protects storage without help.</p>
        <footer>Issued <b>16 November 2026</b> Valid until <b>16 November 2028</b> Issued by <b>Halden</b><br>
        Check this certificate at <a href="{address(number)}">{address(number)}</a><br>Certificate {number}
        {code.getvalue().decode()}</footer></body></html>"""
        document = HTML(string=page).write_pdf(stylesheets=[style], font_config=config)
        return bytes(document)

    return draw


def fpdf2(faces: dict[str, Path]) -> Callable[[str, str], bytes]:
    import segno
    from fpdf import FPDF

    def draw(name: str, number: str) -> bytes:
        pdf: Any = FPDF("landscape", "pt", "A4")
        pdf.add_page()
        pdf.add_font("book", fname=faces["serif"])
        pdf.add_font("plain", fname=faces["sans"])
        pdf.set_fill_color(250, 249, 246)
        pdf.rect(0, 0, pdf.w, pdf.h, style="F")
        for family, size, y, words in [
            ("plain", 9.5, 200, "Halden Partners"),
            ("book", 12.5, 230, "This certifies that"),
            ("book", 40, 280, name),
            ("book", 12.5, 320, "has earned the certification"),
            ("plain", 21, 350, "Halden Certified Engineer"),
            ("plain", 11, 372, "Sizes and protects storage without help."),
            ("plain", 9, 500, "Issued 16 November 2026   Valid until 16 November 2028   Issued by Halden"),
            ("plain", 9, 515, f"Check this certificate at {address(number)}"),
            ("plain", 9, 530, f"Certificate {number}"),
        ]:
            pdf.set_font(family, size=size)
            pdf.text((pdf.w - pdf.get_string_width(words)) / 2, y, words)
        pdf.set_fill_color(27, 31, 29)
        for row, cells in enumerate(segno.make(address(number), error="m").matrix):
            for column, cell in enumerate(cells):
                if cell:
                    pdf.rect(716 + column * 1.6, 480 + row * 1.6, 1.6, 1.6, style="F")
        return bytes(pdf.output())

    return draw


def cpu(draw: Callable[[str, str], bytes], names: list[str]) -> float:
    """CPU seconds for one certificate of each name."""
    start = time.process_time()
    for number, name in enumerate(names):
        assert draw(name, f"bench{number:017d}").startswith(b"%PDF")
    return time.process_time() - start


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench certificates", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="of ours in each of five rounds; a tenth of the others'")
    options = parser.parse_args(arguments)
    os.environ.setdefault("LAUREL_TESTING", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    import django

    django.setup()
    tools = {"laurel, signed": ours()}
    folder = tempfile.TemporaryDirectory(prefix="laurel-bench-")
    faces = fonts(Path(folder.name))
    for label, module, make in [("weasyprint", "weasyprint", weasyprint), ("fpdf2", "fpdf", fpdf2)]:
        if importlib.util.find_spec(module):
            tools[label] = make(faces)
        else:
            print(f"{label} is not installed: pip install --group bench")
    rates: dict[str, list[float]] = {label: [] for label in tools}
    for round_number in range(ROUNDS + 1):
        for label, draw in tools.items():
            count = options.count if label.startswith("laurel") else max(3, options.count // 10)
            names = [f"Ann Example {round_number}-{number}" for number in range(count)]
            seconds = cpu(draw, names)
            if round_number:  # the first warms up caches of fonts
                rates[label].append(count / seconds)
    own = statistics.median(rates["laurel, signed"])
    print(f"{'tool':<16} {'per CPU-second':>14} {'ours is':>10}   (median of {ROUNDS} rounds)")
    for label, measured in rates.items():
        middle = statistics.median(measured)
        print(f"{label:<16} {middle:>14.1f} {own / middle:>9.1f}×")
    folder.cleanup()
