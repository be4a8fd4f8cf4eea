"""A frozen lesson body as HTML: what is the same for everybody is rendered once and kept for some minutes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from cms.blocks import BodyBlock
from courses.models import Lesson
from lms.common.keeping import kept

BODY = BodyBlock()
KEEP_SECONDS = 300


@dataclass(frozen=True)
class Segment:
    """A stretch of HTML, or the code of the item that is asked at this place."""

    html: SafeString
    item: str = ""


def segments_of(lesson: Lesson, digest: str) -> list[Segment]:
    """The body in order. `digest` is the version's: with it, what is kept can never belong to another text."""
    key = f"cms.lesson.{digest}.{lesson.key}"
    return kept(key, KEEP_SECONDS, lambda: render_segments(BODY.to_python(lesson.body)))


def render_segments(body: Iterable[Any]) -> list[Segment]:
    """Renders a body's blocks; each knowledge check becomes a segment of its own, filled per person by the view."""
    segments: list[Segment] = []
    html: list[str] = []
    for block in body:
        if block.block_type == "knowledge_check":
            segments.append(Segment(html=_joined(html)))
            html = []
            item = block.value["item"]
            segments.append(Segment(_joined([]), item=item.code if item else ""))
        else:
            html.append(block.render())
    segments.append(Segment(html=_joined(html)))
    return [segment for segment in segments if segment.html or segment.item]


def _joined(parts: list[str]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308  block templates escape, rich text is cleaned
