"""/api/v1/: only includes; each app's views stand in its api.py."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

app_name = "api-v1"

_APPS = [
    "lms.accounts",
    "lms.partners",
    "lms.reporting",
    "lms.assessments",
    "courses",
    "certifications",
    "lms.tiers",
    "cms",
]
urlpatterns = [path("schema/", SpectacularJSONAPIView.as_view(), name="schema")]
for _app in _APPS:
    if find_spec(f"{_app}.api"):
        urlpatterns += import_module(f"{_app}.api").api_urlpatterns
