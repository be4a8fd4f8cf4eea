"""Badges in the Wagtail admin: achievements with their designer, pathways, the issuer's profile, what was awarded."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe
from wagtail import hooks
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import CreateView, EditView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.permissions import register_permission_policy

from badges import services
from badges.forms import AchievementForm, IssuerForm, PathwayForm
from badges.images.design import Design, InvalidDesign
from badges.images.drawing import as_svg
from badges.models import Achievement, IssuerProfile, Pathway
from lms.accounts.requests import person_of
from lms.common.admin import ByRule, SavesByService

PERMISSION = "badges.manage_badges"
_INERT = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


register_permission_policy(Achievement, ByRule(Achievement, PERMISSION))
register_permission_policy(Pathway, ByRule(Pathway, PERMISSION))


class SavesAchievement(SavesByService):
    def save_instance(self) -> Achievement:
        form: AchievementForm = self.form
        image = form.picture()
        return services.save_achievement(
            achievement=form.row(),
            related=form.cleaned_data["related"],
            image=image,
            by=person_of(self.request),
            at=timezone.now(),
        )


class AchievementCreateView(SavesAchievement, CreateView):
    pass


class AchievementEditView(SavesAchievement, EditView):
    pass


class AchievementViewSet(ModelViewSet):
    model = Achievement
    name = "achievements"
    menu_label = "Achievements"
    icon = "success"
    add_view_class = AchievementCreateView
    edit_view_class = AchievementEditView
    create_template_name = "badges/admin/create.html"
    edit_template_name = "badges/admin/edit.html"
    list_display = ["name", "type", "version", Column("certification", label="Comes with")]
    search_fields = ["name"]
    search_backend_name = None
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[AchievementForm]:
        return AchievementForm

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("preview/", preview, name="preview")]


@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """The badge as it is being designed. What is no design gets the plain default one: typing is not an error."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    names = Design.__dataclass_fields__
    try:
        design = Design(**{name: str(value) for name, value in request.GET.items() if name in names})
    except InvalidDesign:
        design = Design()
    response = HttpResponse(as_svg(design), content_type="image/svg+xml")
    response["Content-Security-Policy"] = _INERT
    return response


class SavesPathway(SavesByService):
    def save_instance(self) -> Pathway:
        form: PathwayForm = self.form
        return services.save_pathway(
            pathway=form.save(commit=False),
            members=form.cleaned_data["members"],
            needed=form.cleaned_data["needed"],
            by=person_of(self.request),
            at=timezone.now(),
        )


class PathwayCreateView(SavesPathway, CreateView):
    pass


class PathwayEditView(SavesPathway, EditView):
    pass


class PathwayViewSet(ModelViewSet):
    model = Pathway
    name = "pathways"
    menu_label = "Pathways"
    icon = "list-ol"
    add_view_class = PathwayCreateView
    edit_view_class = PathwayEditView
    create_template_name = "badges/admin/pathway_create.html"
    edit_template_name = "badges/admin/pathway_edit.html"
    list_display = ["achievement", "needed", "retired_at"]
    search_backend_name = None
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[PathwayForm]:
        return PathwayForm

    def get_queryset(self) -> QuerySet[Pathway]:
        return Pathway.objects.select_related("achievement")


class IssuerViewSet(ViewSet):
    """One page: who issues."""

    name = "badge_issuer"
    menu_label = "Issuer"
    icon = "user"

    def get_urlpatterns(self) -> list[URLPattern]:
        return [path("", issuer, name="index")]


def issuer(request: HttpRequest) -> HttpResponse:
    """The issuer's profile, as new badges will carry it."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = IssuerForm(request.POST or None, instance=IssuerProfile.objects.first())
    if request.method == "POST" and form.is_valid():
        services.save_issuer(profile=form.save(commit=False), by=person_of(request), at=timezone.now())
        messages.success(request, "The issuer's profile is saved. Badges from now on carry it.")
        return redirect("badge_issuer:index")
    page = {"form": form, "page_title": "Issuer of badges", "header_icon": "user"}
    return render(request, "badges/admin/issuer.html", page)


class BadgeGroup(ModelViewSetGroup):
    menu_label = "Badges"
    menu_icon = "pick"
    menu_order = 265
    items = (AchievementViewSet(), PathwayViewSet(), IssuerViewSet())


@hooks.register("register_admin_viewset")
def register_badges() -> ViewSet:
    return BadgeGroup()
