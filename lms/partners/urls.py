"""Addresses about a partner's people. Pages that show them are the portal's."""

from django.urls import path

from lms.partners.views import alignment, contacts, people

app_name = "partners"
urlpatterns = [
    path("partners/switch/", people.switch, name="switch"),
    path("partners/<uuid:partner_id>/people/invite/", people.invite, name="invite"),
    path(
        "partners/<uuid:partner_id>/invitations/<uuid:invitation_id>/withdraw/",
        people.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path(
        "partners/<uuid:partner_id>/people/<uuid:membership_id>/edit/", people.membership_edit, name="membership_edit"
    ),
    path("partners/<uuid:partner_id>/people/<uuid:membership_id>/end/", people.membership_end, name="membership_end"),
    path("partners/<uuid:partner_id>/access/", people.access, name="access"),
    path("partners/<uuid:partner_id>/contacts/", contacts.contacts, name="contacts"),
    path("partners/<uuid:partner_id>/contacts/<uuid:counterpart_id>/end/", contacts.contact_end, name="contact_end"),
    path(
        "partners/<uuid:partner_id>/contacts/<slug:function>/<slug:side>/", contacts.contact_name, name="contact_name"
    ),
    path("partners/<uuid:partner_id>/alignment/", alignment.alignment, name="alignment"),
    path("partners/<uuid:partner_id>/alignment/<slug:question>/", alignment.answer, name="alignment_answer"),
    path("invitations/<str:token>/", people.accept_invitation, name="accept_invitation"),
]
