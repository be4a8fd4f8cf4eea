"""The test bank editor in the Wagtail admin: items made, edited, looked at as candidates see them, reviewed, exported.

Every page asks for a named permission; nothing of it is linked or served outside the admin.
"""

from collections.abc import Callable
from functools import wraps
from random import Random
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.models import User
from lms.assessments import items, services
from lms.assessments.forms import ExportForm, NewItemForm, editor_for
from lms.assessments.forms.editing import Editor
from lms.assessments.media import addresses_for
from lms.assessments.models import Item, ItemBank, ItemMedia, ItemVersion
from lms.common.errors import DomainError

View = Callable[..., HttpResponseBase]


def needs(permission: str) -> Callable[[View], View]:
    """403 without the permission; pages with keys are never kept by a browser."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return never_cache(guarded)

    return wrap


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  narrows the type: `needs` let nobody else pass
    return request.user


@needs("assessments.change_item_text")
def new_item(request: HttpRequest) -> HttpResponse:
    """Bank, name and type of an item that is to be written."""
    form = NewItemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        query = urlencode({"code": data["code"]})
        return redirect(f"{reverse('item_editor:add', args=[data['bank'].pk, data['type']])}?{query}")
    context = {"form": form, "page_title": "New item", "header_icon": "help", "action": "Write it"}
    return render(request, "assessments/admin/form.html", context)


@needs("assessments.change_item_text")
def add_item(request: HttpRequest, bank_id: int, kind: str) -> HttpResponse:
    bank = get_object_or_404(ItemBank, pk=bank_id)
    code = " ".join((request.POST.get("code") or request.GET.get("code", "")).split())[:100]
    if kind not in items.TYPES or not code or bank.items.filter(code=code).exists():
        return redirect("item_editor:new")
    return _edit(request, bank, code, kind, None)


@needs("assessments.change_item_text")
def edit_item(request: HttpRequest, item_id: int) -> HttpResponse:
    """The newest version in a form. Saving makes a version of its own once somebody may have seen this one."""
    item = get_object_or_404(Item.objects.select_related("bank", "case"), pk=item_id)
    version = item.versions.select_related("item").order_by("-number").first()
    if version is None:
        return redirect("item_editor:new")
    return _edit(request, item.bank, item.code, version.type, version)


def _edit(request: HttpRequest, bank: ItemBank, code: str, kind: str, version: ItemVersion | None) -> HttpResponse:
    is_posted = request.method == "POST"
    editor = editor_for(
        kind, bank=bank, version=version, data=request.POST if is_posted else None, files=request.FILES or None
    )
    if is_posted and editor.is_valid():
        try:
            saved = _save(request, editor, bank, code)
        except DomainError as error:
            editor.form.add_error(None, error.message)
        else:
            messages.success(request, f"{saved} was saved.")
            again = "add_rows" in request.POST
            return redirect("item_editor:edit" if again else "items:inspect", saved.item_id)
    context = {
        "editor": editor,
        "version": version,
        "code": code,
        "page_title": code,
        "page_subtitle": dict(ItemVersion.Type.choices)[kind],
        "header_icon": "help",
    }
    return render(request, "assessments/admin/edit.html", context)


@transaction.atomic
def _save(request: HttpRequest, editor: Editor, bank: ItemBank, code: str) -> ItemVersion:
    person, now = _person(request), timezone.now()
    upload = request.FILES.get("more-image")
    if upload is not None:
        editor.medium = services.add_medium(data=upload.read(), by=person, at=now)
    fields = editor.fields()
    if picture := request.FILES.get("item-picture"):
        medium = services.add_medium(data=picture.read(), by=person, at=now)
        fields["content"]["stem"] += _tag(medium, editor.form.cleaned_data["picture_alt"])
    version = services.add_item_version(bank=bank, code=code, meta=editor.form.meta(), by=person, at=now, **fields)
    data = editor.form.cleaned_data
    services.relate_item(
        item=version.item, enemies=data["enemies"], lessons=editor.form.lesson_pairs(), case=data["case"]
    )
    return version


def _tag(medium: ItemMedia, alt: str) -> str:
    if medium.width or medium.extension == "svg":
        return format_html('<p><img src="media:{}" alt="{}"></p>', medium.digest, alt)
    return format_html('<p><audio controls src="media:{}"></audio></p>', medium.digest)


@require_safe
@needs("assessments.review_items")
def preview(request: HttpRequest, version_id: int) -> HttpResponse:
    """The version as a candidate sees it: a new order each time, and no key in the page."""
    version = get_object_or_404(ItemVersion.objects.select_related("item"), pk=version_id)
    content = version.loaded_content
    shown = items.show(version.kind, content, Random())  # noqa: S311  nothing depends on it
    address = addresses_for(_person(request).pk)
    question = items.present(version.kind, content, shown, address=address)
    return render(request, "assessments/admin/preview.html", {"version": version, "question": question})


STEPS: dict[str, tuple[str, str]] = {
    "ask": ("assessments.change_item_text", "The review was asked for."),
    "approve": ("assessments.review_items", "It is live now."),
    "pilot": ("assessments.review_items", "It is on trial now: shown, and not scored."),
    "return": ("assessments.review_items", "It was sent back to its author."),
    "end_pilot": ("assessments.review_items", "It is live now."),
    "retire": ("assessments.change_item_text", "It is drawn no more."),
    "restore": ("assessments.change_item_text", "It is back."),
}


@require_POST
@needs("assessments.review_items")
def step(request: HttpRequest, version_id: int) -> HttpResponse:
    """One step on a version's way, by the button that was pressed."""
    version = get_object_or_404(ItemVersion.objects.select_related("item"), pk=version_id)
    name = request.POST.get("step", "")
    if name not in STEPS:
        return redirect("items:inspect", version.item_id)
    permission, words = STEPS[name]
    if not request.user.has_perm(permission):
        raise PermissionDenied
    try:
        _take(name, version, _person(request), request.POST.get("note", "")[:2000])
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, words)
    return redirect("items:inspect", version.item_id)


def _take(name: str, version: ItemVersion, by: User, note: str) -> None:
    now = timezone.now()
    match name:
        case "ask":
            services.ask_for_review(version=version, by=by, at=now)
        case "approve" | "pilot":
            services.approve_version(version=version, by=by, at=now, as_pilot=name == "pilot", note=note)
        case "return":
            services.return_version(version=version, by=by, at=now, note=note)
        case "end_pilot":
            services.end_pilot(version=version, by=by)
        case "retire":
            services.retire_item(item=version.item, at=now)
        case _:
            services.restore_item(item=version.item)


@needs("assessments.export_items")
def export(request: HttpRequest) -> HttpResponse:
    """A bank as a file, with keys; what is lost or left out is told first, then the file is fetched."""
    form = ExportForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "page_title": "Export items", "header_icon": "download"}
    if request.method == "POST" and form.is_valid():
        made = services.export_items(bank=form.cleaned_data["bank"], format=form.cleaned_data["format"])
        if request.POST.get("step") == "fetch":
            disposition = content_disposition_header(True, made.filename) or "attachment"
            return HttpResponse(made.data, content_type=made.content_type, headers={"Content-Disposition": disposition})
        context["made"] = made
    return render(request, "assessments/admin/export.html", context)
