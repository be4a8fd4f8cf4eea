"""Who may do what with assets."""

import rules

rules.add_perm(
    "assets.manage_assets", rules.is_group_member("Channel marketing") | rules.is_group_member("Portal managers")
)
