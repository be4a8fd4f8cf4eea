"""Who may see figures."""

import rules

from lms.partners.rules import is_channel_role, is_manager

EXECUTIVES = "Executives"

is_executive = rules.is_group_member(EXECUTIVES)

rules.add_perm("reporting.view_figures", is_channel_role | is_manager)
rules.add_perm("reporting.view_portfolio", is_channel_role)
# Sums over all partners and the partners' own figures; no person is named.
rules.add_perm("reporting.view_overview", is_channel_role | is_executive)

PERMISSIONS = {
    "partner": "reporting.view_figures",
    "portfolio": "reporting.view_portfolio",
    "overview": "reporting.view_overview",
}
