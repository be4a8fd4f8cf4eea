"""WSGI entry: `granian --interface wsgi lms.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from lms.common.memory import spare_loaded_code

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
application = get_wsgi_application()

_ = get_resolver().url_patterns  # loads all views
spare_loaded_code()
