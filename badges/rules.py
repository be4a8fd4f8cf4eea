"""Who may do what with badges."""

import rules

from lms.partners.rules import is_channel_role

# Achievements speak in the vendor's name, and so do their pictures and the issuer's profile.
rules.add_perm("badges.manage_badges", is_channel_role)
