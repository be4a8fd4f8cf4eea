"""/api/v1/: only includes; each app's views stand in its api.py."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from certifications.api import api_urlpatterns as certifications
from cms.api import api_urlpatterns as cms
from courses.api import api_urlpatterns as courses
from lms.accounts.api import api_urlpatterns as accounts
from lms.assessments.api import api_urlpatterns as assessments
from lms.assets.api import api_urlpatterns as assets
from lms.deals.api import api_urlpatterns as deals
from lms.partners.api import api_urlpatterns as partners
from lms.portal.api import api_urlpatterns as portal
from lms.reporting.api import api_urlpatterns as reporting
from lms.tiers.api import api_urlpatterns as tiers

app_name = "api-v1"
urlpatterns = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    *accounts,
    *partners,
    *reporting,
    *assessments,
    *courses,
    *certifications,
    *deals,
    *assets,
    *tiers,
    *cms,
    *portal,
]
