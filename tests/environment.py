"""Loaded by pytest before Django reads its settings: tests need no configuration."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("LAUREL_TESTING", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("laurel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("laurel")
