"""Assets in the Wagtail admin, beside the pages that channel marketing writes. A named permission decides."""

from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils import timezone
from wagtail import hooks
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic import CreateView, EditView, IndexView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.permissions import register_permission_policy

from lms.accounts.requests import person_of
from lms.assets import manage_views, services
from lms.assets.errors import AssetChanged
from lms.assets.forms import AssetForm
from lms.assets.models import Asset, ProductVersion
from lms.common.admin import ByRule, SavesByService
from lms.common.errors import DomainError
from lms.partners.models import today

PERMISSION = "assets.manage_assets"


register_permission_policy(Asset, ByRule(Asset, PERMISSION))
register_permission_policy(ProductVersion, ByRule(ProductVersion, PERMISSION))


class SavesAsset(SavesByService):
    def told(self, error: DomainError) -> str:
        again = f" {self.form.look_again()} Save again to keep yours." if isinstance(error, AssetChanged) else ""
        return error.message + again

    def save_instance(self) -> Asset:
        form: AssetForm = self.form
        file = form.cleaned_data["file"]
        return services.save_asset(
            asset=form.save(commit=False),
            aim=form.aim(),
            file=file,
            filename=file.name if file else "",
            note=form.cleaned_data["note"],
            seen=form.cleaned_data["seen"],
            by=person_of(self.request),
            at=timezone.now(),
        )


class AssetCreateView(SavesAsset, CreateView):
    pass


class AssetEditView(SavesAsset, EditView):
    pass


class AssetIndexView(IndexView):
    def get_base_queryset(self) -> Any:
        return Asset.objects.select_related("current", "owner").order_by("title", "pk")


class AssetViewSet(ModelViewSet):
    model = Asset
    name = "assets_admin"
    url_prefix = "assets"
    menu_label = "Assets"
    icon = "doc-full"
    add_view_class = AssetCreateView
    edit_view_class = AssetEditView
    index_view_class = AssetIndexView
    list_display = [
        TitleColumn("title", label="Title", get_url=lambda one: reverse("assets_admin:edit", args=[one.pk])),
        Column("kind", label="Kind", accessor="get_kind_display"),
        Column("state", label="State", accessor=lambda one: one.state_on(today()).label),
        Column("version", label="Version", accessor=lambda one: one.current.number if one.current else "–"),
        Column("review_on", label="Review by"),
        Column("owner", label="Owner", accessor=lambda one: one.owner.name),
    ]
    list_filter = ["kind", "need", "language"]
    search_fields = ["title", "summary"]
    search_backend_name = None  # the index answers neither with a filter nor to a lone quotation mark
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[AssetForm]:
        return AssetForm


class ProductVersionViewSet(ModelViewSet):
    model = ProductVersion
    name = "product_versions"
    menu_label = "Product versions"
    icon = "tag"
    form_fields = ["name", "slug", "position"]
    list_display = ["name", "slug", "position"]
    search_fields = ["name"]
    search_backend_name = None
    copy_view_enabled = False


class DeskViewSet(ViewSet):
    """Use and verdicts; one asset; what people miss."""

    name = "assets_desk"
    url_prefix = "assets-desk"
    menu_label = "Use and verdicts"
    menu_url_name = "assets_desk:use"
    icon = "view"

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", manage_views.use, name="index"),
            path("use/", manage_views.use, name="use"),
            path("lapsed/", manage_views.lapsed, name="lapsed"),
            path("backlog/", manage_views.backlog, name="backlog"),
            path("backlog/reopen/", manage_views.reopen, name="reopen"),
            path("<uuid:asset_id>/", manage_views.one, name="one"),
            path("<uuid:asset_id>/withdraw/", manage_views.withdraw, name="withdraw"),
            path("<uuid:asset_id>/restore/", manage_views.restore, name="restore"),
            path("<uuid:asset_id>/review/", manage_views.review, name="review"),
            path("<uuid:asset_id>/decide/", manage_views.decide, name="decide"),
        ]


class AssetGroup(ModelViewSetGroup):
    menu_label = "Assets"
    menu_icon = "doc-full"
    menu_order = 240
    items = (AssetViewSet(), ProductVersionViewSet())


@hooks.register("register_admin_viewset")
def register_assets() -> list[ViewSet]:
    return [AssetGroup(), DeskViewSet()]
