"""Addresses of the learner's actions on courses."""

from django.urls import path

from courses import views

app_name = "courses"
urlpatterns = [
    path("courses/<uuid:course_id>/enrol/", views.enrol, name="enrol"),
    path("courses/<uuid:course_id>/withdraw/", views.withdraw, name="withdraw"),
    path("courses/<uuid:course_id>/lessons/<slug:lesson>/complete/", views.complete_lesson, name="complete_lesson"),
]
