"""Our additions to the Wagtail admin."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, path, reverse
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.reports import PageReportView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.models import Page

from cms.choosers import asset_chooser, item_chooser
from cms.models import CoursePage, PlaybookPage
from lms.partners.models import today

LONG_MINUTES = 10


@hooks.register("register_admin_viewset")
def register_item_chooser() -> ViewSet:
    return item_chooser


@hooks.register("register_admin_viewset")
def register_asset_chooser() -> ViewSet:
    return asset_chooser


@hooks.register("after_create_page")
@hooks.register("after_edit_page")
def warn_of_long_videos(request: HttpRequest, page: Page) -> None:
    """A demo is under ten minutes (R113). Says so, and the training minutes in all; refuses nothing."""
    if not isinstance(page, CoursePage) or not request.accepts("text/html"):  # the editor's autosave shows no words
        return
    for lesson in page.lessons():
        has_video = any(block.block_type == "video" for block in lesson.value["body"])
        if has_video and lesson.value["minutes"] > LONG_MINUTES:
            messages.warning(
                request,
                f"“{lesson.value['title']}” holds a video and takes {lesson.value['minutes']} minutes. "
                f"People finish what takes {LONG_MINUTES} or less: cut it or make two lessons.",
            )
    count = len(page.lessons())
    messages.info(request, f"Training time: {page.minutes} minutes in {count} lesson{pluralize(count)}.")


class OverdueView(PageReportView):
    """Pages past their review date: partners see “being reviewed” in their place."""

    page_title = "Overdue pages"
    header_icon = "date"
    index_url_name = "overdue_pages"
    index_results_url_name = "overdue_pages_results"
    any_permission_required = ["add", "change", "publish"]

    def get_base_queryset(self) -> QuerySet[Page]:
        on = today()
        ids = [
            *CoursePage.objects.live().overdue(on).values_list("pk", flat=True),
            *PlaybookPage.objects.live().overdue(on).values_list("pk", flat=True),
        ]
        pages: QuerySet[Page] = Page.objects.filter(pk__in=ids).specific().order_by("title")
        return pages


@hooks.register("register_admin_urls")
def register_overdue_urls() -> list[URLPattern]:
    return [
        path("reports/overdue/", OverdueView.as_view(), name="overdue_pages"),
        path("reports/overdue/results/", OverdueView.as_view(results_only=True), name="overdue_pages_results"),
    ]


@hooks.register("register_reports_menu_item")
def register_overdue_menu_item() -> Any:
    return MenuItem("Overdue pages", reverse("overdue_pages"), name="overdue", icon_name="date", order=50)
