"""Addresses of the record store.

`/xapi` speaks the version that a request's header names; `/xapi/1.0.3` and `/xapi/2.0` speak one each, and answer in it
a request that names none. Clients often join a base that ends in a slash with a path that begins with one, so `//` is
`/` here.
"""

from django.urls import re_path

from lms.xapi import views

app_name = "xapi"

_RESOURCES = {
    "about": views.AboutResource,
    "statements": views.StatementsResource,
    "activities": views.ActivitiesResource,
    "agents": views.AgentsResource,
    "activities/state": views.StateResource,
    "activities/profile": views.ActivityProfileResource,
    "agents/profile": views.AgentProfileResource,
}

urlpatterns = [
    re_path(rf"^xapi(?:/(?P<base>1\.0\.3|2\.0))?/+{path}$", view.as_view(), name=path.replace("/", "-"))
    for path, view in _RESOURCES.items()
]
