"""Exams in the Wagtail admin: banks, items and exams to look at, and the import of question files.

Rows of items are never changed here: an item changes only by a new version, from the editor or an import. Exams have
an editor of their own (exam_views).
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

import django_filters
from django.db.models import Prefetch, QuerySet
from django.urls import URLPattern, path
from django.utils.safestring import SafeString, mark_safe
from wagtail import hooks
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import IndexView, InspectView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy

from lms.assessments import bank_views, exam_views, forms_views, import_views, marking_views, statistics_views
from lms.assessments.items import with_addresses
from lms.assessments.items.describe import describe
from lms.assessments.media import addresses_for
from lms.assessments.models import Assessment, CaseStudy, Item, ItemBank, ItemReview, ItemVersion
from lms.common.menus import item_for

if TYPE_CHECKING:
    from lms.accounts.models import User


class ViewOnly(ModelPermissionPolicy):
    """Nobody changes these rows in the admin, not even a superuser."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action == "view" and super().user_has_permission(user, action)

    def user_has_any_permission(self, user: Any, actions: Collection[str]) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)


class NoDeletion(ModelPermissionPolicy):
    """Banks and exams are added and changed, never deleted."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action != "delete" and super().user_has_permission(user, action)


register_permission_policy(Item, ViewOnly(Item))
register_permission_policy(Assessment, NoDeletion(Assessment))
register_permission_policy(ItemBank, NoDeletion(ItemBank))
register_permission_policy(CaseStudy, NoDeletion(CaseStudy))


class ReadOnlyViewSet(ModelViewSet):
    """A list, and a page per row."""

    inspect_view_enabled = True
    copy_view_enabled = False
    exclude_form_fields: list[str] = []
    search_backend_name = None


class BankViewSet(ModelViewSet):
    model = ItemBank
    name = "item_banks"
    menu_label = "Item banks"
    icon = "folder-open-inverse"
    form_fields = ["name", "slug", "description"]
    list_display = ["name", "description"]
    search_fields = ["name"]
    search_backend_name = None
    inspect_view_enabled = True
    copy_view_enabled = False


class CaseViewSet(ModelViewSet):
    """Case studies: items of a bank that are asked together. Their text is changed in their items."""

    model = CaseStudy
    name = "item_cases"
    menu_label = "Case studies"
    icon = "doc-full"
    form_fields = ["bank", "title"]
    list_display = ["title", "bank"]
    list_filter = ["bank"]
    search_fields = ["title"]
    search_backend_name = None
    copy_view_enabled = False


class ItemFilters(WagtailFilterSet):
    state = django_filters.ChoiceFilter(choices=ItemVersion.State.choices, method="of_state", label="State")
    type = django_filters.ChoiceFilter(choices=ItemVersion.Type.choices, method="of_type", label="Type")

    class Meta:
        model = Item
        fields = ["state", "type", "bank", "topic", "level", "tags", "case"]

    def of_state(self, queryset: QuerySet[Item], name: str, value: str) -> QuerySet[Item]:
        """By the newest version; retired items are of no other state."""
        if value == ItemVersion.State.RETIRED:
            return queryset.filter(retired_at__isnull=False)
        newest = ItemVersion.objects.newest()
        found = {
            ItemVersion.State.DRAFT: newest.filter(approved_at=None, review_asked_at=None),
            ItemVersion.State.IN_REVIEW: newest.in_review(),
            ItemVersion.State.PILOT: newest.piloted(),
            ItemVersion.State.LIVE: newest.live(),
        }[ItemVersion.State(value)]
        return queryset.filter(retired_at=None, versions__in=found)

    def of_type(self, queryset: QuerySet[Item], name: str, value: str) -> QuerySet[Item]:
        return queryset.filter(versions__in=ItemVersion.objects.newest().filter(type=value))


class ItemIndexView(IndexView):
    def get_base_queryset(self) -> QuerySet[Item]:
        versions = ItemVersion.objects.defer("content", "key").order_by("-number")
        found = Item.objects.select_related("bank").prefetch_related(Prefetch("versions", versions))
        return found.order_by("bank__name", "code")


class ItemInspectView(InspectView):
    """An item as a candidate sees it, with its key and its versions."""

    template_name = "assessments/admin/item.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        versions = list(self.object.versions.select_related("created_by", "approved_by", "item").order_by("-number"))
        reviews = ItemReview.objects.filter(version__item=self.object).select_related(
            "asked_by", "decided_by", "version"
        )
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "versions": versions,
            "newest": versions[0] if versions else None,
            "reviews": reviews.order_by("-asked_at"),
            "can_edit": self.request.user.has_perm("assessments.change_item_text"),
            "shown": _described(versions[0], self.request.user.pk) if versions else None,
        }


def _described(version: ItemVersion, person_id: int) -> dict[str, Any]:
    content, key, address = version.loaded_content, version.loaded_key, addresses_for(person_id)

    def safe(text: str) -> SafeString:
        return mark_safe(with_addresses(text, address))  # noqa: S308  cleaned when made; numbers are escaped

    return {
        "stimulus": safe(content.stimulus),
        "stem": safe(content.stem),
        "rows": [tuple(safe(text) for text in row) for row in describe(content, key)],
        "remarks": [
            (label, safe(text))
            for label, text in (
                ("to everybody", key.general),
                ("when right", key.if_right),
                ("when partly right", key.if_partly),
                ("when wrong", key.if_wrong),
                *(("for those who mark", getattr(key, "notes", "")),),
                *(("as a hint", hint) for hint in key.hints),
            )
            if text
        ],
    }


class ItemViewSet(ReadOnlyViewSet):
    model = Item
    name = "items"
    menu_label = "Items"
    icon = "help"
    index_view_class = ItemIndexView
    inspect_view_class = ItemInspectView
    inspect_view_fields = ["code", "bank", "topic", "objective", "level", "tags", "case", "enemies", "state"]
    list_display = ["code", Column("type", accessor="type_label", label="Type"), "state", "topic", "level", "bank"]
    filterset_class = ItemFilters
    search_fields = ["code", "topic"]


class AssessmentInspectView(InspectView):
    """An exam: its settings, sections, papers and what was changed."""

    template_name = "assessments/admin/exam.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | exam_views.overview(self.object, cast("User", self.request.user))


class AssessmentViewSet(ReadOnlyViewSet):
    model = Assessment
    name = "exams"
    menu_label = "Exams"
    icon = "tasks"
    inspect_view_class = AssessmentInspectView
    inspect_view_fields = [
        *("title", "slug", "description", "time_limit_minutes", "attempts_allowed", "wait_hours", "later_wait_hours"),
        *("cut_score", "personas", "opened_at", "closed_at", "ends_at_close", "grace_seconds", "is_linear"),
        *(
            "asks_confidence",
            "has_calculator",
            "honour_code",
            "networks",
            "is_result_held",
            "review_shows",
            "review_when",
        ),
        *("max_overlap", "proctor_url", "prepared_forms"),
    ]
    list_display = ["title", "time_limit_minutes", "cut_score", "opened_at", "closed_at"]
    search_fields = ["title"]

    def get_urlpatterns(self) -> list[URLPattern]:
        """The list and the page per exam are Wagtail's; the editor and all else is ours, by the names it links to."""
        kept = [one for one in super().get_urlpatterns() if one.name in {"index", "index_results", "inspect"}]
        return [
            *kept,
            path("new/", exam_views.add, name="add"),
            path("edit/<str:pk>/", exam_views.edit, name="edit"),
            path("preview/<str:pk>/", exam_views.preview, name="preview"),
            path("release/<str:pk>/", exam_views.release, name="release"),
            path("documents/<str:pk>/", exam_views.documents, name="documents"),
            path("attempts/<str:pk>/", exam_views.attempts, name="attempts"),
            path("timeline/<int:attempt_id>/", exam_views.timeline, name="timeline"),
        ]


