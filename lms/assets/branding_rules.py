"""Who may do what in co-branding."""

import rules

from lms.partners.rules import is_manager

rules.add_perm("assets.change_brand", is_manager)
