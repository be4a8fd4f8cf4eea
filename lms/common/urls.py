from django.urls import path

from lms.common import views

app_name = "common"
urlpatterns = [
    path("healthz", views.health, name="health"),
    path("robots.txt", views.robots, name="robots"),
]
