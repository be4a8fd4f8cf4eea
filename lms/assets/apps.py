from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "lms.assets"
    verbose_name = "Assets"
