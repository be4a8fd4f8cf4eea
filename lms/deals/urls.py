"""Addresses of deals."""

from django.urls import path, re_path

from lms.deals.views import (
    crm_pages,
    deal_pages,
    forecast_pages,
    import_pages,
    lead_pages,
    partner_pages,
    vendor_pages,
)

app_name = "deals"
urlpatterns = [
    path("deals/", partner_pages.mine, name="mine"),
    path("deals/new/", partner_pages.register, name="register"),
    path("deals/similar/", partner_pages.similar, name="similar"),
    path("deals/rules/", partner_pages.engagement, name="engagement"),
    path("deals/queue/", vendor_pages.queue, name="queue"),
    path("deals/pipeline/", forecast_pages.pipeline, name="pipeline"),
    re_path(r"^deals/deals\.(?P<form>csv|xlsx)$", forecast_pages.export, name="export"),
    re_path(r"^deals/forecast\.(?P<form>csv|xlsx)$", forecast_pages.forecast_export, name="forecast_export"),
    path("deals/weights/", forecast_pages.weights, name="weights"),
    path("deals/precedents/", vendor_pages.precedents, name="precedents"),
    path("deals/accounts/", vendor_pages.accounts, name="accounts"),
    path("deals/accounts/<uuid:account_id>/", vendor_pages.accounts, name="account"),
    path("deals/imports/", import_pages.imports, name="imports"),
    path("deals/imports/<uuid:import_id>/", import_pages.job, name="import"),
    path("deals/imports/<uuid:import_id>/columns/", import_pages.columns, name="import_columns"),
    path("deals/imports/<uuid:import_id>/discard/", import_pages.discard, name="import_discard"),
    path("deals/imports/<uuid:import_id>/left-out.csv", import_pages.left_out, name="import_left_out"),
    path("deals/leads/", lead_pages.leads, name="leads"),
    path("deals/leads/new/", lead_pages.new, name="lead_new"),
    path("deals/leads/<uuid:lead_id>/", lead_pages.lead, name="lead"),
    path("deals/leads/<uuid:lead_id>/accept/", lead_pages.accept, name="lead_accept"),
    path("deals/leads/<uuid:lead_id>/decline/", lead_pages.decline, name="lead_decline"),
    path("deals/leads/<uuid:lead_id>/give/", lead_pages.give, name="lead_give"),
    path("deals/leads/<uuid:lead_id>/recall/", lead_pages.recall, name="lead_recall"),
    path("deals/crm/", crm_pages.systems, name="crm"),
    path("deals/crm/<uuid:system_id>/", crm_pages.system, name="crm_system"),
    path("deals/crm/<uuid:system_id>/<slug:action>/", crm_pages.act, name="crm_act"),
    path("deals/<uuid:deal_id>/", deal_pages.deal, name="deal"),
    path("deals/<uuid:deal_id>/moves/<slug:move>/", deal_pages.move, name="move"),
    path("deals/<uuid:deal_id>/comments/", deal_pages.comment, name="comment"),
    path("deals/<uuid:deal_id>/tasks/", deal_pages.task, name="task"),
    path("deals/<uuid:deal_id>/tasks/<uuid:task_id>/done/", deal_pages.task_done, name="task_done"),
    path("deals/<uuid:deal_id>/seller/", deal_pages.seller, name="seller"),
]
