"""Addresses of certificates. `verify/<id>/` stands in printed codes: never change it."""

from django.urls import path

from certifications import carrying_views, practice_views, views

app_name = "certifications"
urlpatterns = [
    path("certifications/<slug:slug>/", views.certification, name="certification"),
    path("my/certificates/", views.wallet, name="wallet"),
    path("my/certificates/<str:public_id>/", views.credential, name="credential"),
    path("my/certificates/<str:public_id>/certificate.pdf", views.pdf, name="pdf"),
    path("practice/<slug:slug>/", practice_views.practice, name="practice"),
    path("practice/files/<uuid:submission_id>/", practice_views.evidence_file, name="evidence_file"),
    path("certifications/<slug:slug>/points/", practice_views.points, name="points"),
    path("my/public-page/", carrying_views.profile_edit, name="profile_edit"),
    path("my/employers/", carrying_views.moving, name="moving"),
    path("my/employers/<uuid:membership_id>/consent/", carrying_views.consent, name="consent"),
    path("people/<str:address>/", carrying_views.profile, name="profile"),
    path("verify/", views.verify_form, name="verify_form"),
    path("verify/<str:public_id>/", views.verify, name="verify"),
]
