"""/api/v1/assets/ and /api/v1/copies/: the assets that are for the caller, his partner's copies, and where their files
are had.
"""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import path, reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView

from courses.models import Need
from lms.assets.models import Asset, BrandedCopy, CopyState, Kind, State
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
    required_benefit = serializers.CharField(read_only=True, help_text="Of the partner programme; empty: none")

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


class CopySerializer(serializers.ModelSerializer[BrandedCopy]):
    """A co-branded copy. `check_url` is printed on it and open to anybody; `download_url` is a page of this site that
    asks for a sign-in, null once the copy is withdrawn and not handed out any more.
    """

    id = serializers.CharField(source="public_id", read_only=True, help_text="The number printed on it")
    asset = serializers.UUIDField(source="asset.public_id", read_only=True)
    title = serializers.CharField(source="asset.title", read_only=True)
    version = serializers.IntegerField(source="template.version.number", read_only=True)
    partner = serializers.UUIDField(source="partner.public_id", read_only=True)
    valid_until = serializers.DateField(source="last_day", read_only=True)
    state = serializers.SerializerMethodField(help_text="current, or why it should not be handed out any more")
    check_url = serializers.URLField(read_only=True)
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = BrandedCopy
        fields = [
            *("id", "asset", "title", "version", "partner", "made_at", "for_print", "valid_until", "state"),
            *("filename", "media_type", "size", "sha256", "check_url", "download_url"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": CopyState.values})
    def get_state(self, copy: BrandedCopy) -> str:
        return copy.state_on(today())

    @extend_schema_field({"type": ["string", "null"], "format": "uri-reference"})
    def get_download_url(self, copy: BrandedCopy) -> str | None:
        if copy.state_on(today()) == CopyState.WITHDRAWN:
            return None
        return reverse("branding:download", args=[copy.public_id])


class CopyFilter(filters.FilterSet):
    asset = filters.UUIDFilter(field_name="template__version__asset__public_id")
    partner = filters.UUIDFilter(field_name="partner__public_id")

    class Meta:
        model = BrandedCopy
        fields: list[str] = []


class Newest(CursorPages):
    ordering = ["-made_at", "-id"]


class CopyBase:
    request: Any

    def get_queryset(self) -> QuerySet[BrandedCopy]:
        rows = BrandedCopy.objects.visible_to(self.request.user)
        return rows.select_related("template__version__asset", "partner")


class CopyList(CopyBase, ListAPIView[BrandedCopy]):
    """Co-branded copies of my partner, the newest first, with where each stands today."""

    queryset = BrandedCopy.objects.none()
    serializer_class = CopySerializer
    pagination_class = Newest
    filterset_class = CopyFilter


class CopyDetail(CopyBase, RetrieveAPIView[BrandedCopy]):
    """One copy."""

    queryset = BrandedCopy.objects.none()
    serializer_class = CopySerializer
    lookup_field = "public_id"


api_urlpatterns = [
    path("assets/", AssetList.as_view(), name="assets"),
    path("assets/<uuid:public_id>/", AssetDetail.as_view(), name="asset"),
    path("copies/", CopyList.as_view(), name="copies"),
    path("copies/<str:public_id>/", CopyDetail.as_view(), name="copy"),
]
