"""Programmes in the Wagtail admin: the versions to read, and publishing the next one from YAML."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from wagtail import hooks
from wagtail.admin.viewsets.base import ViewSet

from lms.accounts.models import User
from lms.common import exports
from lms.common.errors import DomainError
from lms.common.menus import item_for
from lms.tiers import engine, services
from lms.tiers.forms import EditForm, MetricsForm, PublishForm
from lms.tiers.models import Appeal, EvidenceDocument, ProgrammeDraft, ProgrammeVersion

SHOWN = 200  # rows of a list


def _require(request: HttpRequest, permission: str) -> User:
    """The signed-in person, who must have the permission."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission):
        raise PermissionDenied
    return user


def versions_page(request: HttpRequest) -> HttpResponse:
    """Every version, newest first."""
    _require(request, "tiers.view_programmes")
    versions = ProgrammeVersion.objects.select_related("programme", "published_by").order_by(
        "programme__name", "-number"
    )
    return _render(request, "versions", "Partner programmes", versions=versions)


def version_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: its tiers and what they ask for."""
    _require(request, "tiers.view_programmes")
    version = get_object_or_404(ProgrammeVersion.objects.select_related("programme"), pk=pk)
    return _render(
        request,
        "version",
        str(version),
        version=version,
        rules=services.rules_of(version),
        text=services.as_text(version.document),
        draft=ProgrammeDraft.objects.filter(version=version).first(),
    )


def publish_page(request: HttpRequest) -> HttpResponseBase:
    """The text is checked, shown as it was understood, and back-tested when asked for; only then it is published."""
    user = _require(request, "tiers.publish_programme")
    step = request.POST.get("step", "")
    form = PublishForm(request.POST or None, initial=_initial(request))
    is_valid = request.method == "POST" and form.is_valid()
    if is_valid and step in {"publish", "propose"}:
        try:
            return _stored(request, form, user, step)
        except DomainError as error:
            form.add_error(None, error.message)
    return _checked(request, form, step=step)


def _stored(request: HttpRequest, form: PublishForm, by: User, step: str) -> HttpResponse:
    """Publishes the text, or puts it up for approval, and goes to what was made. Raises what the services raise."""
    if step == "propose":
        draft = services.propose_source(**_wanted(form), purpose=form.cleaned_data["purpose"], by=by, at=timezone.now())
        messages.success(request, f"{draft} waits for approval.")
        return redirect("tiers:draft", draft.public_id)
    version = services.publish_source(**_wanted(form), by=by, at=timezone.now())
    messages.success(request, f"{version} is published.")
    return redirect(reverse("programmes:version", args=[version.pk]))


def _checked(request: HttpRequest, form: PublishForm, *, step: str) -> HttpResponseBase:
    """The page on a text: how it was understood, and what it does when the step asks for it."""
    rules = form.cleaned_data.get("rules") if form.is_bound and form.is_valid() else None
    comparison = _comparison(rules, step)
    if comparison is not None and step == "export":
        return _export(comparison)
    now = timezone.now()
    loads = services.training_load(rules, on=now.date()) if rules is not None else ()
    has_map = rules is not None and rules.migration is not None
    chosen = form.cleaned_data.get("programme") if has_map else None
    moves = services.preview_migration(new=rules, programme=chosen, at=now) if has_map and rules is not None else ()
    return _render(
        request,
        "publish",
        "Publish rules",
        form=form,
        rules=rules,
        loads=loads,
        comparison=comparison,
        moves=moves,
        functions=() if rules is None else services.functions_asked_of(**_wanted(form)),
    )


def _wanted(form: PublishForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("source", "programme", "effective_at")}


def edit_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Numbers, dates and names of a version as fields; what is changed is shown as a draft with its back-test."""
    _require(request, "tiers.publish_programme")
    version = get_object_or_404(ProgrammeVersion.objects.select_related("programme"), pk=pk)
    form = EditForm(request.POST or None, edits=services.editable(version.document))
    if request.method != "POST" or not form.is_valid():
        newer = version.programme.versions.filter(number__gt=version.number).order_by("-number").first()
        return _render(request, "edit", f"Change {version}", version=version, newer=newer, form=form)
    document = services.with_edits(version.document, form.cleaned_data)
    draft = {"programme": version.programme_id, "text": services.as_text(document), "effective_at": _this_minute()}
    return _checked(request, PublishForm(draft), step="backtest")


