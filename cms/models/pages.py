"""The page types, a closed list: each says where it may stand and what may stand below it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid5

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from wagtail import blocks
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page, PageManager
from wagtail.search import index
from wagtail.url_routing import RouteResult

from cms import reading
from cms.blocks import BattlecardBlock, ModulesBlock, PlayBlock, StageBlock
from cms.models.base import ContentPage, ContentQuerySet
from courses.audience import way_in
from courses.models import Course, Enrolment
from courses.outline import LessonOutline, ModuleOutline, Outline
from lms.accounts.requests import person_of

if TYPE_CHECKING:
    from lms.accounts.models import User


class LibraryPage(Page):
    """The root of the site at /library/: holds all pages for partners and shows the catalogue."""

    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["cms.CoursePage", "cms.PlaybookPage"]
    max_count = 1
    preview_modes: list[tuple[str, str]] = []

    def route(self, request: HttpRequest, path_components: list[str]) -> RouteResult:
        """A course page with all it shows, in one query where Wagtail's own way takes four."""
        if len(path_components) == 1:
            pages = CoursePage.objects.child_of(self).live().select_related("course", "content_owner")
            if page := pages.filter(slug=path_components[0]).first():
                return RouteResult(page)
        return super().route(request, path_components)

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("cms:catalogue")


class CoursePageQuerySet(ContentQuerySet):
    def own(self, user: "User") -> models.Q:
        return models.Q(course__in=Enrolment.objects.current().filter(person=user).values("course"))


class CoursePage(ContentPage):
    """A course as its author writes it. Publishing stores an immutable outline in `courses`; learners read that."""

    course = models.OneToOneField(
        Course, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="page"
    )
    promise = models.CharField(max_length=300, help_text="One sentence: what the reader can do afterwards")
    objectives = StreamField([("objective", blocks.CharBlock(max_length=200))], min_num=1)
    modules = StreamField(ModulesBlock(), min_num=1)

    objects: ClassVar[Any] = PageManager.from_queryset(CoursePageQuerySet)()

    parent_page_types = ["cms.LibraryPage"]
    subpage_types: list[str] = []
    exclude_fields_in_copy = ["course"]
    search_fields = [*ContentPage.search_fields, index.SearchField("objectives"), index.SearchField("modules")]
    content_panels = [
        *Page.content_panels,
        FieldPanel("promise"),
        FieldPanel("objectives"),
        FieldPanel("modules"),
        ContentPage.audience_panel,
        ContentPage.steward_panel,
    ]

    def clean(self) -> None:
        """Keeps the address free of courses that once had it: their learners' links still lead there."""
        super().clean()
        if Course.objects.filter(slug=self.slug).exclude(pk=self.course_id or 0).exists():
            raise ValidationError({"slug": "An earlier course has this address. Choose another one."})

    def with_content_json(self, content: dict[str, Any]) -> "CoursePage":
        """A revision never says to which course the page belongs: one from before the first publishing has none."""
        page: CoursePage = super().with_content_json(content)
        page.course_id = self.course_id
        return page

    def publish(self, *args: Any, **kwargs: Any) -> None:
        """The page goes live and its outline is stored (cms.handlers), or neither."""
        with transaction.atomic():
            super().publish(*args, **kwargs)

    def unpublish(self, *args: Any, **kwargs: Any) -> None:
        """The page is withdrawn and its course retired, or neither."""
        with transaction.atomic():
            super().unpublish(*args, **kwargs)

    @property
    def minutes(self) -> int:
        """The training minutes of all lessons, as written."""
        return sum(lesson.value["minutes"] or 0 for lesson in self.lessons())

    def lessons(self) -> list[Any]:
        """The lesson blocks through all modules, in order."""
        return [lesson for module in self.modules for lesson in module.value["lessons"]]

    def outline(self, course: Course) -> Outline:
        """What is written, as the values `courses` freezes. Keys come from the blocks' ids, so they outlive edits."""
        return Outline(
            title=self.title,
            promise=self.promise,
            objectives=tuple(str(block.value) for block in self.objectives),
            modules=tuple(_module_outline(course.public_id, block) for block in self.modules),
        )

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        return context | reading.course_context(self.course, person_of(request))

    def get_preview_context(self, request: HttpRequest, mode_name: str) -> dict[str, Any]:
        return {"page": self, "self": self}

    def get_preview_template(self, request: HttpRequest, mode_name: str) -> str:
        return "cms/course_preview.html"

    def stays_open_to(self, user: "User") -> bool:
        mine = Enrolment.objects.current().filter(person=user, course=self.course_id)
        return super().stays_open_to(user) or mine.exists()


def _module_outline(namespace: UUID, block: Any) -> ModuleOutline:
    value = block.value
    return ModuleOutline(
        key=uuid5(namespace, block.id),
        title=value["title"],
        objectives=tuple(value["objectives"]),
        resources=tuple(dict(resource) for resource in value["resources"]),
        lessons=tuple(
            LessonOutline(
                key=uuid5(namespace, lesson.id),
                slug=lesson.value["slug"],
                title=lesson.value["title"],
                minutes=lesson.value["minutes"],
                body=lesson.value["body"].get_prep_value(),
            )
            for lesson in value["lessons"]
        ),
    )


class PlaybookPage(ContentPage):
    """How to win one kind of customer: what the partner earns comes first (R112), then stages, answers and contacts."""

    summary = models.CharField(max_length=300)
    minutes = models.PositiveSmallIntegerField(help_text="To read")
    how_you_earn = models.TextField()
    stages = StreamField([("stage", StageBlock())], min_num=1)
    battlecards = StreamField([("battlecard", BattlecardBlock())], blank=True)
    stories = StreamField([("story", PlayBlock(icon="openquote"))], blank=True)
    contacts = StreamField([("contact", PlayBlock(icon="user"))], blank=True)
    required_benefit = models.SlugField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        db_index=False,
        help_text="Name of a benefit in the partner programme: only people whose partner's tier gives it read the page",
    )

    parent_page_types = ["cms.LibraryPage"]
    subpage_types: list[str] = []
    search_fields = [
        *Page.search_fields,
        index.SearchField("summary", boost=3),
        index.SearchField("how_you_earn"),
        index.SearchField("stages"),
        index.SearchField("battlecards"),
        index.SearchField("stories"),
    ]
    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("minutes"),
        FieldPanel("how_you_earn"),
        FieldPanel("stages"),
        FieldPanel("battlecards"),
        FieldPanel("stories"),
        FieldPanel("contacts"),
        ContentPage.audience_panel,
        FieldPanel("required_benefit"),
        ContentPage.steward_panel,
    ]

    def way_in(self, user: "User", at: datetime) -> str:
        return way_in(self, benefit=self.required_benefit, user=user, at=at)
