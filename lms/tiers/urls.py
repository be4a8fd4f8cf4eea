"""Addresses of tiers."""

from django.urls import path

from lms.tiers import draft_views, fact_views, people_views, views

app_name = "tiers"

urlpatterns = [
    path("programme/", views.programme, name="programme"),
    path("programme/drafts/", draft_views.drafts, name="drafts"),
    path("programme/drafts/<uuid:draft_id>/", draft_views.draft, name="draft"),
    path("programme/drafts/<uuid:draft_id>/publish/", draft_views.draft_publish, name="draft_publish"),
    path("programme/drafts/<uuid:draft_id>/withdraw/", draft_views.draft_withdraw, name="draft_withdraw"),
    path("programme/approvers/", draft_views.approvers, name="approvers"),
    path("programme/approvers/<uuid:approver_id>/end/", draft_views.approver_end, name="approver_end"),
    path("partners/<uuid:partner_id>/decisions/", views.decisions, name="decisions"),
    path("partners/<uuid:partner_id>/decisions/<int:number>/", views.decision, name="decision"),
    path(
        "partners/<uuid:partner_id>/decisions/<int:number>/decision.pdf",
        views.decision_paper,
        name="decision_paper",
    ),
    path("partners/<uuid:partner_id>/decisions/<int:number>/appeal/", people_views.appeal_new, name="appeal_new"),
    path("partners/<uuid:partner_id>/appeals/<uuid:appeal_id>/", people_views.appeal, name="appeal"),
    path(
        "partners/<uuid:partner_id>/appeals/<uuid:appeal_id>/evidence/",
        people_views.appeal_evidence,
        name="appeal_evidence",
    ),
    path("partners/<uuid:partner_id>/agreements/", people_views.acts, name="acts"),
    path("partners/<uuid:partner_id>/agreements/end-tier/", people_views.end_tier, name="end_tier"),
    path("partners/<uuid:partner_id>/agreements/<uuid:act_id>/end/", people_views.act_end, name="act_end"),
    path(
        "partners/<uuid:partner_id>/agreements/<uuid:act_id>/steps/<int:number>/",
        people_views.act_step,
        name="act_step",
    ),
    path("partners/<uuid:partner_id>/evidence/", fact_views.evidence, name="evidence"),
    path(
        "partners/<uuid:partner_id>/evidence/<uuid:document_id>/",
        fact_views.evidence_document,
        name="evidence_document",
    ),
    path(
        "partners/<uuid:partner_id>/evidence/<uuid:document_id>/file/",
        fact_views.evidence_file,
        name="evidence_file",
    ),
    path("partners/<uuid:partner_id>/way/", views.way, name="way"),
    path("partners/<uuid:partner_id>/requirements/<slug:requirement_id>/", views.requirement, name="requirement"),
]
