"""Who may do what with certifications and credentials."""

from typing import TYPE_CHECKING

import rules

from certifications.models import Submission
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
    """Neither the learner himself nor a colleague of his, today or when it was handed in. Without a submission: nothing
    to be partial about yet."""
    return submission is None or Submission.objects.filter(pk=submission.pk).independent_of(user).exists()


# Evidence is judged by the vendor: those who review content, and channel roles.
is_reviewer = is_channel_role | rules.is_group_member("Content reviewers")
rules.add_perm("certifications.review_practice", is_reviewer & is_independent)

# What ends when, of everybody.
rules.add_perm("certifications.view_board", is_channel_role)
