"""Addresses of the asset library."""

from django.urls import path

from lms.assets import views

app_name = "assets"
urlpatterns = [
    path("assets/", views.library, name="library"),
    path("assets/<uuid:asset_id>/", views.asset, name="asset"),
    path("assets/<uuid:asset_id>/preview/", views.preview, name="preview"),
    path("assets/<uuid:asset_id>/text/", views.text, name="text"),
    path("assets/<uuid:asset_id>/download/", views.download, name="download"),
    path("assets/<uuid:asset_id>/share/", views.share, name="share"),
    path("assets/<uuid:asset_id>/versions/<int:number>/", views.version, name="version"),
]
