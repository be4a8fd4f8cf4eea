"""Tables of deals."""

from lms.deals.models.activities import ActivityKind, JointActivity
from lms.deals.models.crm import CrmLink, CrmMessage, CrmReceipt, CrmSystem, DealChange, FieldMark
from lms.deals.models.deals import Comment, Deal, DealMove, DealMoveQuerySet, DealQuerySet, Origin, Reminder, Task
from lms.deals.models.engagement import Acceptance, EngagementRules, RulesWithdrawal, VendorAccount
from lms.deals.models.imports import DealImport, DealImportRow, RowOutcome
from lms.deals.models.leads import Lead, LeadMove
from lms.deals.models.overlap import OverlapComparison, OverlapHash, OverlapMatch
from lms.deals.models.plans import Decision, JointPlan, PlanAction, PlanEntry, PlanObjective, PlanReview
from lms.deals.models.stories import StoryEntry, WinStory
from lms.deals.models.weights import StageWeights

__all__ = [
    "Acceptance",
    "ActivityKind",
    "Comment",
    "CrmLink",
    "CrmMessage",
    "CrmReceipt",
    "CrmSystem",
    "Deal",
    "DealChange",
    "DealImport",
    "DealImportRow",
    "DealMove",
    "DealMoveQuerySet",
    "DealQuerySet",
    "Decision",
    "EngagementRules",
    "FieldMark",
    "JointActivity",
    "JointPlan",
    "Lead",
    "LeadMove",
    "Origin",
    "OverlapComparison",
    "OverlapHash",
    "OverlapMatch",
    "PlanAction",
    "PlanEntry",
    "PlanObjective",
    "PlanReview",
    "Reminder",
    "RowOutcome",
    "RulesWithdrawal",
    "StageWeights",
    "StoryEntry",
    "Task",
    "VendorAccount",
    "WinStory",
]
