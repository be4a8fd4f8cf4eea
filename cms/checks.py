"""System checks: what must never be built into a page."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, Tags, register
from wagtail.blocks import Block, RichTextBlock
from wagtail.fields import StreamField

from cms.blocks import TextBlock

FORBIDDEN = {"RawHTMLBlock", "EmbedBlock", "TableBlock"}  # by name: two of them stand in apps that are not installed


def shows_markup(block: Block) -> bool:
    """Whether the block shows what an author typed as markup without `clean_html`."""
    names = {cls.__name__ for cls in type(block).__mro__}
    return bool(names & FORBIDDEN) or (isinstance(block, RichTextBlock) and not isinstance(block, TextBlock))


def blocks_below(block: Block) -> Iterator[Block]:
    """The block and all blocks inside it."""
    yield block
    children = getattr(block, "child_blocks", None)
    for child in children.values() if children else [block.child_block] if hasattr(block, "child_block") else []:
        yield from blocks_below(child)


@register(Tags.security)
def no_unclean_blocks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """No StreamField holds raw HTML, embeds or tables of markup, and all rich text is of the kind that is cleaned."""
    found: list[CheckMessage] = []
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, StreamField):
                found += [
                    Error(f"{field} holds a {type(block).__name__}, which shows markup uncleaned.", id="cms.E001")
                    for block in blocks_below(field.stream_block)
                    if shows_markup(block)
                ]
    return found
