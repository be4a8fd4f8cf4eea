"""Every write of this app."""

from cms.services.building import build_course_page, build_playbook_page
from cms.services.publishing import publish_course, withdraw_course
from cms.services.site import library, set_up_site

__all__ = [
    "build_course_page",
    "build_playbook_page",
    "library",
    "publish_course",
    "set_up_site",
    "withdraw_course",
]
