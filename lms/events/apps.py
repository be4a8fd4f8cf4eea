from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "lms.events"
    verbose_name = "Events"
