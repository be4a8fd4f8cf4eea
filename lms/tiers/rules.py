"""Who may see and do what with tiers."""

from typing import TYPE_CHECKING

import rules

from lms.partners.models import Partner
from lms.partners.rules import PORTAL_MANAGERS, is_channel_role, is_manager, is_member
from lms.tiers.models import Appeal, Approver, Decision, EvidenceDocument

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


Subject = Appeal | Decision | EvidenceDocument | Partner


def _partner(subject: Subject | None) -> Partner | None:
    return subject.partner if isinstance(subject, Appeal | Decision | EvidenceDocument) else subject


@rules.predicate
def is_member_of_its_partner(user: "User | AnonymousUser", subject: Subject | None) -> bool:
    """Belongs to the partner, or to the one a decision is about."""
    return bool(is_member(user, _partner(subject)))


@rules.predicate
def is_manager_of_its_partner(user: "User | AnonymousUser", subject: Subject | None) -> bool:
    """Manages the partner, or the one a decision is about."""
    return bool(is_manager(user, _partner(subject)))


@rules.predicate
def handed_it_in(user: "User | AnonymousUser", subject: Subject | None) -> bool:
    """Handed in the document."""
    return isinstance(subject, EvidenceDocument) and subject.handed_in_by_id == user.pk


@rules.predicate
def is_approver(user: "User | AnonymousUser") -> bool:
    """Speaks for a function on drafts of rules. Kept per user object, so a request asks once."""
    if not user.is_authenticated:
        return False
    kept: bool | None = vars(user).get("_is_approver")
    if kept is None:
        kept = vars(user)["_is_approver"] = Approver.objects.active().filter(person=user).exists()
    return kept


rules.add_perm("tiers.view_decision", is_channel_role | is_member_of_its_partner)
# Statement ids and colleagues' certificates behind a decision.
rules.add_perm("tiers.view_evidence", is_channel_role | is_manager_of_its_partner)
rules.add_perm("tiers.plan_way", is_channel_role | is_manager_of_its_partner)
rules.add_perm("tiers.view_programmes", is_channel_role)
rules.add_perm("tiers.publish_programme", is_channel_role)
# Invitations, cure plans, the end of a kept tier: by nobody for a partner where he works.
rules.add_perm("tiers.decide", is_channel_role & ~is_member_of_its_partner)
rules.add_perm("tiers.raise_appeal", is_manager_of_its_partner)
rules.add_perm("tiers.rule_on_appeal", is_channel_role)
# The text and the file of an appeal, and what people agreed with the partner.
rules.add_perm("tiers.view_acts", is_channel_role | is_manager_of_its_partner)
rules.add_perm("tiers.hand_in_evidence", is_manager_of_its_partner)
# Documents of a partner: by nobody who works there, and not by who handed it in.
rules.add_perm("tiers.judge_evidence", is_channel_role & ~is_member_of_its_partner & ~handed_it_in)
rules.add_perm("tiers.import_metrics", is_channel_role)
# Rules that are put up for approval, and what functions say to them.
rules.add_perm("tiers.view_drafts", is_channel_role | is_approver)
rules.add_perm("tiers.appoint_approvers", rules.is_group_member(PORTAL_MANAGERS))
