"""`manage.py xapi credential`: keys for systems that store or read statements."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, OutputWrapper
from django.utils import timezone

from lms.common import guards
from lms.xapi import services
from lms.xapi.commands.base import Subcommand, instant
from lms.xapi.models import Credential
from lms.xapi.validation import check_agent_query


class CredentialCommand(Subcommand):
    name = "credential"
    help = "keys and secrets by which other systems speak to the store"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        self._add_create(actions)
        listing = actions.add_parser("list", help="show all credentials; secrets are not kept and cannot be shown")
        listing.add_argument("--json", action="store_true", help="print JSON")
        revoke = actions.add_parser("revoke", help="make a credential worthless; its statements stay")
        revoke.add_argument("key")

    def _add_create(self, actions: Any) -> None:
        create = actions.add_parser("create", help="make a credential; its secret is printed once and kept nowhere")
        create.add_argument("--name", required=True, help="what the credential is for")
        create.add_argument(
            "--scopes", required=True, help=f"separated by commas: {', '.join(Credential.Scope.values)}"
        )
        create.add_argument("--authority", default="", help="who vouches for its statements (default: the name)")
        create.add_argument(
            "--trusted", action="store_true", help="a new authority's completions count in rates and tiers"
        )
        create.add_argument("--actor", help="JSON of the one agent it may speak for")
        create.add_argument(
            "--rate",
            type=int,
            help="requests, or statements in them, that it may send a minute (default: any number)",
        )
        create.add_argument("--expires", help="when it ends, as 2027-03-12T09:30:00Z (default: never)")
        create.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        actions = {"create": self._create, "list": self._list, "revoke": self._revoke}
        actions[options["action"]](stdout, options)

    def _create(self, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        credential, secret = services.create_credential(
            name=options["name"],
            scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
            authority=options["authority"],
            is_trusted=options["trusted"],
            actor=_agent(options["actor"]),
            expires_at=instant(options["expires"]),
            rate_limit=options["rate"],
            at=timezone.now(),
        )
        shown = {
            "name": credential.name,
            "key": credential.key,
            "secret": secret,
            "scopes": credential.scopes,
            "authority": credential.authority.name,
            "trusted": credential.authority.is_trusted,
        }
        if options["json"]:
            stdout.write(json.dumps(shown))
            return
        for name, value in shown.items():
            stdout.write(f"{name:<10}{', '.join(value) if isinstance(value, list) else value}")
        stdout.write("The secret is not kept here. Store it now.")

    def _list(self, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        credentials = Credential.objects.select_related("authority").order_by("name", "pk")
        rows = [
            {
                "key": credential.key,
                "name": credential.name,
                "authority": credential.authority.name,
                "scopes": credential.scopes,
                "active": credential.is_active(timezone.now()),
                "last_used_at": credential.last_used_at and credential.last_used_at.isoformat(),
            }
            for credential in credentials
        ]
        if options["json"]:
            stdout.write(json.dumps(rows))
            return
        for row in rows:
            state = "active" if row["active"] else "ended"
            stdout.write(f"{row['key']}  {state}  {row['name']}  ({row['authority']})  {', '.join(row['scopes'])}")

    def _revoke(self, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        credential = Credential.objects.filter(key=options["key"]).first()
        if credential is None:
            raise CommandError("There is no credential with this key.")
        services.revoke_credential(credential=credential, at=timezone.now())
        stdout.write(f"{credential.name} is revoked.")


def _agent(text: str | None) -> Any:
    if text is None:
        return None
    agent = guards.load_json(text)
    check_agent_query(agent)
    return agent
