"""Who may do what with courses."""

from typing import TYPE_CHECKING

import rules

from courses.models import Course
from lms.partners.models import today

if TYPE_CHECKING:
    from lms.accounts.models import User

VENDOR_GROUPS = ("Channel marketing", "Content reviewers", "Channel managers", "Portal managers")

is_vendor_staff = rules.is_superuser
for group in VENDOR_GROUPS:
    is_vendor_staff |= rules.is_group_member(group)


@rules.predicate
def is_offered_to(user: "User", course: Course) -> bool:
    """The course takes new people, and this person is of its audience."""
    return Course.objects.visible_to(user).offered(today()).filter(pk=course.pk).exists()


rules.add_perm("courses.view_all_courses", is_vendor_staff)
rules.add_perm("courses.enrol", is_offered_to)
