"""Who may see and do what with deals."""

from typing import TYPE_CHECKING

import rules

from lms.deals.models import Deal
from lms.partners.models import Partner
from lms.partners.rules import PORTAL_MANAGERS, is_channel_role, is_manager, is_member

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


@rules.predicate
def is_member_of_its_partner(user: "User | AnonymousUser", deal: Deal | None) -> bool:
    """Belongs to the partner that registered it."""
    return deal is not None and bool(is_member(user, deal.partner))


@rules.predicate
def looks_after_it(user: "User | AnonymousUser", deal: Deal | None) -> bool:
    """Registered it and still belongs to the partner, or manages the partner's people."""
    if deal is None:
        return False
    is_own = deal.registered_by_id == user.pk and is_member(user, deal.partner)
    return bool(is_own or is_manager(user, deal.partner))


rules.add_perm("deals.register_deal", is_member)
rules.add_perm("deals.accept_rules", is_manager)
# A partner's manager for his own partner; without a partner only who looks after all.
rules.add_perm("deals.import_deals", is_channel_role | is_manager)
rules.add_perm("deals.view_deal", is_channel_role | is_member_of_its_partner)
rules.add_perm("deals.change_deal", looks_after_it)
# Which of the vendor's people decides a conflict is a matter of its level; that he has no interest, of the service.
rules.add_perm("deals.review_deal", is_channel_role)
rules.add_perm("deals.view_queue", is_channel_role)
rules.add_perm("deals.give_lead", is_channel_role)
rules.add_perm("deals.manage_accounts", is_channel_role)
rules.add_perm("deals.view_plan", is_channel_role | is_member)
rules.add_perm("deals.write_plan", is_channel_role | is_manager)
rules.add_perm("deals.view_reciprocity", is_channel_role | is_manager)
rules.add_perm("deals.ask_overlap", is_manager)
rules.add_perm("deals.agree_overlap", is_channel_role & ~is_member)  # nobody consents for both sides
# One forecast for all: whoever looks after some partners does not weigh their deals.
rules.add_perm("deals.set_weights", rules.is_group_member(PORTAL_MANAGERS))
rules.add_perm("deals.publish_rules", is_channel_role)
# Who keeps the vendor's words judges a story; who looks after partners sees each, and takes one down for its customer.
judges_stories = rules.is_group_member("Channel marketing") | rules.is_group_member(PORTAL_MANAGERS)
rules.add_perm("deals.review_story", judges_stories)
rules.add_perm("deals.view_stories", judges_stories | is_channel_role)
rules.add_perm("deals.manage_crm", rules.is_group_member(PORTAL_MANAGERS))


def may_register(user: "User | AnonymousUser", partner: Partner | None) -> bool:
    """Whether the person registers deals for the partner."""
    return partner is not None and user.is_authenticated and user.has_perm("deals.register_deal", partner)
