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
handler400 = "lms.common.views.bad_request"
handler403 = "lms.common.views.permission_denied"
handler404 = "lms.common.views.not_found"
handler500 = "lms.common.views.server_error"

urlpatterns = [path("", include(f"{app}.urls")) for app in _APPS if find_spec(f"{app}.urls")]
urlpatterns += [
    path("api/v1/", include("lms.api")),
    path("admin/", include(wagtailadmin_urls)),
    path("library/", include("cms.page_urls")),
]
