"""Addresses of badges. They stand in signed documents: never change them."""

from django.urls import path

from badges import views

app_name = "badges"
urlpatterns = [
    path(".well-known/did.json", views.did, name="did"),
    path("badges/issuer", views.issuer, name="issuer"),
    path("badges/achievements/<uuid:public_id>", views.achievement, name="achievement"),
    path("badges/awards/<uuid:public_id>.json", views.document, name="document"),
]
