"""`flumelab classroom`: the commands of a teacher."""

import os
from typing import Annotated

import typer

from flumelab import settings
from flumelab.classroom import teach
from flumelab.classroom.roll import LEARNERS_MAX, PORT_FIRST
from flumelab.commands.options import JsonOption
from flumelab.commands.shared import print_json, report

commands = typer.Typer(
    name="classroom",
    help="A class on one server: each learner has a folder, ports, state and memory of their own.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@commands.command()
def up(
    learners: Annotated[int, typer.Option(min=1, max=LEARNERS_MAX, help="How many.")],
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Make an account of this system for each (as root).")
    ] = False,
    checks: Annotated[
        int, typer.Option(min=0, help="Checks at once (default: half as many as cores).")
    ] = 0,
    first_port: Annotated[
        int, typer.Option(min=1024, max=65535, help="The first of 20 ports for each learner.")
    ] = PORT_FIRST,
    preset: Annotated[str, typer.Option(help="The preset of each lab; '' for none.")] = "small",
) -> None:
    """Make a folder for each learner, and serve the page with their progress.

    Called again, it makes what is missing; what learners have written stays.
    """
    at_once = checks or max(1, (os.cpu_count() or 1) // 2)
    roll = teach.up(settings.load(), learners, accounts, at_once, first_port, preset, report)
    for line in teach.told(roll, settings.load()):
        typer.echo(line)


@commands.command()
def status(as_json: JsonOption = False) -> None:
    """Show how far each learner is, and what each lab costs now.

    The exit code is 1 if the class's page is not up.
    """
    now = teach.status(settings.load())
    if as_json:
        print_json(now)
    else:
        for line in teach.table(now):
            typer.echo(line)
    raise typer.Exit(0 if now["page"]["up"] else 1)


@commands.command()
def down(
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Remove the accounts, too; the folders stay.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """End the page and all that learners run; the folders with their work stay."""
    ended = teach.down(settings.load(), accounts, report)
    if as_json:
        print_json(ended)
    else:
        typer.echo(f"ended {ended['processes']} processes; the work stays in {ended['folder']}")
