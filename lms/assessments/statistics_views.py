"""Statistics in the Wagtail admin: of an exam, of an item with its history, what needs a look; and results changed
after an item was wrong. Every page asks for a named permission."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.assessments import charts, services
from lms.assessments.bank_views import needs
from lms.assessments.forms.grading import RegradeForm, SimilarityForm
from lms.assessments.models import Assessment, ExamTally, Item, ItemFlag, Regrade
from lms.assessments.services import ExamStatistics, ItemStatistics
from lms.assessments.statistics.estimates import Estimate
from lms.common import exports
from lms.common.errors import DomainError

SHOWN_CHANGES = 200


@require_safe
@needs("assessments.view_statistics")
def index(request: HttpRequest) -> HttpResponse:
    """All exams with what has been counted and what is to be looked at."""
    of_exam = ExamTally.objects.filter(assessment=OuterRef("pk")).order_by().values("assessment")
    counted = Coalesce(Subquery(of_exam.annotate(total=Sum("n")).values("total")), 0)
    standing = Count("flags", filter=Q(flags__gone_at=None, flags__settled_at=None))
    rows = Assessment.objects.annotate(counted=counted, standing=standing).order_by("title")
    context = {"rows": rows, "page_title": "Statistics", "header_icon": "table"}
    return render(request, "assessments/admin/statistics_index.html", context)


def _wanted(request: HttpRequest, exam: Assessment, item_id: int | None = None) -> ExamStatistics:
    form = request.GET.get("form", "")
    return services.exam_statistics(
        exam,
        form=int(form) if form.isascii() and form.isdigit() and len(form) < 5 else None,
        first_only=request.GET.get("attempts") != "all",
        item_id=item_id,
    )


@require_safe
@needs("assessments.view_statistics")
def exam(request: HttpRequest, exam_id: int) -> HttpResponse:
    """Figures of an exam and a row per item."""
    found = get_object_or_404(Assessment, pk=exam_id)
    made = _wanted(request, found)
    context = {
        "exam": found,
        "made": made,
        "chart": charts.distribution_chart(made.sums, float(found.cut_score)),
        "can_settle": request.user.has_perm("assessments.settle_flag"),
        "can_build_forms": request.user.has_perm("assessments.build_forms"),
        "can_set_standard": request.user.has_perm("assessments.set_standard"),
        "can_compare": request.user.has_perm("assessments.compare_candidates"),
        "page_title": "Statistics",
        "page_subtitle": found.title,
        "header_icon": "table",
    }
    return render(request, "assessments/admin/statistics_exam.html", context)


@require_safe
@needs("assessments.view_statistics")
def item(request: HttpRequest, exam_id: int, item_id: int) -> HttpResponse:
    """Each version of an item in an exam: options, history, flags, regrades."""
    found = get_object_or_404(Assessment, pk=exam_id)
    asked = get_object_or_404(Item, pk=item_id)
    made = _wanted(request, found, asked.pk)
    context = {
        "exam": found,
        "item": asked,
        "versions": [(one, charts.history_chart(one.months)) for one in made.items],
        "regrades": Regrade.objects.filter(assessment=found, item=asked).order_by("-ordered_at"),
        "can_regrade": request.user.has_perm("assessments.regrade"),
        "page_title": asked.code,
        "page_subtitle": found.title,
        "header_icon": "table",
    }
    return render(request, "assessments/admin/statistics_item.html", context)


CSV_COLUMNS = (
    *("item", "version", "on_trial", "answers", "facility", "deviation", "discrimination", "upper_lower", "omitted"),
    *("seconds", "exposure", "rasch", "rasch_error", "flags"),
)


@require_safe
@needs("assessments.view_statistics")
def download(request: HttpRequest, exam_id: int) -> HttpResponse:
    """The items of an exam as CSV; a cell that a spreadsheet would run is made text."""
    found = get_object_or_404(Assessment, pk=exam_id)
    rows = [CSV_COLUMNS, *map(_cells, _wanted(request, found).items)]
    disposition = content_disposition_header(True, f"statistics-{found.slug}.csv") or "attachment"
    content = "".join(exports.csv_lines(rows))
    return HttpResponse(content, content_type=exports.CSV, headers={"Content-Disposition": disposition})


def _cells(one: ItemStatistics) -> list[object]:
    made = one.figures
    known: list[Estimate] = [made.facility, made.deviation, made.discrimination, made.upper_lower, made.omitted]
    return [
        one.version.item.code,
        one.version.number,
        "yes" if one.is_pilot else "no",
        made.n,
        *("" if value.value is None else f"{value.value:.6f}" for value in [*known, made.seconds]),
        "" if one.exposure is None else f"{one.exposure:.6f}",
        "" if one.difficulty is None else f"{one.difficulty.value:.6f}",
        "" if one.difficulty is None else f"{one.difficulty.error:.6f}",
        " ".join(flag.kind for flag in one.flags),
    ]


@require_safe
@needs("assessments.view_statistics")
def flags(request: HttpRequest) -> HttpResponse:
    """The inbox: what stands, the urgent first."""
    standing = ItemFlag.objects.standing().select_related("item_version__item", "assessment")
    page = Paginator(standing.order_by("-is_urgent", "-raised_at", "pk"), 25).get_page(request.GET.get("p"))
    context = {
        "page": page,
        "can_settle": request.user.has_perm("assessments.settle_flag"),
        "page_title": "To look at",
        "header_icon": "warning",
    }
    return render(request, "assessments/admin/flags.html", context)


@require_POST
@needs("assessments.view_statistics")
def settle(request: HttpRequest, flag_id: int) -> HttpResponse:
    flag = get_object_or_404(ItemFlag.objects.select_related("item_version__item"), pk=flag_id)
    try:
        services.settle_flag(
            flag=flag, settlement=request.POST.get("settlement", ""), by=person_of(request), at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "It is settled and will not be raised again.")
    return redirect("exam_statistics:flags")


@require_POST
@needs("assessments.settle_flag")
def judge(request: HttpRequest, exam_id: int) -> HttpResponse:
    """Looks now, in place of waiting for tonight."""
    found = get_object_or_404(Assessment, pk=exam_id)
    raised = services.judge_items(assessment=found, at=timezone.now())
    messages.success(request, f"{len(raised)} new to look at.")
    return redirect("exam_statistics:flags")


@needs("assessments.regrade")
def regrade(request: HttpRequest, exam_id: int, item_id: int) -> HttpResponse:
    """What is to be done with an item, what would come of it by name, and only then the order."""
    found = get_object_or_404(Assessment, pk=exam_id)
    asked = get_object_or_404(Item, pk=item_id)
    form = RegradeForm(request.POST or None, item=asked)
    context: dict[str, Any] = {
        "exam": found,
        "item": asked,
        "form": form,
        "page_title": "Regrade",
        "page_subtitle": f"{asked.code}, {found.title}",
        "header_icon": "rotate",
    }
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        wanted = {"assessment": found, "item": asked, "action": data["action"], "key_version": data["key_version"]}
        try:
            if request.POST.get("step") == "order":
                made = services.order_regrade(**wanted, reason=data["reason"], by=person_of(request), at=timezone.now())
                return redirect("exam_statistics:regraded", made.public_id)
            plan = services.plan_regrade(**wanted)
            context["plan"] = plan
            context["turns"] = [("Would pass", plan.to_pass), ("Would fail", plan.to_fail)]
        except DomainError as error:
            form.add_error(None, error.message)
    return render(request, "assessments/admin/regrade.html", context)


@require_safe
@needs("assessments.regrade")
def regraded(request: HttpRequest, regrade_id: str) -> HttpResponse:
    """How far a regrade is, and what it changed, by name."""
    made = get_object_or_404(
        Regrade.objects.select_related("assessment", "item", "key_version", "ordered_by"), public_id=regrade_id
    )
    changes = made.changes.select_related("attempt__person", "attempt__membership__partner")
    context = {
        "made": made,
        "changes": changes.order_by("passed_after", "attempt__person__name", "pk")[:SHOWN_CHANGES],
        "counts": made.changes.aggregate(
            all=Count("pk"),
            to_pass=Count("pk", filter=Q(passed_before=False, passed_after=True)),
            to_fail=Count("pk", filter=Q(passed_before=True, passed_after=False)),
        ),
        "percent": 100 if made.finished_at else min(99, made.done * 100 // max(made.total, 1)),
        "page_title": "Regrade",
        "page_subtitle": f"{made.item.code}, {made.assessment.title}",
        "header_icon": "rotate",
    }
    return render(request, "assessments/admin/regraded.html", context)


@require_safe
@needs("assessments.compare_candidates")
def similar(request: HttpRequest, exam_id: int) -> HttpResponse:
    """Candidates of one partner whose answers agree more than chance and knowledge explain: for a person to look at."""
    found = get_object_or_404(Assessment, pk=exam_id)
    form = SimilarityForm(request.GET or None, exam=found)
    context: dict[str, Any] = {
        "exam": found,
        "form": form,
        "page_title": "Answer similarity",
        "page_subtitle": found.title,
        "header_icon": "group",
    }
    if request.GET and form.is_valid():
        context["report"] = services.similar_candidates(
            assessment=found, partner=form.cleaned_data["partner"], by=person_of(request), at=timezone.now()
        )
    return render(request, "assessments/admin/similar.html", context)
