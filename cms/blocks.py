"""What pages and lessons are made of. No raw HTML and no embeds: every text from people passes `clean_html`."""

from collections import Counter
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.safestring import SafeString
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock
from wagtail.images.exceptions import InvalidFilterSpecError
from wagtail.images.models import SourceImageIOError
from wagtail.rich_text import RichText, expand_db_html

from cms.choosers import AssetChooserBlock, ItemChooserBlock
from lms.assets.models import Asset, State
from lms.common.html import clean_html
from lms.partners.models import today

FEATURES = ["h2", "h3", "bold", "italic", "code", "ol", "ul", "blockquote", "link"]
SHORT_FEATURES = ["bold", "italic", "code", "ol", "ul", "link"]
PICTURE_FILTER = "max-1040x1400|format-webp|webpquality-82"
POSTER_FILTER = "max-1040x780|format-webp|webpquality-78"


class CleanText(RichText):
    """Rich text that can only be shown cleaned."""

    def __html__(self) -> SafeString:
        return clean_html(expand_db_html(self.source))


class TextBlock(blocks.RichTextBlock):
    """Rich text, cleaned whenever it is shown, however it came in."""

    def __init__(self, features: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(features=features or FEATURES, **kwargs)

    def to_python(self, value: str) -> CleanText:
        return CleanText(value)

    def normalize(self, value: Any) -> CleanText:
        return CleanText(value.source if isinstance(value, RichText) else value)

    def value_from_form(self, value: str) -> CleanText:
        return CleanText(value)

    def render_basic(self, value: RichText, context: dict[str, Any] | None = None) -> SafeString:
        return CleanText(value.source).__html__()

    class Meta:
        icon = "pilcrow"


class ThreePointsBlock(blocks.StructBlock):
    """What a seller must know, and not more (R111): exactly three."""

    problem = blocks.CharBlock(max_length=300)
    solution = blocks.CharBlock(max_length=300, label="How we solve it")
    contact = blocks.CharBlock(max_length=300, label="Whom to call")

    class Meta:
        icon = "list-ol"
        template = "cms/blocks/three_points.html"


class ImageBlock(blocks.StructBlock):
    image = ImageChooserBlock()
    alt = blocks.CharBlock(max_length=300, label="In words", help_text="What it shows, for who cannot see it")
    caption = blocks.CharBlock(max_length=300, required=False)

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        context["rendition"] = rendition(value.get("image"), PICTURE_FILTER)
        return context

    class Meta:
        icon = "image"
        template = "cms/blocks/image.html"


def rendition(image: Any, spec: str) -> Any:
    """The image at the size of a lesson's column; None when there is no image or its file is gone."""
    try:
        return image and image.get_rendition(spec)
    except (SourceImageIOError, InvalidFilterSpecError):
        return None


class CalloutBlock(blocks.StructBlock):
    tone = blocks.ChoiceBlock(
        choices=[("info", "Good to know"), ("warning", "Warning"), ("do_not_say", "Do not say")], default="info"
    )
    title = blocks.CharBlock(max_length=150, required=False)
    text = TextBlock(features=SHORT_FEATURES)

    class Meta:
        icon = "info-circle"
        template = "cms/blocks/callout.html"


class CodeBlock(blocks.StructBlock):
    language = blocks.CharBlock(max_length=30, required=False)
    code = blocks.TextBlock(rows=8)

    class Meta:
        icon = "code"
        template = "cms/blocks/code.html"


class FoldBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=150)
    text = TextBlock(features=SHORT_FEATURES)

    class Meta:
        icon = "collapse-down"


class DownloadBlock(blocks.StructBlock):
    file = DocumentChooserBlock()
    title = blocks.CharBlock(max_length=150)

    class Meta:
        icon = "download"
        template = "cms/blocks/download.html"


class VideoBlock(blocks.StructBlock):
    """A video kept here. Captions and a transcript are not optional."""

    title = blocks.CharBlock(max_length=150)
    file = DocumentChooserBlock(help_text="WebM or MP4")
    captions = DocumentChooserBlock(help_text="WebVTT")
    poster = ImageChooserBlock(required=False)
    transcript = TextBlock(features=SHORT_FEATURES)

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        wrong = {}
        if value["file"].file_extension.lower() not in {"webm", "mp4"}:
            wrong["file"] = ValidationError("A video is a WebM or MP4 file.")
        if value["captions"].file_extension.lower() != "vtt":
            wrong["captions"] = ValidationError("Captions are a WebVTT file (.vtt).")
        if wrong:
            raise blocks.StructBlockValidationError(wrong)
        return value

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        context["poster"] = rendition(value.get("poster"), POSTER_FILTER)
        return context

    class Meta:
        icon = "media"
        template = "cms/blocks/video.html"