class GrantViewSet(ViewSet):
    """What people need to sit exams fairly."""

    name = "exam_grants"
    icon = "user"
    menu_label = "Accommodations"
    menu_item_class = item_for("assessments.grant_accommodation")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [path("", exam_views.grants, name="index")]


class MarkingViewSet(ViewSet):
    """Answers that wait to be marked."""

    name = "marking"
    icon = "edit"
    menu_label = "Marking"
    menu_item_class = item_for("assessments.mark_answers")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", marking_views.queue, name="index"),
            path("mark/<int:mark_id>/", marking_views.mark, name="mark"),
            path("file/<int:mark_id>/", marking_views.file, name="file"),
            path("back/<int:mark_id>/", marking_views.back, name="back"),
        ]


class EditorViewSet(ViewSet):
    """Writing items, looking at them and deciding on them: its pages are reached from the lists."""

    name = "item_editor"
    icon = "edit"
    menu_label = "New item"
    menu_item_class = item_for("assessments.change_item_text")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", bank_views.new_item, name="index"),
            path("new/", bank_views.new_item, name="new"),
            path("add/<int:bank_id>/<slug:kind>/", bank_views.add_item, name="add"),
            path("edit/<int:item_id>/", bank_views.edit_item, name="edit"),
            path("preview/<int:version_id>/", bank_views.preview, name="preview"),
            path("step/<int:version_id>/", bank_views.step, name="step"),
        ]


