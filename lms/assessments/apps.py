from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "lms.assessments"
    verbose_name = "Assessments"
