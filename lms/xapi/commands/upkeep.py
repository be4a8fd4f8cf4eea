"""`manage.py xapi replay`, `pseudonymise` and `check`."""

import json
import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper
from django.db.models import Q
from django.utils import timezone
from tqdm import tqdm

from lms.accounts.models import User, normalise_email
from lms.common import guards
from lms.xapi import services
from lms.xapi.checking import check_store
from lms.xapi.commands.base import Subcommand, instant
from lms.xapi.models import Statement
from lms.xapi.services.pseudonymising import identities
from lms.xapi.validation import check_agent_query

NOT_REACHED = (
    "Not reached: the name in free text; attached files, and signatures, which no longer fit; what was forwarded or "
    "exported before; backups; certificates and tier decisions, which are frozen; the audit log."
)


class ReplayCommand(Subcommand):
    name = "replay"
    help = (
        "Makes completion records, rates and tiers anew from the statements stored since a date: where all is well "
        "nothing changes. To send statements to another store again, see `forward replay`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", required=True, help="as 2027-03-12T09:30:00Z")

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        since = instant(options["since"])
        assert since is not None  # noqa: S101  narrows the type: the option is required
        is_quiet = None if options.get("verbosity", 1) else True
        with tqdm(unit=" registrations", file=sys.stderr, disable=is_quiet) as bar:
            count = services.replay_milestones(since=since, at=timezone.now(), on_progress=bar.update)
        stdout.write(f"{count} registrations are looked at anew. `manage.py rebuild_reports --check` compares all.")


class CheckCommand(Subcommand):
    name = "check"
    help = (
        "Proves the whole store: that every statement has its authority, its text the digest of what was sent, its "
        "columns and mentions what its text says, and that what is void was voided. Changes nothing, may run at any "
        "time, and ends with status 1 when something is wrong. Figures are compared by `rebuild_reports --check`."
    )
    SHOWN = 100
    # Longer than any transaction may take: what is stored meanwhile is not looked at.
    SETTLED = timedelta(minutes=2)

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        until = timezone.now() - self.SETTLED
        total = Statement.objects.filter(stored_at__lte=until).count()
        is_quiet = None if options.get("verbosity", 1) else True
        found = 0
        with tqdm(total=total, unit=" statements", file=sys.stderr, disable=is_quiet) as bar:
            for found, fault in enumerate(check_store(until=until, on_progress=bar.update), start=1):
                if found <= self.SHOWN:
                    stdout.write(str(fault))
        if found:
            raise CommandError(f"{found} faults in {total} statements.")
        stdout.write(f"{total} statements are as they must be.")


class PseudonymiseCommand(Subcommand):
    name = "pseudonymise"
    help = (
        "Hides a person in the stored statements: a pseudonym stands in his place, and no rate, record or tier "
        "changes. It cannot be taken back. Run it again after more was stored about him: the pseudonym stays the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", help="e-mail address or public id")
        parser.add_argument("--reason", required=True, help="why; kept in the audit log")
        parser.add_argument(
            "--also", action="append", default=[], help="JSON of another xAPI agent that is the person; may be repeated"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        person = _person(options["person"])
        also = [guards.load_json(text) for text in options["also"]]
        for agent in also:
            check_agent_query(agent)
        stdout.write("Hidden will be: " + "; ".join(json.dumps(agent) for agent in (*identities(person), *also)))
        stdout.write(NOT_REACHED)
        if not options["yes"] and input("This cannot be taken back. Type yes to go on: ").strip() != "yes":
            raise CommandError("Nothing was changed.")
        hidden = services.pseudonymise_person(person=person, at=timezone.now(), reason=options["reason"], also=also)
        stdout.write(
            f"{hidden.statements} statements and {hidden.documents} documents hold {hidden.account} now; "
            f"{hidden.credentials} keys are revoked."
        )
        if person.is_active:
            stdout.write("The account is still active: what it does from now on is stored under its own name again.")


def _person(text: str) -> User:
    try:
        wanted = Q(public_id=UUID(text))
    except ValueError:
        wanted = Q(email=normalise_email(text))
    person = User.objects.filter(wanted).first()
    if person is None:
        raise CommandError("There is no account with this address or public id.")
    return person
