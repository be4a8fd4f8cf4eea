"""Every write about deals, and the figures others may read."""

from lms.deals.errors import (
    AlreadyRegistered,
    BadDeal,
    BadMessage,
    BadSystem,
    IllegalMove,
    LinkTaken,
    MessageReused,
    MessageTooLarge,
    NoRulesInForce,
    NotAMember,
    NotCertified,
    NotYourMove,
    OwnInterest,
    RequestReused,
    RulesNotAccepted,
    RulesRefused,
    TooManyMessages,
    TooManyOpen,
    UnknownDeal,
    WordsMissing,
)
from lms.deals.services.accounts import name_seller, save_account
from lms.deals.services.capability import Gate, gate
from lms.deals.services.conflicts import judge
from lms.deals.services.crm_receiving import receive_message
from lms.deals.services.crm_sending import Sent, forget_messages, queue_change, queue_move, send_due, send_messages
from lms.deals.services.crm_systems import (
    Secrets,
    add_crm,
    pause_crm,
    remove_crm,
    replay_messages,
    resume_crm,
    rotate_secret,
)
from lms.deals.services.discussing import add_comment, add_task, finish_task
from lms.deals.services.engaging import accept_rules, publish_rules, rules_for, rules_in_force, standing
from lms.deals.services.figures import board, counted_deals, forecast, median_answer, median_cycle, recent_median_answer
from lms.deals.services.interest import next_moves, sides_of
from lms.deals.services.moving import move_deal
from lms.deals.services.precedents import precedents
from lms.deals.services.registering import Draft, read_draft, register_deal
from lms.deals.services.similar import Likeness, Similar, find_similar
from lms.deals.services.upkeep import escalate_overdue, expire_deals, remind_of_protection

__all__ = [
    "AlreadyRegistered",
    "BadDeal",
    "BadMessage",
    "BadSystem",
    "Draft",
    "Gate",
    "IllegalMove",
    "Likeness",
    "LinkTaken",
    "MessageReused",
    "MessageTooLarge",
    "NoRulesInForce",
    "NotAMember",
    "NotCertified",
    "NotYourMove",
    "OwnInterest",
    "RequestReused",
    "RulesNotAccepted",
    "RulesRefused",
    "Secrets",
    "Sent",
    "Similar",
    "TooManyMessages",
    "TooManyOpen",
    "UnknownDeal",
    "WordsMissing",
    "accept_rules",
    "add_comment",
    "add_crm",
    "add_task",
    "board",
    "counted_deals",
    "escalate_overdue",
    "expire_deals",
    "find_similar",
    "finish_task",
    "forecast",
    "forget_messages",
    "gate",
    "judge",
    "median_answer",
    "median_cycle",
    "move_deal",
    "name_seller",
    "next_moves",
    "pause_crm",
    "precedents",
    "publish_rules",
    "queue_change",
    "queue_move",
    "read_draft",
    "receive_message",
    "recent_median_answer",
    "register_deal",
    "remind_of_protection",
    "remove_crm",
    "replay_messages",
    "resume_crm",
    "rotate_secret",
    "rules_for",
    "rules_in_force",
    "save_account",
    "send_due",
    "send_messages",
    "sides_of",
    "standing",
]
