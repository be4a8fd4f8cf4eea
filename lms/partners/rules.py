"""Who may do what with partners and their people. Answers are kept per user object, so a request asks once."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import rules

from lms.partners.models import Membership, Partner, today
from lms.partners.sides import Side

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

CHANNEL_MANAGERS = "Channel managers"
PORTAL_MANAGERS = "Portal managers"


def todays_memberships(user: "User | AnonymousUser") -> list[Membership]:
    """Memberships that hold today, newest first, also at suspended partners; asked once per user object."""
    if not user.is_authenticated:
        return []
    kept: list[Membership] | None = vars(user).get("_todays_memberships")
    if kept is None:
        # Asked in every request: to look at a person's few rows here costs half of what the conditions cost as SQL.
        rows = Membership.objects.filter(person=user).select_related("partner__current_tier", "persona")
        kept = [row for row in rows if row.holds(today())]
        kept.sort(key=lambda row: (row.starts_on, row.pk), reverse=True)
        for membership in kept:
            membership.person = user
        vars(user)["_todays_memberships"] = kept
    return kept


def _at(user: "User | AnonymousUser", partner: Partner | None) -> Iterable[Membership]:
    return (
        membership
        for membership in todays_memberships(user)
        if partner is not None and membership.partner_id == partner.pk and membership.partner.suspended_at is None
    )


is_channel_role = rules.is_group_member(CHANNEL_MANAGERS) | rules.is_group_member(PORTAL_MANAGERS)


@rules.predicate
def is_member(user: "User | AnonymousUser", partner: Partner | None) -> bool:
    """Belongs to the partner today; the partner is not suspended."""
    return any(True for _ in _at(user, partner))


@rules.predicate
def is_manager(user: "User | AnonymousUser", partner: Partner | None) -> bool:
    """Manages the partner's people today; the partner is not suspended."""
    return any(membership.is_manager for membership in _at(user, partner))


rules.add_perm("partners.view_all_partners", is_channel_role)
rules.add_perm("partners.view_partner", is_channel_role | is_member)
rules.add_perm("partners.view_people", is_channel_role | is_manager)
rules.add_perm("partners.manage_people", is_manager)
rules.add_perm("partners.invite_person", is_channel_role | is_manager)
rules.add_perm("partners.suspend_partner", is_channel_role)
# Who talks to whom is for both sides; each names its own.
rules.add_perm("partners.view_contacts", is_channel_role | is_member)
rules.add_perm("partners.name_ours", is_channel_role & ~is_manager)
rules.add_perm("partners.name_theirs", is_manager)
# What both sides say of the partnership stays between those who look after it.
rules.add_perm("partners.view_alignment", is_channel_role | is_manager)

NAMING = {Side.VENDOR: "partners.name_ours", Side.PARTNER: "partners.name_theirs"}


def side_of(user: "User | AnonymousUser", partner: Partner) -> Side | None:
    """For which side the person speaks about the partnership: a partner's manager for it, channel roles for the vendor.

    None for everybody else. Nobody speaks for both.
    """
    if is_manager(user, partner):
        return Side.PARTNER
    return Side.VENDOR if user.has_perm("partners.name_ours", partner) else None
