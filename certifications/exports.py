"""Forms in which a credential leaves the house. Apps above add theirs when they start: certifications knows none of
them, and needs none to work."""

from collections.abc import Callable
from dataclasses import dataclass

from certifications.models import Credential
from certifications.pdf import Attachment

Render = Callable[[Credential], bytes | None]


@dataclass(frozen=True, kw_only=True)
class Format:
    """`render` gives the file of a credential, or None while it cannot be had yet (a badge that waits for its key).
    With `attached_as` (a file name) it also goes into the certificate's PDF, byte for byte."""

    name: str
    media_type: str
    label: str
    render: Render
    attached_as: str = ""


_formats: dict[str, Format] = {}


def register_format(wanted: Format) -> None:
    """Adds a format; the same name again replaces it."""
    _formats[wanted.name] = wanted


def formats() -> dict[str, Format]:
    """By name, in the order they were added."""
    return dict(_formats)


def attachments_of(credential: Credential) -> list[Attachment]:
    """What the PDF of a credential carries: of each format that is attached, what can be had now."""
    rendered = ((one, one.render(credential)) for one in _formats.values() if one.attached_as)
    return [
        Attachment(name=one.attached_as, media_type=one.media_type, description=one.label, content=content)
        for one, content in rendered
        if content is not None
    ]
