"""Addresses of co-branding. `copies/<id>/` stands in printed codes: never change it."""

from django.urls import path

from lms.assets import branding_views as branding
from lms.assets import zone_views as zones

app_name = "branding"
urlpatterns = [
    path("templates/", branding.gallery, name="gallery"),
    path("templates/<uuid:asset_id>/", branding.make, name="make"),
    path("templates/<uuid:asset_id>/preview.png", branding.preview, name="preview"),
    path("templates/<uuid:asset_id>/zones/", zones.design, name="zones"),
    path("templates/<uuid:asset_id>/zones/preview.png", zones.preview, name="zones_preview"),
    path("my/brand/", branding.brand, name="brand"),
    path("my/brand/logo.png", branding.logo, name="logo"),
    path("my/copies/", branding.copies, name="copies"),
    path("my/copies/<str:copy_id>/file/", branding.download, name="download"),
    path("copies/", branding.check_form, name="check_form"),
    path("copies/<str:copy_id>/", branding.check, name="check"),
]