class ExportViewSet(ViewSet):
    name = "item_export"
    icon = "download"
    menu_label = "Export items"
    menu_item_class = item_for("assessments.export_items")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [path("", bank_views.export, name="index")]


class StatisticsViewSet(ViewSet):
    """Figures of exams and items, and results changed after an item was wrong."""

    name = "exam_statistics"
    icon = "table"
    menu_label = "Statistics"
    menu_item_class = item_for("assessments.view_statistics")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", statistics_views.index, name="index"),
            path("flags/", statistics_views.flags, name="flags"),
            path("flags/<int:flag_id>/", statistics_views.settle, name="settle"),
            path("<int:exam_id>/", statistics_views.exam, name="exam"),
            path("<int:exam_id>/csv/", statistics_views.download, name="csv"),
            path("<int:exam_id>/judge/", statistics_views.judge, name="judge"),
            path("<int:exam_id>/forms/", forms_views.exam_forms, name="forms"),
            path("forms/<int:form_id>/", forms_views.form_step, name="form_step"),
            path("<int:exam_id>/standards/", forms_views.standards, name="standards"),
            path("standards/<int:setting_id>/", forms_views.standard, name="standard"),
            path("<int:exam_id>/similar/", statistics_views.similar, name="similar"),
            path("<int:exam_id>/items/<int:item_id>/", statistics_views.item, name="item"),
            path("<int:exam_id>/items/<int:item_id>/regrade/", statistics_views.regrade, name="regrade"),
            path("regrades/<uuid:regrade_id>/", statistics_views.regraded, name="regraded"),
        ]


class ImportViewSet(ViewSet):
    name = "item_import"
    icon = "upload"
    menu_label = "Import items"
    menu_item_class = item_for("assessments.import_items")

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", import_views.import_page, name="index"),
            path("job/<uuid:import_id>/", import_views.job, name="job"),
        ]


class ExamGroup(ModelViewSetGroup):
    menu_label = "Exams"
    menu_icon = "tasks"
    menu_order = 250
    items = (
        AssessmentViewSet(),
        GrantViewSet(),
        MarkingViewSet(),
        BankViewSet(),
        CaseViewSet(),
        ItemViewSet(),
        EditorViewSet(),
        ImportViewSet(),
        ExportViewSet(),
        StatisticsViewSet(),
    )


@hooks.register("register_admin_viewset")
def register_exams() -> ViewSet:
    return ExamGroup()
