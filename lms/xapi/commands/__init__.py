"""The subcommands of `manage.py xapi`, one module each.

A new one is a module with a `Subcommand` in it, and its line in `SUBCOMMANDS`.
"""

from lms.xapi.commands.archive import ArchiveCommand, HoldCommand
from lms.xapi.commands.base import Subcommand
from lms.xapi.commands.credential import CredentialCommand
from lms.xapi.commands.files import ExportCommand, ImportCommand
from lms.xapi.commands.peers import ForwardCommand, PullCommand
from lms.xapi.commands.upkeep import CheckCommand, PseudonymiseCommand, ReplayCommand

SUBCOMMANDS: tuple[Subcommand, ...] = (
    CredentialCommand(),
    ImportCommand(),
    ExportCommand(),
    ForwardCommand(),
    PullCommand(),
    ReplayCommand(),
    PseudonymiseCommand(),
    CheckCommand(),
    ArchiveCommand(),
    HoldCommand(),
)

__all__ = ["SUBCOMMANDS", "Subcommand"]
