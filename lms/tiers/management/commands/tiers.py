"""`manage.py tiers verify`: do all decisions still follow from their inputs and rules?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from lms.tiers import services
from lms.tiers.models import Decision


class Command(BaseCommand):
    """Recomputes stored decisions."""

    help = "Verify the decision log: recompute each decision from its stored inputs and compare."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="recompute and compare every decision")
        verify.add_argument("--partner", help="slug of one partner")

    def handle(self, *args: Any, **options: Any) -> None:
        decisions = Decision.objects.for_verification().order_by("partner_id", "number")
        if options["partner"]:
            decisions = decisions.filter(partner__slug=options["partner"])
            if not decisions.exists():
                raise CommandError(f"There is no decision for a partner called {options['partner']}.")
        wrong = 0
        progress = tqdm(decisions.iterator(chunk_size=200), total=decisions.count(), unit="decision", file=self.stderr)
        for decision in progress:
            found = services.verify(decision)
            if not found.is_genuine:
                wrong += 1
                self.stdout.write(f"{decision.partner} no. {decision.number}: {'; '.join(found.problems)}")
        if wrong:
            raise CommandError(f"{wrong} decisions are not what was decided.")
        self.stdout.write(f"{decisions.count()} decisions verified.")
