"""Who is led where, and who may look into the learning records."""

import rules

# Who writes or reviews content: the main menu leads him to it.
rules.add_perm(
    "portal.edit_content",
    rules.is_group_member("Channel marketing")
    | rules.is_group_member("Content reviewers")
    | rules.is_group_member("Portal managers"),
)

# Everything that is stored about everybody, with the JSON; and taking a record back for all.
rules.add_perm("portal.view_records", rules.is_group_member("Portal managers"))
rules.add_perm("portal.void_record", rules.is_group_member("Portal managers"))
