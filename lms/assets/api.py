"""/api/v1/assets/: the assets that are for the caller, and where their files are had."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import path, reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView

from courses.models import Need
from lms.assets.models import Asset, Kind, State
from lms.common.api import CursorPages
from lms.partners.models import today


class AssetSerializer(serializers.ModelSerializer[Asset]):
    """An asset. `download_url` is a page of this site that asks for a sign-in; null while the file cannot be had,
    or while the partner lacks the benefit of the programme that opens it (`required_benefit`; "" asks for none)."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    state = serializers.SerializerMethodField(help_text="available, or why its file cannot be had")
    version = serializers.IntegerField(source="current.number", default=None, read_only=True, allow_null=True)
    media_type = serializers.CharField(source="current.media_type", default=None, read_only=True, allow_null=True)
    size = serializers.IntegerField(source="current.size", default=None, read_only=True, allow_null=True)
    sha256 = serializers.CharField(source="current.sha256", default=None, read_only=True, allow_null=True)
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = Asset
        fields = [
            *("id", "title", "summary", "kind", "language", "need", "state", "coming_note", "review_on", "expires_on"),
            *("version", "media_type", "size", "sha256", "download_url", "required_benefit"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": State.values})
    def get_state(self, asset: Asset) -> str:
        return asset.state_on(today())

    @extend_schema_field({"type": ["string", "null"], "format": "uri-reference"})
    def get_download_url(self, asset: Asset) -> str | None:
        if asset.state_on(today()) != State.AVAILABLE or not asset.is_open:
            return None
        return reverse("assets:download", args=[asset.public_id])


class AssetFilter(filters.FilterSet):
    need = filters.ChoiceFilter(choices=Need.choices)
    kind = filters.ChoiceFilter(choices=Kind.choices)

    class Meta:
        model = Asset
        fields = ["need", "kind", "language"]


class ByTitle(CursorPages):
    ordering = ["title", "id"]


class AssetBase:
    request: Any

    def get_queryset(self) -> QuerySet[Asset]:
        user = self.request.user
        is_open = Exists(Asset.objects.open_to(user, timezone.now()).filter(pk=OuterRef("pk")))
        mine = Asset.objects.visible_to(user).filter(retired_at=None).select_related("current")
        return mine.annotate(is_open=is_open)


class AssetList(AssetBase, ListAPIView[Asset]):
    """Assets that are for me, also those whose file cannot be had today."""

    queryset = Asset.objects.none()
    serializer_class = AssetSerializer
    pagination_class = ByTitle
    filterset_class = AssetFilter


class AssetDetail(AssetBase, RetrieveAPIView[Asset]):
    """One asset."""

    queryset = Asset.objects.none()
    serializer_class = AssetSerializer
    lookup_field = "public_id"


api_urlpatterns = [
    path("assets/", AssetList.as_view(), name="assets"),
    path("assets/<uuid:public_id>/", AssetDetail.as_view(), name="asset"),
]
