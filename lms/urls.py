"""All addresses of the site; only includes."""

from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls

from badges.urls import oauth

handler400 = "lms.common.views.bad_request"
handler403 = "lms.common.views.permission_denied"
handler404 = "lms.common.views.not_found"
handler500 = "lms.common.views.server_error"

urlpatterns = [
    path("", include("lms.common.urls")),
    path("", include("lms.accounts.urls")),
    path("", include("lms.partners.urls")),
    path("", include("lms.portal.urls")),
    path("", include("lms.tiers.urls")),
    path("", include("lms.deals.urls")),
    path("", include("lms.assets.urls")),
    path("", include("lms.assets.branding_urls")),
    path("", include("cms.urls")),
    path("", include("courses.urls")),
    path("", include("lms.assessments.urls")),
    path("", include("certifications.urls")),
    path("", include("badges.urls")),
    path("oauth/", oauth),
    path("", include("lms.xapi.urls")),
    path("api/v1/", include("lms.api")),
    path("admin/", include(wagtailadmin_urls)),
    path("library/", include("cms.page_urls")),
]
