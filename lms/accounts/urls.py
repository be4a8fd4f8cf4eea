"""Sign-in, second factor, and the profile. Of allauth only what is used: nobody signs up or manages addresses here."""

from allauth.account import views as allauth_views
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from lms.accounts import views

_sign_in = [
    path("login/", allauth_views.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth_views.password_change, name="account_change_password"),
    path("password/set/", RedirectView.as_view(pattern_name="account_reset_password"), name="account_set_password"),
    path("password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("2fa/", include("allauth.mfa.urls")),
]
_own = [
    path("", views.profile, name="profile"),
    path("theme/", views.theme, name="theme"),
    path("sessions/end/", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("tokens/", views.token_create, name="token_create"),
    path("tokens/<slug:prefix>/revoke/", views.token_revoke, name="token_revoke"),
]
urlpatterns = [
    path("accounts/", include(_sign_in)),
    path("account/", include((_own, "accounts"))),
    # One sign-in page, one limit: Wagtail's own door leads to it.
    path("admin/login/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
]
