"""The command line: the commands of `flumelab.commands`, and how their errors are printed."""

import errno
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from flumelab import as_typed, java, settings
from flumelab.commands import lab, live, runs
from flumelab.errors import LabError


def _group(name: str) -> typer.Typer:
    """Load a group of commands: each needs a tenth of a second, which no other command does."""
    if name == "learn":
        from flumelab.commands import learn

        return learn.commands
    if name == "experiment":
        from flumelab.commands import experiment

        return experiment.commands
    from flumelab.commands import classroom

    return classroom.commands


class CommandsAndGroups(TyperGroup):
    """The commands, and the groups, which are loaded when they are asked for."""

    GROUPS = ("learn", "experiment", "classroom")

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        return [*super().list_commands(ctx), *self.GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command or a group; None if there is none of this name."""
        if cmd_name in self.GROUPS:
            return get_group(_group(cmd_name))
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command; a name that is none may be meant as a group's."""
        if args and args[0] not in self.list_commands(ctx):
            for name in self.GROUPS:
                self.commands[name] = get_group(_group(name))
        return super().resolve_command(ctx, args)


cli = typer.Typer(
    name="flumelab",
    cls=CommandsAndGroups,
    help="A lab in which Apache Flume feeds Apache Spark, and every line is counted once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (lab, runs, live):
    cli.registered_commands += module.commands.registered_commands


def main() -> None:
    """The console script: print a `LabError` as a message and exit with 1."""
    java.provide()
    try:
        cli()
    except LabError as error:
        print(f"flumelab: {as_typed.text(str(error))}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if not _is_about_the_disk(error):
            raise
        place = error.filename or settings.load().state
        print(
            f"flumelab: {place}: {error.strerror}; free some space or mend the folder, or choose "
            "another one: export LAB_STATE=…",
            file=sys.stderr,
        )
        sys.exit(1)


def _is_about_the_disk(error: OSError) -> bool:
    """Whether the lab's folder is full, read-only, or no folder; anything else is our mistake."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    place = Path(str(error.filename or ""))
    return error.errno in full or place.is_relative_to(settings.load().state)


def flume_ng_script() -> None:
    """The console script `flume-ng`, which has the name of Flume's own command."""
    sys.argv.insert(1, "flume-ng")
    main()
