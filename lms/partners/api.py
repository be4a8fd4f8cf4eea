"""/api/v1/partners/: partners the person sees, and their people for who looks after them."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import generics, serializers

from lms.accounts.models import User
from lms.common.api import CursorPages
from lms.partners.models import Membership, Partner, today

Slug = serializers.SlugRelatedField[Any]


class PartnerPages(CursorPages):
    ordering = ["name", "pk"]


class MembershipPages(CursorPages):
    ordering = ["-starts_on", "-pk"]


class PartnerSerializer(serializers.ModelSerializer[Partner]):
    """A partner as its own people see it."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    type: Slug = serializers.SlugRelatedField(source="partner_type", slug_field="slug", read_only=True)
    region: Slug = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    tier: Slug = serializers.SlugRelatedField(source="current_tier", slug_field="slug", read_only=True, allow_null=True)

    class Meta:
        model = Partner
        fields = ["id", "name", "type", "region", "country", "joined_on", "tier", "tier_since"]
        read_only_fields = fields


class PersonSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = User
        fields = ["id", "name", "email"]
        read_only_fields = fields


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """Somebody at a partner, for the partner's managers and the vendor's channel roles."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    person = PersonSerializer(read_only=True)
    persona: Slug = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "person", "persona", "role", "starts_on", "ends_on"]
        read_only_fields = fields


class OwnMembershipSerializer(serializers.ModelSerializer[Membership]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    partner = PartnerSerializer(read_only=True)
    persona: Slug = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "partner", "persona", "role", "starts_on", "ends_on"]
        read_only_fields = fields


class PartnerList(generics.ListAPIView[Partner]):
    """The partners you belong to; all of them for channel roles."""

    serializer_class = PartnerSerializer
    pagination_class = PartnerPages
    queryset = Partner.objects.none()

    def get_queryset(self) -> QuerySet[Partner]:
        visible = Partner.objects.visible_to(self.request.user)
        return visible.select_related("partner_type", "region", "current_tier")


class PartnerDetail(generics.RetrieveAPIView[Partner]):
    """One partner."""

    serializer_class = PartnerSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "partner_id"
    queryset = Partner.objects.none()

    def get_queryset(self) -> QuerySet[Partner]:
        visible = Partner.objects.visible_to(self.request.user)
        return visible.select_related("partner_type", "region", "current_tier")


class PeopleList(generics.ListAPIView[Membership]):
    """The people of a partner today. For its managers and for channel roles; 403 for its other members."""

    serializer_class = MemberSerializer
    pagination_class = MembershipPages
    queryset = Membership.objects.none()

    def get_queryset(self) -> QuerySet[Membership]:
        user: User = self.request.user  # type: ignore[assignment]
        partner_id: UUID = self.kwargs["partner_id"]
        partner = get_object_or_404(Partner.objects.visible_to(user), public_id=partner_id)
        if not user.has_perm("partners.view_people", partner):
            raise PermissionDenied
        people = Membership.objects.visible_to(user).active(today()).filter(partner=partner)
        return people.select_related("person", "persona")


class MyMemberships(generics.ListAPIView[Membership]):
    """Where you work today, in which persona and role."""

    serializer_class = OwnMembershipSerializer
    pagination_class = MembershipPages
    queryset = Membership.objects.none()

    def get_queryset(self) -> QuerySet[Membership]:
        user: User = self.request.user  # type: ignore[assignment]
        own = Membership.objects.visible_to(user).active(today()).filter(person=user, partner__suspended_at=None)
        return own.select_related("partner__partner_type", "partner__region", "partner__current_tier", "persona")


api_urlpatterns = [
    path("partners/", PartnerList.as_view(), name="partners"),
    path("partners/<uuid:partner_id>/", PartnerDetail.as_view(), name="partner"),
    path("partners/<uuid:partner_id>/people/", PeopleList.as_view(), name="partner_people"),
    path("me/memberships/", MyMemberships.as_view(), name="my_memberships"),
]
