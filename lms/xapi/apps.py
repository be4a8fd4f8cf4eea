from django.apps import AppConfig


class XapiConfig(AppConfig):
    name = "lms.xapi"
    verbose_name = "Learning records"
