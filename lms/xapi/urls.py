"""Addresses of the record store."""

from django.urls import path

from lms.xapi.views import AboutResource, StatementsResource

app_name = "xapi"

urlpatterns = [
    path("xapi/about", AboutResource.as_view(), name="about"),
    path("xapi/statements", StatementsResource.as_view(), name="statements"),
]
