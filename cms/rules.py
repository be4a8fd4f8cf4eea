"""Who may do what with pages beyond Wagtail's own permissions."""

import rules

from courses.rules import is_vendor_staff

rules.add_perm("cms.preview_as_persona", is_vendor_staff)
