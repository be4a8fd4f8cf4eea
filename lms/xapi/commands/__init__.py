"""The subcommands of `manage.py xapi`, one module each.

A new one is a module with a `Subcommand` in it, and its line in `SUBCOMMANDS`.
"""

from lms.xapi.commands.base import Subcommand
from lms.xapi.commands.credential import CredentialCommand

SUBCOMMANDS: tuple[Subcommand, ...] = (CredentialCommand(),)

__all__ = ["SUBCOMMANDS", "Subcommand"]
