"""Addresses of tiers."""

from django.urls import path

from lms.tiers import views

app_name = "tiers"

urlpatterns = [
    path("programme/", views.programme, name="programme"),
    path("partners/<uuid:partner_id>/decisions/", views.decisions, name="decisions"),
    path("partners/<uuid:partner_id>/decisions/<int:number>/", views.decision, name="decision"),
    path("partners/<uuid:partner_id>/way/", views.way, name="way"),
    path("partners/<uuid:partner_id>/requirements/<slug:requirement_id>/", views.requirement, name="requirement"),
]
