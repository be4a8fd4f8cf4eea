"""Who is led where."""

import rules

# Who writes or reviews content: the main menu leads him to it.
rules.add_perm(
    "portal.edit_content",
    rules.is_group_member("Channel marketing")
    | rules.is_group_member("Content reviewers")
    | rules.is_group_member("Portal managers"),
)
