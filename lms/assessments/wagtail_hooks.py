"""Exams in the Wagtail admin: banks, items and exams to look at, and the import of question files.

Items and exams are read-only here: an item changes only by a new version, and that comes by import.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import mark_safe
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import IndexView, InspectView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy

from lms.assessments import services
from lms.assessments.forms import ImportForm
from lms.assessments.items.describe import describe
from lms.assessments.models import Assessment, Item, ItemBank, ItemVersion
from lms.common.errors import DomainError

if TYPE_CHECKING:
    from lms.accounts.models import User


class ViewOnly(ModelPermissionPolicy):
    """Nobody changes these rows in the admin, not even a superuser."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action == "view" and super().user_has_permission(user, action)

    def user_has_any_permission(self, user: Any, actions: Collection[str]) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)


class NoDeletion(ModelPermissionPolicy):
    """Banks are added and renamed, never deleted."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action != "delete" and super().user_has_permission(user, action)


register_permission_policy(Item, ViewOnly(Item))
register_permission_policy(Assessment, ViewOnly(Assessment))
register_permission_policy(ItemBank, NoDeletion(ItemBank))


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


class ItemIndexView(IndexView):
    def get_base_queryset(self) -> QuerySet[Item]:
        return Item.objects.select_related("bank").order_by("bank__name", "code")


class ItemInspectView(InspectView):
    """An item as a candidate sees it, with its key and its versions."""

    template_name = "assessments/admin/item.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        versions = list(self.object.versions.select_related("created_by").order_by("-number"))
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"versions": versions, "shown": _described(versions[0]) if versions else None}


def _described(version: ItemVersion) -> dict[str, Any]:
    content, key = version.loaded_content, version.loaded_key
    rows = [tuple(mark_safe(text) for text in row) for row in describe(content, key)]  # noqa: S308  cleaned when made
    return {
        "stem": mark_safe(content.stem),  # noqa: S308
        "rows": rows,
        "general": mark_safe(key.general),  # noqa: S308
    }


class ItemViewSet(ReadOnlyViewSet):
    model = Item
    name = "items"
    menu_label = "Items"
    icon = "help"
    index_view_class = ItemIndexView
    inspect_view_class = ItemInspectView
    inspect_view_fields = ["code", "bank", "topic", "retired_at"]
    list_display = ["code", "topic", "bank", "retired_at"]
    list_filter = ["bank", "topic"]
    search_fields = ["code", "topic"]


class AssessmentViewSet(ReadOnlyViewSet):
    model = Assessment
    name = "exams"
    menu_label = "Exams"
    icon = "tasks"
    inspect_view_fields = [
        "title",
        "slug",
        "description",
        "time_limit_minutes",
        "attempts_allowed",
        "wait_hours",
        "cut_score",
        "personas",
        "opened_at",
        "closed_at",
    ]
    list_display = ["title", "time_limit_minutes", "cut_score", "opened_at", "closed_at"]
    search_fields = ["title"]


class ImportMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assessments.import_items")


class ImportViewSet(ViewSet):
    name = "item_import"
    icon = "upload"
    menu_label = "Import items"
    menu_item_class = ImportMenuItem

    def get_urlpatterns(self) -> list[URLPattern]:
        return [path("", import_page, name="index")]


def import_page(request: HttpRequest) -> HttpResponse:
    """A file is chosen, what would come of it is shown, and only then it is imported.

    Between the steps the file travels in the page itself: nothing is kept on the server for somebody who goes away.
    """
    if not request.user.has_perm("assessments.import_items"):
        raise PermissionDenied
    is_confirmed = request.POST.get("step") == "confirm"
    form = ImportForm(request.POST or None, request.FILES or None, has_file=not is_confirmed)
    context: dict[str, Any] = {"form": form, "page_title": "Import items", "header_icon": "upload"}
    if request.method == "POST" and form.is_valid():
        try:
            data = _carried(request) if is_confirmed else form.cleaned_data["file"].read()
            context |= _import(request, form, data, is_confirmed)
        except DomainError as error:
            form.add_error(None, error.message)
    return render(request, "assessments/admin/import.html", context)


def _carried(request: HttpRequest) -> bytes:
    try:
        return b64decode(request.POST.get("carried", ""), validate=True)
    except NotBase64:
        return b""


def _import(request: HttpRequest, form: ImportForm, data: bytes, is_confirmed: bool) -> dict[str, Any]:
    name = form.cleaned_data["new_bank"]
    bank = form.cleaned_data["bank"] or (services.get_or_create_bank(name) if is_confirmed else ItemBank(name=name))
    report = services.import_items(
        bank=bank, data=data, by=cast("User", request.user), at=timezone.now(), dry_run=not is_confirmed
    )
    counts = report.counts
    if is_confirmed:
        messages.success(request, f"{counts['new'] + counts['new_version']} questions were imported into {bank}.")
    changed = counts["new"] + counts["new_version"]
    return {"report": report, "counts": counts, "changed": changed, "carried": b64encode(data).decode()}


class ExamGroup(ModelViewSetGroup):
    menu_label = "Exams"
    menu_icon = "tasks"
    menu_order = 250
    items = (AssessmentViewSet(), BankViewSet(), ItemViewSet(), ImportViewSet())


@hooks.register("register_admin_viewset")
def register_exams() -> ViewSet:
    return ExamGroup()
