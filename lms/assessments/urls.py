"""Addresses of exams and knowledge checks."""

from django.urls import path

from lms.assessments import sitting_views, views

app_name = "assessments"
urlpatterns = [
    path("exams/<slug:slug>/", views.start, name="start"),
    path("exams/<slug:slug>/browser/", sitting_views.safe_browser, name="browser"),
    path("exams/attempts/<uuid:attempt_id>/items/<int:position>/", views.item, name="item"),
    path("exams/attempts/<uuid:attempt_id>/items/<int:position>/flag/", views.flag, name="flag"),
    path("exams/attempts/<uuid:attempt_id>/items/<int:position>/file/", sitting_views.answer_file, name="answer_file"),
    path("exams/attempts/<uuid:attempt_id>/save/", views.save, name="save"),
    path("exams/attempts/<uuid:attempt_id>/events/", sitting_views.events, name="events"),
    path("exams/attempts/<uuid:attempt_id>/break/", sitting_views.take_break, name="break"),
    path("exams/attempts/<uuid:attempt_id>/section/", sitting_views.finish_section, name="finish_section"),
    path("exams/attempts/<uuid:attempt_id>/documents/<uuid:document_id>/", sitting_views.document, name="document"),
    path("exams/attempts/<uuid:attempt_id>/review/", views.review, name="review"),
    path("exams/attempts/<uuid:attempt_id>/submit/", views.submit, name="submit"),
    path("exams/attempts/<uuid:attempt_id>/result/", views.result, name="result"),
    path("exams/attempts/<uuid:attempt_id>/answers/", sitting_views.answers, name="answers"),
    path("exams/media/<str:ticket>/", views.media, name="media"),
    path("checks/<uuid:item_id>/", views.check, name="check"),
]