class KnowledgeCheckBlock(blocks.StructBlock):
    item = ItemChooserBlock(label="Question")

    class Meta:
        icon = "help"
        template = "cms/blocks/knowledge_check.html"


def _may_hear_of(asset: Asset, request: HttpRequest | None) -> bool:
    """Whether the reader of the page is among those whom the asset is for. One query for a page."""
    if request is None:
        return True  # the editor's own drawing
    kept: set[int] | None = request.__dict__.get("_assets_aimed_at")
    if kept is None:
        kept = set(Asset.objects.aimed_at(request.user).values_list("pk", flat=True))
        request.__dict__["_assets_aimed_at"] = kept
    return asset.pk in kept


class AssetBlock(blocks.StructBlock):
    """A link to an asset of the library. While partners cannot have it, what is coming stands in its place; who is not
    among those it is for sees nothing."""

    asset = AssetChooserBlock()

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        asset = value.get("asset")
        if asset is not None and not _may_hear_of(asset, (parent_context or {}).get("request")):
            asset = None
        state = asset and asset.state_on(today())
        context["asset"] = asset
        context["is_available"], context["is_gone"] = state == State.AVAILABLE, state in {State.RETIRED, State.EXPIRED}
        return context

    class Meta:
        icon = "doc-full"
        template = "cms/blocks/asset.html"


class BodyBlock(blocks.StreamBlock):
    """What stands in a lesson or an article."""

    rich_text = TextBlock(label="Text")
    three_points = ThreePointsBlock()
    image = ImageBlock()
    callout = CalloutBlock()
    code = CodeBlock()
    accordion = blocks.ListBlock(FoldBlock(), icon="collapse-down", template="cms/blocks/accordion.html")
    download = DownloadBlock()
    asset = AssetBlock()
    video = VideoBlock()
    knowledge_check = KnowledgeCheckBlock()


class LessonBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=200)
    slug = blocks.RegexBlock(
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=100,
        label="Address",
        help_text="Small letters, digits and hyphens; unique in the course",
        error_messages={"invalid": "Use small letters, digits and single hyphens."},
    )
    minutes = blocks.IntegerBlock(min_value=1, max_value=60, help_text="Ten or less is what people finish")
    body = BodyBlock(min_num=1)

    class Meta:
        icon = "doc-full"
        label_format = "{title}"


class LessonsBlock(blocks.StreamBlock):
    lesson = LessonBlock()


class ResourceBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=150)
    text = blocks.CharBlock(max_length=300, required=False)
    url = blocks.URLBlock(required=False)


class ModuleBlock(blocks.StructBlock):
    """Opens with objectives, closes with resources (R81)."""

    title = blocks.CharBlock(max_length=200)
    objectives = blocks.ListBlock(blocks.CharBlock(max_length=200), min_num=1)
    lessons = LessonsBlock(min_num=1)
    resources = blocks.ListBlock(ResourceBlock(), default=[])

    class Meta:
        icon = "list-ul"
        label_format = "{title}"


class ModulesBlock(blocks.StreamBlock):
    """The modules of a course. Lesson addresses are unique through all of them."""

    module = ModuleBlock()

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        slugs = Counter(lesson.value["slug"] for module in value for lesson in module.value["lessons"])
        twice = [slug for slug, count in slugs.items() if count > 1]
        if twice:
            raise blocks.StreamBlockValidationError(
                non_block_errors=[f"Two lessons have the address “{twice[0]}”. Give each lesson its own."]
            )
        return value


class PlayBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=150)
    text = TextBlock(features=SHORT_FEATURES)


class StageBlock(blocks.StructBlock):
    """One stage of a sale: its goal, what to do, what to ask."""

    title = blocks.CharBlock(max_length=100)
    goal = blocks.CharBlock(max_length=300)
    plays = blocks.ListBlock(PlayBlock())
    questions = blocks.ListBlock(blocks.CharBlock(max_length=300), default=[])
    assets = blocks.ListBlock(AssetBlock(), default=[], help_text="What to show, send and say")

    class Meta:
        icon = "arrow-right"
        label_format = "{title}"


class BattlecardBlock(blocks.StructBlock):
    competitor = blocks.CharBlock(max_length=100)
    their_pitch = blocks.TextBlock(rows=3)
    our_answer = blocks.TextBlock(rows=3)
    do_not_say = blocks.TextBlock(rows=2, help_text="Words that cost us trust (R11)")

    class Meta:
        icon = "openquote"
        label_format = "{competitor}"
