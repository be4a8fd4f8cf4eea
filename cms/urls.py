"""Addresses of the catalogue, of lessons and of the files in them."""

from django.urls import path

from cms import views

app_name = "cms"
urlpatterns = [
    path("catalogue/", views.catalogue, name="catalogue"),
    path("learn/<slug:course_slug>/<slug:lesson_slug>/", views.lesson, name="lesson"),
    path("files/images/<uuid:public_id>/", views.image, name="image"),
    path("files/documents/<uuid:public_id>/", views.document, name="document"),
    path("files/videos/<uuid:public_id>/", views.video, name="video"),
]
