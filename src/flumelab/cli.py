"""The command line: the commands of `flumelab.commands`, and how their errors are printed."""

import sys

import typer

from flumelab import as_typed, java
from flumelab.commands import classroom, experiment, lab, learn, live, runs
from flumelab.errors import LabError

cli = typer.Typer(
    name="flumelab",
    help="A lab in which Apache Flume feeds Apache Spark, and every line is counted once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (lab, runs, live):
    cli.registered_commands += module.commands.registered_commands
cli.add_typer(learn.commands)
cli.add_typer(experiment.commands)
cli.add_typer(classroom.commands)


def main() -> None:
    """The console script: print a `LabError` as a message and exit with 1."""
    java.provide()
    try:
        cli()
    except LabError as error:
        print(f"flumelab: {as_typed.text(str(error))}", file=sys.stderr)
        sys.exit(1)


def flume_ng_script() -> None:
    """The console script `flume-ng`, which has the name of Flume's own command."""
    sys.argv.insert(1, "flume-ng")
    main()
