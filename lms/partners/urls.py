"""Addresses about a partner's people. Pages that show them are the portal's."""

from django.urls import path

from lms.partners import views

app_name = "partners"
urlpatterns = [
    path("partners/switch/", views.switch, name="switch"),
    path("partners/<uuid:partner_id>/people/invite/", views.invite, name="invite"),
    path(
        "partners/<uuid:partner_id>/invitations/<uuid:invitation_id>/withdraw/",
        views.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("partners/<uuid:partner_id>/people/<uuid:membership_id>/edit/", views.membership_edit, name="membership_edit"),
    path("partners/<uuid:partner_id>/people/<uuid:membership_id>/end/", views.membership_end, name="membership_end"),
    path("partners/<uuid:partner_id>/access/", views.access, name="access"),
    path("invitations/<str:token>/", views.accept_invitation, name="accept_invitation"),
]
