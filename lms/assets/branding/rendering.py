"""A page of a PDF as dots, drawn by PDFium in a process of its own: a page that takes too much ends that process only.

The child gets the wish as a line of JSON and then the PDF, and answers with a line of JSON and then the dots (RGBA).
This file is run as the child too, so it imports nothing of the platform but the error, and that not there.
"""

import json
import subprocess
import sys

from PIL import Image

TIME_LIMIT = 15  # seconds
MEMORY_LIMIT = 3 * 2**30  # bytes of address space
MAX_DOTS = 60_000_000
_TOO_MANY = 3  # the child's exit status


def draw(pdf: bytes, *, page: int, scale: float | None, see_through: bool, width: int) -> Image.Image:
    """The page (from 0), upright; without `scale` about `width` dots wide, and three times as high at most.

    Raises MasterUnusable: no such page, broken, too large, or not drawn within the limits; DrawingBusy when too many
    are drawn at once.
    """
    from lms.assets.branding.errors import MasterUnusable
    from lms.assets.branding.slots import place

    wish = {"page": page, "scale": scale, "see_through": see_through, "width": width}
    try:
        with place():
            done = subprocess.run(  # noqa: S603  our own file, the PDF goes through a pipe
                [sys.executable, "-I", __file__],
                input=json.dumps(wish).encode() + b"\n" + pdf,
                capture_output=True,
                timeout=TIME_LIMIT,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise MasterUnusable("This page takes too long to draw. Make it simpler, or use it as a picture.") from error
    if done.returncode == _TOO_MANY:
        raise MasterUnusable("This page has too many dots to be drawn.")
    if done.returncode != 0:
        raise MasterUnusable("This page cannot be shown.")
    head, _, dots = done.stdout.partition(b"\n")
    return Image.frombytes("RGBA", tuple(json.loads(head)), dots)


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (TIME_LIMIT, TIME_LIMIT))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _child() -> int:
    import pypdfium2

    head, _, pdf = sys.stdin.buffer.read().partition(b"\n")
    wish = json.loads(head)
    _limit()
    with pypdfium2.PdfDocument(pdf) as document:
        shown = document[wish["page"]]
        wide, high = max(shown.get_width(), 1.0), max(shown.get_height(), 1.0)
        factor = wish["scale"] or min(wish["width"] / wide, wish["width"] * 3 / high)
        if wide * high * factor * factor > MAX_DOTS:
            return _TOO_MANY
        see_through = wish["see_through"]
        ground = (0, 0, 0, 0) if see_through else (255, 255, 255, 255)
        dots = shown.render(scale=factor, fill_color=ground, rev_byteorder=True, maybe_alpha=see_through)
        picture = dots.to_pil().convert("RGBA")
        sys.stdout.buffer.write(json.dumps(picture.size).encode() + b"\n" + picture.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(_child())
