from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "lms.partners"
    verbose_name = "Partners"
