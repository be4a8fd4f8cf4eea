"""Forms of an exam and its cut score, in the Wagtail admin."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lms.accounts.requests import person_of
from lms.assessments import services
from lms.assessments.assembly import shared
from lms.assessments.bank_views import needs
from lms.assessments.forms.grading import AdoptForm, BuildForm, StandardForm
from lms.assessments.models import Assessment, Form, StandardSetting
from lms.common.errors import DomainError


@needs("assessments.build_forms")
def exam_forms(request: HttpRequest, exam_id: int) -> HttpResponse:
    """The forms there are, how equal they are, and more of them."""
    exam = get_object_or_404(Assessment, pk=exam_id)
    form = BuildForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.build_forms(
                assessment=exam,
                count=data["count"],
                max_shared=data["max_shared"],
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{len(made)} forms were made. None is in use yet.")
            return redirect("exam_statistics:forms", exam.pk)
    forms = list(exam.forms.annotate(used=Count("attempts")).prefetch_related("items").order_by("number"))
    standing = [{place.item_id for place in one.items.all()} for one in forms if one.withdrawn_at is None]
    context = {
        "exam": exam,
        "form": form,
        "forms": forms,
        "shared": shared(standing),
        "page_title": "Forms",
        "page_subtitle": exam.title,
        "header_icon": "copy",
    }
    return render(request, "assessments/admin/exam_forms.html", context)


@require_POST
@needs("assessments.build_forms")
def form_step(request: HttpRequest, form_id: int) -> HttpResponse:
    """A form is taken into use, or withdrawn."""
    form = get_object_or_404(Form.objects.select_related("assessment"), pk=form_id)
    step = services.withdraw_form if request.POST.get("step") == "withdraw" else services.use_form
    step(form=form, by=person_of(request), at=timezone.now())
    return redirect("exam_statistics:forms", form.assessment_id)


@needs("assessments.set_standard")
def standards(request: HttpRequest, exam_id: int) -> HttpResponse:
    """Panels that set the cut score, and another one recorded."""
    exam = get_object_or_404(Assessment, pk=exam_id)
    form = StandardForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.record_standard(
                assessment=exam,
                held_on=data["held_on"],
                definition=data["definition"],
                ratings=services.read_ratings(data["text"]),
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("exam_statistics:standard", made.pk)
    context = {
        "exam": exam,
        "form": form,
        "settings": exam.standard_settings.order_by("-held_on", "-pk"),
        "page_title": "Cut score",
        "page_subtitle": exam.title,
        "header_icon": "pick",
    }
    return render(request, "assessments/admin/standards.html", context)


@needs("assessments.set_standard")
def standard(request: HttpRequest, setting_id: int) -> HttpResponse:
    """What a panel came to round by round, and the decision."""
    setting = get_object_or_404(
        StandardSetting.objects.select_related("assessment", "recorded_by", "adopted_by"), pk=setting_id
    )
    form = AdoptForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.adopt_standard(setting=setting, by=person_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "It is the exam's cut score now.")
            return redirect("exam_statistics:standard", setting.pk)
    context: dict[str, Any] = {
        "setting": setting,
        "rounds": services.cuts(setting),
        "form": form,
        "page_title": "Cut score",
        "page_subtitle": str(setting),
        "header_icon": "pick",
    }
    return render(request, "assessments/admin/standard.html", context)
