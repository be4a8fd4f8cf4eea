"""Loaded by pytest before Django reads its settings: tests need no configuration."""

import os

os.environ.setdefault("LAUREL_TESTING", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
