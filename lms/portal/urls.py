"""Addresses of the pages that cross apps."""

from django.urls import path

from lms.portal.views import my_records, pages, records

app_name = "portal"
urlpatterns = [
    path("", pages.home, name="home"),
    path("needs/<slug:need>/", pages.need, name="need"),
    path("my/learning/", pages.my_learning, name="my_learning"),
    path("my/records/", my_records.listing, name="my_records"),
    path("my/records/download/", my_records.download, name="my_records_download"),
    path("records/", records.listing, name="records"),
    path("records/new/", records.news, name="records_new"),
    path("records/<uuid:statement_id>/", records.detail, name="record"),
    path("records/<uuid:statement_id>/void/", records.void, name="record_void"),
    path("partners/", pages.partners, name="partners"),
    path("partners/<uuid:partner_id>/", pages.partner, name="partner"),
    path("partners/<uuid:partner_id>/people/", pages.partner_people, name="partner_people"),
    path("partners/<uuid:partner_id>/people/<uuid:membership_id>/", pages.person, name="person"),
]
