"""Practice tasks, what gives points, and evidence to review, in the Wagtail admin."""

from django.urls import URLPattern, path
from django.utils import timezone
from wagtail.admin.views.generic import CreateView, EditView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.viewsets.model import ModelViewSet

from certifications import review_views, services
from certifications.forms import PointsRuleForm, PracticeTaskForm
from certifications.models import PointsRule, PracticeTask
from lms.accounts.requests import person_of
from lms.common.admin import SavesByService


class SavesTask(SavesByService):
    def save_instance(self) -> PracticeTask:
        task = self.form.save(commit=False)
        is_retired = self.form.cleaned_data["is_retired"]
        return services.save_practice_task(
            task=task, is_retired=is_retired, by=person_of(self.request), at=timezone.now()
        )


class TaskCreateView(SavesTask, CreateView):
    pass


class TaskEditView(SavesTask, EditView):
    pass


class PracticeTaskViewSet(ModelViewSet):
    model = PracticeTask
    name = "practice_tasks"
    menu_label = "Practice tasks"
    icon = "clipboard-list"
    add_view_class = TaskCreateView
    edit_view_class = TaskEditView
    list_display = ["title", "minutes", "retired_at"]
    search_fields = ["title"]
    search_backend_name = None
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[PracticeTaskForm]:
        return PracticeTaskForm


class SavesRule(SavesByService):
    def save_instance(self) -> PointsRule:
        rule = self.form.save(commit=False)
        return services.save_points_rule(rule=rule, by=person_of(self.request), at=timezone.now())


class RuleCreateView(SavesRule, CreateView):
    pass


class RuleEditView(SavesRule, EditView):
    pass


class PointsRuleViewSet(ModelViewSet):
    model = PointsRule
    name = "points_rules"
    menu_label = "What gives points"
    icon = "plus"
    add_view_class = RuleCreateView
    edit_view_class = RuleEditView
    list_display = ["certification", "course", "assessment", "points"]
    list_filter = ["certification"]
    search_backend_name = None
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[PointsRuleForm]:
        return PointsRuleForm


class EvidenceViewSet(ViewSet):
    """The reviewers' desk."""

    name = "evidence"
    url_prefix = "evidence"
    menu_label = "Evidence to review"
    icon = "tasks"

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", review_views.evidence_list, name="list"),
            path("points/", review_views.record_points, name="points"),
            path("<uuid:submission_id>/", review_views.evidence, name="one"),
        ]
