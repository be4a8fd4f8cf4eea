"""Who may do what with certifications and credentials."""

from typing import TYPE_CHECKING

import rules

from certifications.models import Submission
from lms.partners.models import Membership, today
from lms.partners.rules import is_channel_role

if TYPE_CHECKING:
    from lms.accounts.models import User

# Taking back what a person earned is the vendor's decision, never a partner's.
rules.add_perm("certifications.revoke_credential", is_channel_role)
rules.add_perm("certifications.manage_certifications", is_channel_role)

# Only who defines what a certification asks for may issue one without it.
rules.add_perm("certifications.issue_by_decision", is_channel_role)


@rules.predicate
def is_independent(user: "User", submission: Submission | None) -> bool:
    """Neither the learner himself nor a colleague of his: of any partner he belongs to, or belonged to when he handed
    it in. Without a submission: nothing to be partial about yet."""
    if submission is None:
        return True
    own = Membership.objects.active(today()).filter(person=user).values("partner_id")
    his = Membership.objects.active(today()).filter(person=submission.person_id, partner__in=own)
    then = submission.membership.partner_id if submission.membership else None
    return user.pk != submission.person_id and not his.exists() and not own.filter(partner=then).exists()


# Evidence is judged by the vendor: those who review content, and channel roles.
is_reviewer = is_channel_role | rules.is_group_member("Content reviewers")
rules.add_perm("certifications.review_practice", is_reviewer & is_independent)

# What ends when, of everybody.
rules.add_perm("certifications.view_board", is_channel_role)
