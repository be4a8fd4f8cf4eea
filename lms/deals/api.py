"""/api/v1/deals/: the deals a person sees, registering them, moving them, and what is said about them. /api/v1/leads/:
what the vendor gives to a partner, and the partner's answer.
"""

from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lms.accounts.requests import person_of
from lms.common.api import CursorPages
from lms.deals import services
from lms.deals.api_fields import MonthField
from lms.deals.forecast_api import ForecastView
from lms.deals.lead_moves import DeclineReason, LeadState
from lms.deals.models import Comment, Deal, Lead
from lms.deals.moves import MOVES, State
from lms.deals.plans_api import JointPlanDetail, JointPlanList
from lms.partners.middleware import membership_of


class DealSerializer(serializers.ModelSerializer[Deal]):
    """A deal as both of its sides see it. `value` is an exact decimal as text."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    partner = serializers.UUIDField(source="partner.public_id", read_only=True)
    rules_version = serializers.IntegerField(source="rules.number", read_only=True)
    close_month = MonthField(read_only=True)
    is_eligible = serializers.BooleanField(read_only=True, help_text="Counts for commission and tiers")

    class Meta:
        model = Deal
        fields = [
            *("id", "partner", "customer_name", "customer_domain", "customer_country", "product", "value", "currency"),
            *("close_month", "need", "next_step", "state", "state_since", "registered_at", "answer_due_at"),
            *("protected_until", "approved_at", "is_eligible", "clause", "level", "rules_version"),
        ]
        read_only_fields = fields


class DraftSerializer(serializers.Serializer[Any]):
    """A new deal. `value` is text, so that no float comes between: "48000.50"."""

    customer_name = serializers.CharField(max_length=150)
    customer_domain = serializers.CharField(max_length=200, allow_blank=True, default="")
    customer_country = serializers.CharField(min_length=2, max_length=2)
    product = serializers.CharField(max_length=50)
    value = serializers.CharField(max_length=24)
    currency = serializers.CharField(min_length=3, max_length=3)
    close_month = MonthField()
    need = serializers.CharField(max_length=1000)
    next_step = serializers.CharField(max_length=300)

    def validate_value(self, value: str) -> str:
        return _exact(self, value)


def _exact(serializer: serializers.Serializer[Any], value: str) -> str:
    if not isinstance(serializer.initial_data.get("value"), str):
        raise ValidationError("Send the amount as text, so that it stays exact.")
    return value


class MoveSerializer(serializers.Serializer[Any]):
    """A move of the table in docs/deals.md, with its reason or sentence."""

    move = serializers.ChoiceField(choices=sorted(name for name, move in MOVES.items() if move.origins))
    reason = serializers.CharField(max_length=20, allow_blank=True, default="")
    text = serializers.CharField(max_length=1000, allow_blank=True, default="")


class CommentSerializer(serializers.ModelSerializer[Comment]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    author = serializers.CharField(source="author.name", read_only=True)

    class Meta:
        model = Comment
        fields = ["id", "author", "written_at", "text"]
        read_only_fields = ["id", "author", "written_at"]


class NewestFirst(CursorPages):
    ordering = ["-registered_at", "-pk"]


class OldestFirst(CursorPages):
    ordering = ["written_at", "pk"]


def _visible(request: Request) -> QuerySet[Deal]:
    return Deal.objects.visible_to(request.user).select_related("partner", "rules")


class DealList(ListAPIView[Deal]):
    """Deals you see, newest first; POST registers one for the partner you act for."""

    queryset = Deal.objects.none()
    serializer_class = DealSerializer
    pagination_class = NewestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[Deal]:
        state = self.request.query_params.get("state", "")
        deals = _visible(self.request)
        return deals.filter(state=state) if state in State.values else deals

    @extend_schema(
        request=DraftSerializer,
        responses={201: DealSerializer},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key", UUID, OpenApiParameter.HEADER, description="The same key makes one deal"
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Registers a deal. With an `Idempotency-Key` it may be repeated: the first one's deal is the answer."""
        membership = membership_of(request._request)
        if membership is None or not request.user.has_perm("deals.register_deal", membership.partner):
            raise PermissionDenied
        draft = DraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        try:
            deal = services.register_deal(
                partner=membership.partner,
                by=person_of(request),
                draft=services.Draft(**draft.validated_data),
                request_key=_key(request),
                at=timezone.now(),
            )
        except services.BadDeal as error:
            raise ValidationError({error.field: [error.message]}) from error
        return Response(DealSerializer(deal).data, status=201)


