"""Addresses of exams and knowledge checks."""

from django.urls import path

from lms.assessments import views

app_name = "assessments"
urlpatterns = [
    path("exams/<slug:slug>/", views.start, name="start"),
    path("exams/attempts/<uuid:attempt_id>/items/<int:position>/", views.item, name="item"),
    path("exams/attempts/<uuid:attempt_id>/items/<int:position>/flag/", views.flag, name="flag"),
    path("exams/attempts/<uuid:attempt_id>/save/", views.save, name="save"),
    path("exams/attempts/<uuid:attempt_id>/review/", views.review, name="review"),
    path("exams/attempts/<uuid:attempt_id>/submit/", views.submit, name="submit"),
    path("exams/attempts/<uuid:attempt_id>/result/", views.result, name="result"),
    path("exams/media/<str:ticket>/", views.media, name="media"),
    path("checks/<uuid:item_id>/", views.check, name="check"),
]
