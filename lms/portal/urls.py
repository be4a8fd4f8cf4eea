"""Addresses of the pages that cross apps."""

from django.urls import path

from lms.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("needs/<slug:need>/", views.need, name="need"),
    path("my/learning/", views.my_learning, name="my_learning"),
    path("partners/", views.partners, name="partners"),
    path("partners/<uuid:partner_id>/", views.partner, name="partner"),
    path("partners/<uuid:partner_id>/people/", views.partner_people, name="partner_people"),
    path("partners/<uuid:partner_id>/people/<uuid:membership_id>/", views.person, name="person"),
]