def metrics_page(request: HttpRequest) -> HttpResponseBase:
    """Figures as CSV: checked row by row first, and stored only when they are sent again to be imported."""
    user = _require(request, "tiers.import_metrics")
    is_posted = request.method == "POST"
    form = MetricsForm(request.POST if is_posted else None, request.FILES if is_posted else None)
    rows = None
    if is_posted and form.is_valid():
        text = form.cleaned_data["text"]
        try:
            if request.POST.get("step") == "import":
                done = services.import_metrics(text=text, by=user, at=timezone.now())
                messages.success(request, f"{sum(row.figure is not None for row in done)} figures are stored.")
                return redirect(reverse("programmes:metrics"))
            rows = services.check_metrics(text=text, by=user, at=timezone.now())
        except DomainError as error:
            form.add_error(None, error.message)
        data = request.POST.copy()
        data["text"] = text  # what was checked is what will be imported
        form.data = data
    return _render(
        request,
        "metrics",
        "Import figures",
        form=form,
        rows=rows,
        columns=services.METRIC_COLUMNS,
        stored=sum(row.figure is not None for row in rows or ()),
        refused=sum(row.is_refused for row in rows or ()),
    )


def waiting_page(request: HttpRequest) -> HttpResponse:
    """Drafts that wait for the reader, appeals, the open ones first, and documents that nobody has judged."""
    user = _require(request, "tiers.rule_on_appeal")
    appeals = Appeal.objects.visible_to(user).select_related("partner", "tier")
    documents = EvidenceDocument.objects.visible_to(user).open().select_related("partner")
    return _render(
        request,
        "waiting",
        "Appeals and evidence",
        drafts=services.drafts_waiting_for(user),
        appeals=appeals.order_by(F("ruled_at").desc(nulls_first=True), "raised_at")[:SHOWN],
        documents=documents.order_by("handed_in_at")[:SHOWN],
    )


def _comparison(rules: engine.Programme | None, step: str) -> services.Comparison | None:
    """The back-test, when it is asked for and there are rules in force to compare with."""
    if rules is None or step not in {"backtest", "export"}:
        return None
    now = timezone.now()
    version = ProgrammeVersion.objects.in_force(now)
    old = rules if version is None else services.rules_of(version)
    return services.compare_rules(old=old, new=rules, at=now)


def _export(comparison: services.Comparison) -> StreamingHttpResponse:
    response = StreamingHttpResponse(exports.csv_lines(services.as_rows(comparison)), content_type=exports.CSV)
    response["Content-Disposition"] = 'attachment; filename="back-test.csv"'
    return response


def _initial(request: HttpRequest) -> dict[str, Any]:
    """Now, and the text of the version that `?version=` names, or all of the draft that `?draft=` does."""
    if (draft := _draft(request.GET.get("draft", ""))) is not None:
        text = services.as_text(draft.document)
        kept = {"programme": draft.programme_id, "effective_at": draft.effective_at, "purpose": draft.purpose}
        return kept | {"text": text}
    pk = request.GET.get("version", "")
    version = ProgrammeVersion.objects.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 10 else None
    initial: dict[str, Any] = {"effective_at": _this_minute()}
    if version is None:
        return initial
    return initial | {"programme": version.programme_id, "text": services.as_text(version.document)}


def _draft(public_id: str) -> ProgrammeDraft | None:
    try:
        return ProgrammeDraft.objects.filter(public_id=UUID(public_id)).first()
    except ValueError:
        return None


def _this_minute() -> datetime:
    return timezone.now().replace(second=0, microsecond=0)


def _render(request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
    return render(request, f"tiers/admin/{name}.html", {"page_title": title, "header_icon": "list-ol", **context})


class ProgrammeViewSet(ViewSet):
    name = "programmes"
    icon = "list-ol"
    menu_label = "Programmes"
    menu_order = 260
    menu_item_class = item_for("tiers.view_programmes")
    add_to_admin_menu = True

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", versions_page, name="index"),
            path("publish/", publish_page, name="publish"),
            path("metrics/", metrics_page, name="metrics"),
            path("waiting/", waiting_page, name="waiting"),
            path("<int:pk>/", version_page, name="version"),
            path("<int:pk>/edit/", edit_page, name="edit"),
        ]


@hooks.register("register_admin_viewset")
def register_programmes() -> ViewSet:
    return ProgrammeViewSet()
