"""`manage.py xapi forward` and `pull`: other record stores that get our statements, or give us theirs."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Callable
from getpass import getpass
from typing import Any, ClassVar
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper
from django.db.models import Count
from django.utils import timezone

from lms.xapi import services
from lms.xapi.commands.base import Subcommand, instant
from lms.xapi.models import Authority, ForwardingTarget, PullSource
from lms.xapi.services.forwarding import Sent
from lms.xapi.services.pulling import Pulled

SECRET_VARIABLE = "XAPI_PEER_SECRET"  # noqa: S105  the name of a variable, not a secret

Peer = ForwardingTarget | PullSource


class _PeerCommand(Subcommand):
    """The actions that both directions have."""

    model: ClassVar[type[ForwardingTarget] | type[PullSource]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = actions.add_parser("add", help="name a store", description=f"{_SECRET_HELP}")
        add.add_argument("name", help="what you call it here")
        add.add_argument("--address", required=True, help="its xAPI endpoint, such as https://lrs.example.com/xapi/")
        add.add_argument("--key", required=True, help="the key (user name) it gave us")
        add.add_argument("--version", default="1.0.3", help="the xAPI version to speak: 1.0.3 (default) or 2.0.0")
        self.add_own_arguments(add)
        listing = actions.add_parser("list", help="show all stores, where they stand and what went wrong last")
        listing.add_argument("--json", action="store_true", help="print JSON")
        run = actions.add_parser("run", help="do now what the beat does every few seconds")
        run.add_argument("name", nargs="?", help="only this store (default: all that are due)")
        for name, words in self.named_actions().items():
            self.add_action_arguments(name, actions.add_parser(name, help=words, description=words))

    def named_actions(self) -> dict[str, str]:
        """Actions on one store by its name, each with its help."""
        return {
            "pause": "stop for the time being; its place is kept",
            "resume": "go on where it stood, at once",
            "dead": "list the statements that were refused for good, with the reasons",
            "remove": "forget the store, its key and its dead letters; statements stay where they are",
        }

    def add_own_arguments(self, add: ArgumentParser) -> None:
        raise NotImplementedError

    def add_action_arguments(self, action: str, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        actions: dict[str, Callable[[OutputWrapper, dict[str, Any]], None]] = {
            "add": self._add,
            "list": self._list,
            "run": self._run,
        }
        action = options["action"]
        if action in actions:
            actions[action](stdout, options)
        else:
            self.act(action, self.named(options["name"]), stdout, options)

    def act(self, action: str, peer: Any, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        """One of the named actions."""
        if action == "dead":
            for letter in peer.dead_letters.order_by("refused_at", "pk"):
                stdout.write(f"{letter.refused_at:%Y-%m-%d %H:%M}  {letter.statement_id}  {letter.reason}")
            return
        deeds = {"pause": services.pause_peer, "resume": services.resume_peer, "remove": services.remove_peer}
        words = {"pause": "is paused", "resume": "goes on", "remove": "is forgotten"}
        deeds[action](peer=peer, at=timezone.now())
        stdout.write(f"{peer.name} {words[action]}.")

    def named(self, name: str) -> Any:
        peer = self.model.objects.filter(name=name).first()
        if peer is None:
            raise CommandError(f"There is no store named {name}. `manage.py xapi {self.name} list` shows all.")
        return peer

    def add(self, options: dict[str, Any], common: dict[str, Any]) -> Peer:
        raise NotImplementedError

    def _add(self, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        secret = os.environ.get(SECRET_VARIABLE) or getpass("Secret: ")
        common = {name: options[name] for name in ("name", "address", "key", "version")}
        peer = self.add(options, {**common, "secret": secret, "at": timezone.now()})
        stdout.write(
            f"{peer.name} is added. `manage.py xapi {self.name} run` begins now, the beat does within a minute."
        )

    def _list(self, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        peers: Any = self.model.objects.annotate(letters=Count("dead_letters")).order_by("name")
        rows = [
            {
                "name": peer.name,
                "address": peer.address,
                "version": peer.version,
                "state": "paused" if peer.paused_at else "failing" if peer.failures else "active",
                "last_success_at": peer.last_success_at and peer.last_success_at.isoformat(),
                "next_try_at": peer.next_try_at.isoformat(),
                "dead_letters": peer.letters,
                "last_error": peer.last_error,
            }
            for peer in peers
        ]
        if options["json"]:
            stdout.write(json.dumps(rows))
            return
        for row in rows:
            letters = f", {row['dead_letters']} dead letters" if row["dead_letters"] else ""
            stdout.write(f"{row['name']}  {row['state']}{letters}  {row['address']} ({row['version']})")
            if row["last_error"]:
                stdout.write(f"    next try {row['next_try_at']}: {row['last_error']}")

    def _run(self, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        name = options["name"]
        results = {name: self.run(self.named(name))} if name else self.run_all()
        for peer, result in results.items():
            count = result.sent if isinstance(result, Sent) else result.fetched
            verb = "sent" if isinstance(result, Sent) else "fetched"
            stdout.write(f"{peer}: {count} {verb}, {result.refused} refused for good. {result.problem}".rstrip())
        if name and results[name].problem:
            raise CommandError("Not everything is done; it is tried again.")

    def run(self, peer: Any) -> Sent | Pulled:
        raise NotImplementedError

    def run_all(self) -> dict[str, Any]:
        raise NotImplementedError


_SECRET_HELP = (
    f"The secret is read from the environment variable {SECRET_VARIABLE}, else asked for; "
    "it is kept sealed with this site's SECRET_KEY and shown to nobody."
)


class ForwardCommand(_PeerCommand):
    name = "forward"
    help = "other record stores that get our statements: in order, each at least once, with its id as the key"
    model = ForwardingTarget

    def named_actions(self) -> dict[str, str]:
        return super().named_actions() | {
            "replay": "send again what was stored from a date on; what arrived before changes nothing there",
            "retry": "send the dead letters once more",
            "skip": "get past a statement at which the store fails each time: it becomes a dead letter",
        }

    def add_own_arguments(self, add: ArgumentParser) -> None:
        add.add_argument("--verb", action="append", default=[], help="send only this verb (IRI); may be repeated")
        add.add_argument("--activity", action="append", default=[], help="only about this activity (IRI); repeatable")
        add.add_argument("--authority", action="append", default=[], help="only what this authority says; repeatable")
        add.add_argument(
            "--trusted-only", action="store_true", help="only what counts in rates and tiers may be made of"
        )
        add.add_argument("--persona-free", action="store_true", help="leave the persona and the partner out")
        add.add_argument(
            "--since", help="begin with what was stored then, as 2027-03-12T09:30:00Z (default: from now on)"
        )

    def add_action_arguments(self, action: str, parser: ArgumentParser) -> None:
        super().add_action_arguments(action, parser)
        if action == "replay":
            parser.add_argument("--since", required=True, help="as 2027-03-12T09:30:00Z")
        if action == "skip":
            parser.add_argument(
                "--statement", type=UUID, help="its id (default: the next are sent one by one, and it is found)"
            )

    def add(self, options: dict[str, Any], common: dict[str, Any]) -> Peer:
        names = set(options["authority"])
        authorities = list(Authority.objects.filter(name__in=names))
        if unknown := names - {authority.name for authority in authorities}:
            raise CommandError(f"There is no authority named {min(unknown)}.")
        return services.add_target(
            **common,
            verbs=options["verb"],
            activities=options["activity"],
            authorities=authorities,
            is_trusted_only=options["trusted_only"],
            is_persona_free=options["persona_free"],
            since=instant(options["since"]),
        )

    def act(self, action: str, peer: Any, stdout: OutputWrapper, options: dict[str, Any]) -> None:
        since = instant(options.get("since"))
        if action == "replay" and since is not None:
            services.replay_target(target=peer, since=since, at=timezone.now())
            stdout.write(f"{peer.name} gets everything stored since {since:%Y-%m-%d %H:%M} UTC once more.")
        elif action == "retry":
            result = services.retry_dead_letters(target=peer, at=timezone.now())
            stdout.write(f"{result.sent} taken now, {result.refused} refused again.")
        elif action == "skip":
            result = services.skip_failing(target=peer, at=timezone.now(), statement_id=options["statement"])
            if result.problem:
                raise CommandError(f"Nothing was skipped. {result.problem}")
            stdout.write(f"{result.refused} skipped, {result.sent} sent. `forward dead` lists what was skipped.")
        else:
            super().act(action, peer, stdout, options)

    def run(self, peer: Any) -> Sent | Pulled:
        return services.forward_statements(target=peer, at=timezone.now())

    def run_all(self) -> dict[str, Any]:
        return services.forward_due(at=timezone.now())


class PullCommand(_PeerCommand):
    name = "pull"
    help = "other record stores whose statements we fetch, in their order, under an authority of ours"
    model = PullSource

    def add_own_arguments(self, add: ArgumentParser) -> None:
        add.add_argument("--authority", default="", help="who vouches here for what it says (default: the name)")
        add.add_argument(
            "--trusted", action="store_true", help="a new authority's completions count in rates and tiers"
        )
        add.add_argument("--since", help="begin with what it stored then, as 2027-03-12T09:30:00Z (default: all)")

    def add(self, options: dict[str, Any], common: dict[str, Any]) -> Peer:
        return services.add_source(
            **common, authority=options["authority"], is_trusted=options["trusted"], since=instant(options["since"])
        )

    def run(self, peer: Any) -> Sent | Pulled:
        return services.pull_statements(source=peer, at=timezone.now())

    def run_all(self) -> dict[str, Any]:
        return services.pull_due(at=timezone.now())
