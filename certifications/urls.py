"""Addresses of certificates. `verify/<id>/` stands in printed codes: never change it."""

from django.urls import path

from certifications import views

app_name = "certifications"
urlpatterns = [
    path("certifications/<slug:slug>/", views.certification, name="certification"),
    path("my/certificates/", views.wallet, name="wallet"),
    path("my/certificates/<str:public_id>/", views.credential, name="credential"),
    path("my/certificates/<str:public_id>/certificate.pdf", views.pdf, name="pdf"),
    path("verify/", views.verify_form, name="verify_form"),
    path("verify/<str:public_id>/", views.verify, name="verify"),
]
