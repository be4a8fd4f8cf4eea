"""Every write about deals, and the figures others may read."""

from lms.deals.errors import (
    AlreadyRegistered,
    BadDeal,
    IllegalMove,
    NoRulesInForce,
    NotAMember,
    NotCertified,
    NotEntitled,
    NotYourMove,
    OwnInterest,
    RequestReused,
    RulesNotAccepted,
    RulesRefused,
    TooManyOpen,
    WordsMissing,
)
from lms.deals.services.accounts import name_seller, save_account
from lms.deals.services.capability import Gate, gate
from lms.deals.services.conflicts import judge
from lms.deals.services.discussing import add_comment, add_task, finish_task
from lms.deals.services.engaging import accept_rules, publish_rules, rules_for, rules_in_force, standing
from lms.deals.services.figures import (
    CountedDeal,
    board,
    counted_deals,
    deals_behind,
    forecast,
    median_answer,
    median_cycle,
    recent_median_answer,
)
from lms.deals.services.interest import next_moves, sides_of
from lms.deals.services.moving import move_deal
from lms.deals.services.precedents import precedents
from lms.deals.services.registering import Draft, read_draft, register_deal
from lms.deals.services.similar import Likeness, Similar, find_similar
from lms.deals.services.upkeep import escalate_overdue, expire_deals, remind_of_protection
from lms.deals.services.use import Use, touched_a_deal, use_of_registration

__all__ = [
    "AlreadyRegistered",
    "BadDeal",
    "CountedDeal",
    "Draft",
    "Gate",
    "IllegalMove",
    "Likeness",
    "NoRulesInForce",
    "NotAMember",
    "NotCertified",
    "NotEntitled",
    "NotYourMove",
    "OwnInterest",
    "RequestReused",
    "RulesNotAccepted",
    "RulesRefused",
    "Similar",
    "TooManyOpen",
    "Use",
    "WordsMissing",
    "accept_rules",
    "add_comment",
    "add_task",
    "board",
    "counted_deals",
    "deals_behind",
    "escalate_overdue",
    "expire_deals",
    "find_similar",
    "finish_task",
    "forecast",
    "gate",
    "judge",
    "median_answer",
    "median_cycle",
    "move_deal",
    "name_seller",
    "next_moves",
    "precedents",
    "publish_rules",
    "read_draft",
    "recent_median_answer",
    "register_deal",
    "remind_of_protection",
    "rules_for",
    "rules_in_force",
    "save_account",
    "sides_of",
    "standing",
    "touched_a_deal",
    "use_of_registration",
]
