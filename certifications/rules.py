"""Who may do what with certifications and credentials."""

import rules

from lms.partners.rules import is_channel_role

# Taking back what a person earned is the vendor's decision, never a partner's.
rules.add_perm("certifications.revoke_credential", is_channel_role)
rules.add_perm("certifications.manage_certifications", is_channel_role)