def _key(request: Request) -> UUID:
    text = request.headers.get("Idempotency-Key", "")
    try:
        return UUID(text) if text else uuid4()
    except ValueError as error:
        raise ValidationError({"Idempotency-Key": ["Send a UUID."]}) from error


class DealDetail(RetrieveAPIView[Deal]):
    """One deal."""

    queryset = Deal.objects.none()
    serializer_class = DealSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "deal_id"

    def get_queryset(self) -> QuerySet[Deal]:
        return _visible(self.request)


class DealMoves(APIView):
    """Moves a deal."""

    @extend_schema(operation_id="deals_moves_create", request=MoveSerializer, responses=DealSerializer)
    def post(self, request: Request, deal_id: UUID) -> Response:
        """409 when the deal is, or has just been put, where this move does not start."""
        deal = get_object_or_404(_visible(request), public_id=deal_id)
        wanted = MoveSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        moved = services.move_deal(deal=deal, by=person_of(request), at=timezone.now(), **wanted.validated_data)
        return Response(DealSerializer(moved).data)


class DealComments(ListAPIView[Comment]):
    """What was said about a deal, in order; POST adds to it."""

    queryset = Comment.objects.none()
    serializer_class = CommentSerializer
    pagination_class = OldestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[Comment]:
        if getattr(self, "swagger_fake_view", False):
            return Comment.objects.none()
        deal = get_object_or_404(_visible(self.request), public_id=self.kwargs["deal_id"])
        return deal.comments.select_related("author")

    @extend_schema(request=CommentSerializer, responses={201: CommentSerializer})
    def post(self, request: Request, deal_id: UUID) -> Response:
        """For who acts for one of the deal's sides."""
        deal = get_object_or_404(_visible(request), public_id=deal_id)
        wanted = CommentSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        comment = services.add_comment(
            deal=deal, text=wanted.validated_data["text"], by=person_of(request), at=timezone.now()
        )
        return Response(CommentSerializer(comment).data, status=201)


class LeadSerializer(serializers.ModelSerializer[Lead]):
    """A customer the vendor gives to a partner, as both see it. `value` is a hint, or null."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    partner = serializers.UUIDField(source="partner.public_id", read_only=True)
    deal = serializers.UUIDField(source="deal.public_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Lead
        fields = [
            *("id", "partner", "customer_name", "customer_domain", "customer_country", "product", "need", "contact"),
            *("value", "currency", "given_at", "expires_at", "state", "deal"),
        ]
        read_only_fields = fields


class AcceptSerializer(serializers.Serializer[Any]):
    """What a partner adds to a lead, so that it is a deal."""

    value = serializers.CharField(max_length=24)
    currency = serializers.CharField(min_length=3, max_length=3)
    close_month = MonthField()
    next_step = serializers.CharField(max_length=300)

    def validate_value(self, value: str) -> str:
        return _exact(self, value)


class DeclineSerializer(serializers.Serializer[Any]):
    """Why a partner gives a lead back."""

    reason = serializers.ChoiceField(choices=DeclineReason.choices)
    text = serializers.CharField(max_length=1000, allow_blank=True, default="")


class NewestGivenFirst(CursorPages):
    ordering = ["-given_at", "-pk"]


def _visible_leads(request: Request) -> QuerySet[Lead]:
    return Lead.objects.visible_to(request.user).select_related("partner", "deal")


def _answered_lead(request: Request, lead_id: UUID) -> Lead:
    """The lead, for who answers for its partner; 403 for who sees it and does not."""
    lead = get_object_or_404(_visible_leads(request), public_id=lead_id)
    if not request.user.has_perm("deals.register_deal", lead.partner):
        raise PermissionDenied
    return lead


@extend_schema(parameters=[OpenApiParameter("state", str, enum=LeadState.values)])
class LeadList(ListAPIView[Lead]):
    """Leads of the vendor, newest first: a partner's own, for channel roles all. `offered` waits for an answer."""

    queryset = Lead.objects.none()
    serializer_class = LeadSerializer
    pagination_class = NewestGivenFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[Lead]:
        state = self.request.query_params.get("state", "")
        leads = _visible_leads(self.request)
        return leads.filter(state=state) if state in LeadState.values else leads


