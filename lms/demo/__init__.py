"""The composition of a working site: `manage.py setup` and `manage.py demo`."""
