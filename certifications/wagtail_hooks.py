"""Certifications and credentials in the Wagtail admin. Named permissions decide, not Django's model permissions."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic import CreateView, EditView, IndexView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.permissions import register_permission_policy

from certifications import manage_views, services
from certifications.forms import CertificationForm, DesignForm, RevocationForm
from certifications.models import CertificateDesign, Certification, Credential, PointsRule, PracticeTask
from certifications.practice_admin import EvidenceViewSet, PointsRuleViewSet, PracticeTaskViewSet
from lms.accounts.requests import person_of
from lms.common.admin import ByRule, SavesByService
from lms.common.errors import DomainError
from lms.common.menus import item_for
from lms.partners.models import today

MANAGES = "certifications.manage_certifications"

register_permission_policy(Certification, ByRule(Certification, MANAGES))
register_permission_policy(Credential, ByRule(Credential, "certifications.revoke_credential", {"view"}))


class SavesCertification(SavesByService):
    def save_instance(self) -> Certification:
        form: CertificationForm = self.form
        return services.save_certification(
            certification=form.save(commit=False),
            personas=form.cleaned_data["personas"],
            courses=form.cleaned_data["courses"],
            assessments=form.cleaned_data["assessments"],
            practice=form.cleaned_data["practice"],
            needed=form.cleaned_data["needed"],
            equivalents=form.cleaned_data["equivalents"],
            renewal=[
                one for kind in ("courses", "assessments", "practice") for one in form.cleaned_data[f"renewal_{kind}"]
            ],
            by=person_of(self.request),
            at=timezone.now(),
        )


class CertificationCreateView(SavesCertification, CreateView):
    pass


class CertificationEditView(SavesCertification, EditView):
    pass


class CertificationViewSet(ModelViewSet):
    model = Certification
    name = "certifications_admin"
    url_prefix = "certifications"
    menu_label = "Certifications"
    icon = "success"
    add_view_class = CertificationCreateView
    edit_view_class = CertificationEditView
    list_display = ["title", "number", "valid_months", "retired_at"]
    search_fields = ["title"]
    search_backend_name = None
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[CertificationForm]:
        return CertificationForm


class CredentialIndexView(IndexView):
    def get_base_queryset(self) -> QuerySet[Credential]:
        return Credential.objects.select_related("certification").order_by("-issued_at", "-pk")

    def get_edit_url(self, instance: Credential) -> str:
        return reverse("credentials:revoke", args=[instance.public_id])


class CredentialViewSet(ModelViewSet):
    """The list, and one action: to revoke, with a reason."""

    model = Credential
    name = "credentials"
    menu_label = "Certificates issued"
    icon = "doc-full"
    index_view_class = CredentialIndexView
    list_display = [
        TitleColumn(
            "holder_name", label="Holder", get_url=lambda one: reverse("credentials:revoke", args=[one.public_id])
        ),
        Column("certification", label="Certification"),
        Column("issued_at", label="Issued"),
        Column("status", label="Status", accessor=lambda one: one.status(today()).label),
    ]
    list_filter = ["certification"]
    search_fields = ["holder_name", "public_id"]
    search_backend_name = None
    copy_view_enabled = False
    form_fields = ["holder_name"]

    def get_urlpatterns(self) -> list[URLPattern]:
        kept = [pattern for pattern in super().get_urlpatterns() if pattern.name in {"index", "index_results"}]
        return [
            *kept,
            path("board/", manage_views.board, name="board"),
            path("bulk/", manage_views.bulk, name="bulk"),
            path("bulk/revoke/", manage_views.bulk_revoke, name="bulk_revoke"),
            path("bulk/certificates.zip", manage_views.bulk_download, name="bulk_download"),
            path("<str:public_id>/revoke/", revoke, name="revoke"),
            path("<str:public_id>/suspend/", manage_views.suspend, name="suspend"),
            path("<str:public_id>/reinstate/", manage_views.reinstate, name="reinstate"),
            path("<str:public_id>/correct/", manage_views.correct, name="correct"),
        ]


register_permission_policy(CertificateDesign, ByRule(CertificateDesign, MANAGES))
register_permission_policy(PracticeTask, ByRule(PracticeTask, MANAGES))
register_permission_policy(PointsRule, ByRule(PointsRule, MANAGES, {"view", "add", "change", "delete"}))


class SavesDesign:
    """Hands what the form read to the one service; a refusal goes back to the form."""

    request: HttpRequest

    def form_valid(self, form: DesignForm) -> HttpResponse:
        file = form.cleaned_data["logo_file"]
        try:
            services.save_design(
                design=form.save(commit=False),
                logo=file.read() if file else None,
                by=person_of(self.request),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, error.message)
            self.produced_error_code, self.produced_error_message = "validation_error", error.message
            return self.form_invalid(form)  # type: ignore[attr-defined,no-any-return]
        messages.success(self.request, "The design is kept. What was issued stays as it is.")
        return redirect("certificate_designs:index")


class DesignCreateView(SavesDesign, CreateView):
    template_name = "certifications/admin/design.html"


class DesignEditView(SavesDesign, EditView):
    template_name = "certifications/admin/design.html"


class DesignViewSet(ModelViewSet):
    model = CertificateDesign
    name = "certificate_designs"
    menu_label = "Page designs"
    icon = "doc-full-inverse"
    add_view_class = DesignCreateView
    edit_view_class = DesignEditView
    list_display = ["name", "layout", "paper"]
    search_fields = ["name"]
    search_backend_name = None
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[DesignForm]:
        return DesignForm

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("preview/", manage_views.preview, name="preview")]


def revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """Shows a credential and takes it back with a reason."""
    credential = get_object_or_404(Credential.objects.select_related("certification", "person"), public_id=public_id)
    if not request.user.has_perm("certifications.revoke_credential", credential):
        raise PermissionDenied
    form = RevocationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.revoke_credential(
                credential=credential, by=person_of(request), reason=form.cleaned_data["reason"], at=timezone.now()
            )
        except DomainError as error:
            form.add_error("reason", error.message)
        else:
            messages.success(request, f"The certificate of {credential.holder_name} is revoked.")
            return redirect("credentials:index")
    context = {
        "credential": credential,
        "suspensions": credential.suspensions.select_related("suspended_by", "lifted_by").order_by(
            "suspended_at", "pk"
        ),
        "status": credential.status(today()),
        "form": form,
        "page_title": credential.holder_name,
        "page_subtitle": credential.certification.title,
        "header_icon": "doc-full",
    }
    return render(request, "certifications/admin/revoke.html", context)


class CertificationGroup(ModelViewSetGroup):
    menu_label = "Certification"
    menu_icon = "success"
    menu_order = 260
    items = (CertificationViewSet(), CredentialViewSet(), DesignViewSet(), PracticeTaskViewSet(), PointsRuleViewSet())


@hooks.register("register_admin_viewset")
def register_certifications() -> ViewSet:
    return CertificationGroup()


@hooks.register("register_admin_viewset")
def register_evidence() -> ViewSet:
    return EvidenceViewSet()


@hooks.register("register_admin_menu_item")
def evidence_item() -> MenuItem:
    return item_for("certifications.review_practice")(
        "Evidence to review", reverse("evidence:list"), icon_name="tasks", order=261
    )


@hooks.register("register_admin_menu_item")
def points_item() -> MenuItem:
    return item_for("certifications.manage_certifications")(
        "Record points", reverse("evidence:points"), icon_name="plus", order=263
    )


@hooks.register("register_admin_menu_item")
def board_item() -> MenuItem:
    address = reverse("credentials:board")
    return item_for("certifications.view_board")("What ends when", address, icon_name="date", order=262)


@hooks.register("register_admin_menu_item")
def bulk_item() -> MenuItem:
    address = reverse("credentials:bulk")
    return item_for("certifications.issue_by_decision")("Many certificates", address, icon_name="list-ul", order=264)