class LeadDetail(RetrieveAPIView[Lead]):
    """One lead."""

    queryset = Lead.objects.none()
    serializer_class = LeadSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "lead_id"

    def get_queryset(self) -> QuerySet[Lead]:
        return _visible_leads(self.request)


class LeadAccept(APIView):
    """Accepts a lead."""

    @extend_schema(operation_id="leads_accept", request=AcceptSerializer, responses={201: DealSerializer})
    def post(self, request: Request, lead_id: UUID) -> Response:
        """Makes it a deal of yours, approved at once. Sent again by the same person it answers with the same deal; 409
        when its time is over or somebody else answered.
        """
        lead = _answered_lead(request, lead_id)
        wanted = AcceptSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            deal = services.accept_lead(lead=lead, by=person_of(request), at=timezone.now(), **wanted.validated_data)
        except services.BadDeal as error:
            raise ValidationError({error.field: [error.message]}) from error
        return Response(DealSerializer(deal).data, status=201)


class LeadDecline(APIView):
    """Declines a lead."""

    @extend_schema(operation_id="leads_decline", request=DeclineSerializer, responses=LeadSerializer)
    def post(self, request: Request, lead_id: UUID) -> Response:
        """Gives it back, for a reason of the list. After that the partner sees it no more."""
        lead = _answered_lead(request, lead_id)
        wanted = DeclineSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        declined = services.decline_lead(lead=lead, by=person_of(request), at=timezone.now(), **wanted.validated_data)
        return Response(LeadSerializer(declined).data)


class CrmMessageSerializer(serializers.Serializer[Any]):
    """What a CRM tells of one deal; docs/crm.md says which field it may change. Read strictly from the signed bytes."""

    type = serializers.ChoiceField(choices=["deal.updated"])
    timestamp = serializers.DateTimeField()
    data = serializers.DictField(help_text="id or external_id, changed_at, fields")  # type: ignore[assignment]


class CrmAnswerSerializer(serializers.Serializer[Any]):
    """What became of it."""

    deal = serializers.UUIDField()
    state = serializers.ChoiceField(choices=State.choices)
    applied = serializers.ListField(child=serializers.CharField(), help_text="Fields that were changed")
    kept = serializers.DictField(child=serializers.CharField(), help_text="Fields that were not, and why")


_SIGNED = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description="Standard Webhooks 1.0.0")
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
]


class CrmMessages(APIView):
    """Messages of a CRM, signed by it. No session and no token speaks here."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="deals_crm_receive",
        request=CrmMessageSerializer,
        responses=CrmAnswerSerializer,
        parameters=_SIGNED,
        auth=[],
    )
    def post(self, request: Request, system_id: UUID) -> Response:
        """The same message again changes nothing and gets the same answer."""
        try:
            body = request._request.body
        except RequestDataTooBig as error:
            raise services.MessageTooLarge("The message is too large.") from error
        answer = services.receive_message(system_id=system_id, sent=request.headers, body=body, at=timezone.now())
        return Response(answer)


api_urlpatterns = [
    path("deals/", DealList.as_view(), name="deals"),
    path("deals/forecast/", ForecastView.as_view(), name="deal-forecast"),
    path("deals/<uuid:deal_id>/", DealDetail.as_view(), name="deal"),
    path("deals/<uuid:deal_id>/moves/", DealMoves.as_view(), name="deal-moves"),
    path("deals/<uuid:deal_id>/comments/", DealComments.as_view(), name="deal-comments"),
    path("joint-plans/", JointPlanList.as_view(), name="joint-plans"),
    path("joint-plans/<uuid:plan_id>/", JointPlanDetail.as_view(), name="joint-plan"),
    path("leads/", LeadList.as_view(), name="leads"),
    path("leads/<uuid:lead_id>/", LeadDetail.as_view(), name="lead"),
    path("leads/<uuid:lead_id>/accept/", LeadAccept.as_view(), name="lead-accept"),
    path("leads/<uuid:lead_id>/decline/", LeadDecline.as_view(), name="lead-decline"),
    path("crm/<uuid:system_id>/messages/", CrmMessages.as_view(), name="crm-messages"),
]
