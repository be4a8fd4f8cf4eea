"""Addresses of the pages that cross apps."""

from django.urls import path

from lms.portal import converters  # noqa: F401  registers them
from lms.portal.views import my_records, pages, records, reports

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
    path("reports/letters/", reports.want_letters, name="want_report_letters"),
    path("reports/letters/<str:token>/", reports.end_letters, name="end_report_letters"),
    path("reports/<programme_report:kind>/", reports.report, name="report"),
    path("reports/<programme_report:kind>.<file_form:form>", reports.report_file, name="report_file"),
    path("partners/<uuid:partner_id>/report/", reports.report, {"kind": "partner"}, name="partner_report"),
    path(
        "partners/<uuid:partner_id>/report.<file_form:form>",
        reports.report_file,
        {"kind": "partner"},
        name="partner_report_file",
    ),
    path("partners/", pages.partners, name="partners"),
    path("partners/<uuid:partner_id>/", pages.partner, name="partner"),
    path("partners/<uuid:partner_id>/people/", pages.partner_people, name="partner_people"),
    path("partners/<uuid:partner_id>/people/<uuid:membership_id>/", pages.person, name="person"),
]
