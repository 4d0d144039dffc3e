"""The commands that show a lab while it runs, and the faults that the page also causes."""

from typing import Annotated

import typer

from flumelab import settings
from flumelab.commands.options import JsonOption, RuntimeOption
from flumelab.commands.shared import own_lab, report
from flumelab.errors import LabError
from flumelab.page import command as page_command
from flumelab.runtimes.choice import RuntimeName, choose

commands = typer.Typer()

ControlOption = Annotated[
    bool, typer.Option("--control", help="Let the page feed, kill, start, cut and mend.")
]
PagePortOption = Annotated[
    int | None, typer.Option(min=1, max=65535, help="The port (default: LAB_PAGE_PORT, 4145).")
]
BrowserOption = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]


@commands.command()
def kill(
    part: Annotated[str, typer.Argument(help="A service that flumelab status names.")],
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """End a part at once, as a crash would (kill -9); flumelab start starts it again."""
    choose(runtime, settings.load()).kill(part)


@commands.command()
def start(
    part: Annotated[str, typer.Argument(help="A part that was killed or has ended by itself.")],
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Start one part again, as it was, and wait until it is ready. It builds nothing."""
    if own_lab(runtime):
        raise LabError("a lab of your own files starts as a whole: flumelab down, then flumelab up")
    choose(runtime, settings.load()).start(part, report)


@commands.command()
def cut(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Cut the connection between sink and receiver (local runtime: up --link)."""
    choose(runtime, settings.load()).cut()


@commands.command()
def mend(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Mend the connection between sink and receiver."""
    choose(runtime, settings.load()).mend()


@commands.command()
def page(
    control: ControlOption = False,
    port: PagePortOption = None,
    browser: BrowserOption = False,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Serve the live page of the lab on this host: every hop, its rate, its lag, the verdict.

    It shows the lab that runs, also a lesson or program of flumelab run, and waits for one. With
    Docker, compose.yaml serves the page already; this command then adds what --control allows.
    """
    page_command.run(runtime, control, port, browser, report)


@commands.command()
def top(
    once: Annotated[bool, typer.Option("--once", help="Print the numbers once, and end.")] = False,
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
) -> None:
    """Show every hop in the terminal: its rate, its lag, its state; keys feed, kill and more.

    Where the output is a file or a pipe, a line is printed for each hop that has changed. --json
    prints what the page's API gives, a line a second, or once. The exit code of --once is 1 if the
    lab is down, or a part of it is dead or stuck.
    """
    from flumelab.top import command as top_command  # the page's readers take a tenth of a second

    raise typer.Exit(top_command.run(runtime, once, as_json))
