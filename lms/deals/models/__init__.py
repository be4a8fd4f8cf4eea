"""Tables of deals."""

from lms.deals.models.crm import CrmLink, CrmMessage, CrmReceipt, CrmSystem, DealChange, FieldMark
from lms.deals.models.deals import Comment, Deal, DealMove, DealMoveQuerySet, DealQuerySet, Reminder, Task
from lms.deals.models.engagement import Acceptance, EngagementRules, VendorAccount

__all__ = [
    "Acceptance",
    "Comment",
    "CrmLink",
    "CrmMessage",
    "CrmReceipt",
    "CrmSystem",
    "Deal",
    "DealChange",
    "DealMove",
    "DealMoveQuerySet",
    "DealQuerySet",
    "EngagementRules",
    "FieldMark",
    "Reminder",
    "Task",
    "VendorAccount",
]
