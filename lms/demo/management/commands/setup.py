"""`manage.py setup`: makes an empty, migrated database a working site."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from lms.demo.site import set_up


class Command(BaseCommand):
    help = (
        "Creates the vocabularies, roles, workflow, library root, statement authority and badge key that are missing. "
        "Safe to run at every deployment, after migrate."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        set_up(timezone.now())
        self.stdout.write("The site is set up. Next: `manage.py createsuperuser`, then invite people.")
