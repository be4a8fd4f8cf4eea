"""Who may import items, keep banks and exams, sit an exam, and look at how exams were sat."""

from typing import TYPE_CHECKING

import rules

from lms.assessments.models import Assessment

if TYPE_CHECKING:
    from lms.assessments.models.exams import Anybody

CHANNEL_MARKETING = "Channel marketing"
PORTAL_MANAGERS = "Portal managers"

CONTENT_REVIEWERS = "Content reviewers"

keeps_items = rules.is_group_member(CHANNEL_MARKETING) | rules.is_group_member(PORTAL_MANAGERS)

reviews_items = keeps_items | rules.is_group_member(CONTENT_REVIEWERS)


@rules.predicate
def is_audience(user: "Anybody", assessment: Assessment | None) -> bool:
    """Has today a persona that the exam is for."""
    return assessment is not None and Assessment.objects.visible_to(user).filter(pk=assessment.pk).exists()


rules.add_perm("assessments.sit", is_audience)
rules.add_perm("assessments.import_items", keeps_items)
for _model in ("itembank", "assessment", "casestudy"):
    for _action in ("view", "add", "change"):
        rules.add_perm(f"assessments.{_action}_{_model}", keeps_items)
rules.add_perm("assessments.change_item_text", keeps_items)
rules.add_perm("assessments.export_items", keeps_items)
rules.add_perm("assessments.review_items", reviews_items)
rules.add_perm("assessments.view_item", reviews_items)
rules.add_perm("assessments.mark_answers", reviews_items)
rules.add_perm("assessments.view_timelines", rules.is_group_member(PORTAL_MANAGERS))
rules.add_perm("assessments.grant_accommodation", rules.is_group_member(PORTAL_MANAGERS))
rules.add_perm("assessments.view_statistics", reviews_items)
rules.add_perm("assessments.settle_flag", keeps_items)
# What people earned changes only by the portal managers' word, as with learning records.
rules.add_perm("assessments.regrade", rules.is_group_member(PORTAL_MANAGERS))
rules.add_perm("assessments.compare_candidates", rules.is_group_member(PORTAL_MANAGERS))
rules.add_perm("assessments.build_forms", keeps_items)
rules.add_perm("assessments.set_standard", rules.is_group_member(PORTAL_MANAGERS))
