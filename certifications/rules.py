"""Who may do what with certifications and credentials."""

import rules

from lms.partners.rules import is_channel_role

# Taking back what a person earned is the vendor's decision, never a partner's.
rules.add_perm("certifications.revoke_credential", is_channel_role)
rules.add_perm("certifications.manage_certifications", is_channel_role)

# Only who defines what a certification asks for may issue one without it.
rules.add_perm("certifications.issue_by_decision", is_channel_role)
# What ends when, of everybody.
rules.add_perm("certifications.view_board", is_channel_role)
