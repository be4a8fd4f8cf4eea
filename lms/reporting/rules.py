"""Who may see figures."""

import rules

from lms.partners.rules import is_channel_role, is_manager

rules.add_perm("reporting.view_figures", is_channel_role | is_manager)
