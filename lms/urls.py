"""All addresses of the site; only includes."""

from importlib.util import find_spec

from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls

_APPS = [
    "lms.common",
    "lms.accounts",
    "lms.partners",
    "lms.portal",
    "lms.tiers",
    "cms",
    "courses",
    "lms.assessments",
    "certifications",
    "badges",
    "lms.xapi",
]
urlpatterns = [path("", include(f"{app}.urls")) for app in _APPS if find_spec(f"{app}.urls")]
urlpatterns += [
    path("api/v1/", include("lms.api")),
    path("admin/", include(wagtailadmin_urls)),
    path("library/", include("cms.page_urls")),
]
