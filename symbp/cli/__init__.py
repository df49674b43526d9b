"""The commands: `main` runs one, `commands` are all of them."""

from symbp.cli.command import commands as commands
from symbp.cli.run import main as main
