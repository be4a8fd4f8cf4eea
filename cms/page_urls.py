"""Where Wagtail serves pages. Of its own addresses no more: people sign in at one door, no page has a password."""

from django.urls import path, re_path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView
from wagtail.urls import serve_pattern
from wagtail.views import serve

urlpatterns = [
    path(
        "_util/login/",
        RedirectView.as_view(pattern_name="account_login", query_string=True),
        name="wagtailcore_login",  # Wagtail asks for it by this name
    ),
    re_path(serve_pattern, require_safe(serve), name="wagtail_serve"),
]
