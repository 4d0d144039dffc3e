"""The commands that run lessons, programs of the user's own, and Flume itself."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from flumelab import as_typed, lab_files, ledger_table, lesson_run, settings, terminal_output
from flumelab.commands.options import (
    JsonOption,
    LessonOption,
    LinesOption,
    RateOption,
    RuntimeOption,
    SeedOption,
)
from flumelab.commands.own_files import NO_FILES, OwnFiles, with_own_files
from flumelab.commands.shared import (
    own_lab,
    print_json,
    report,
    require_ready,
    runtime_of,
    send,
    start_lesson,
)
from flumelab.errors import LabError
from flumelab.lessons import catalogue
from flumelab.own import command as own_command
from flumelab.page import command as page_command
from flumelab.runtimes import local_build
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.waiting import show_until_balanced, wait_until_settled

commands = typer.Typer()

NamesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="LESSON…|PROGRAM [-- ARGUMENT…]",
        help="Names that flumelab lessons lists, or a program of your own.",
    ),
]
MalformedOption = Annotated[
    float,
    typer.Option(min=0, max=1, metavar="FRACTION", help="Make this part of the lines malformed."),
]


@commands.command("lessons")
def list_lessons(as_json: JsonOption = False) -> None:
    """List the lessons."""
    lessons = list(catalogue.LESSONS.values())
    if as_json:
        print_json([{"name": lesson.name, "shows": lesson.shows} for lesson in lessons])
    else:
        terminal_output.console().print(terminal_output.lessons(lessons))


@commands.command()
@with_own_files
def run(
    names: NamesArgument,
    lines: Annotated[int, typer.Option(min=1, help="Lines to send into a lesson.")] = 10_000,
    rate: RateOption = 2_000,
    seed: SeedOption = 1,
    malformed: MalformedOption = 0,
    own: OwnFiles = NO_FILES,
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
) -> None:
    """Run lessons, or a program of your own, and check the numbers.

    A lesson is compared with the generator's numbers, key by key. Your own program runs unchanged,
    with your conf and your log, and the lines at each hop are compared. Each run has its own lab,
    which starts empty. The exit code is 0 if everything is right, and 1 if not. --json prints a
    list, or, for one lesson, its result alone.
    """
    if names[0].endswith(".py"):
        raise typer.Exit(own_command.run(own.wish(names), runtime, as_json, report))
    if "." in names[0]:
        raise LabError(
            f"{names[0]} is not a Python program: its name does not end with .py; name one"
        )
    lessons = [catalogue.find(name) for name in names]
    if own.any:
        raise LabError(
            f"{names[0]} is a lesson, with a conf and a log of its own; name a program (….py) to "
            "use yours"
        )
    chosen = choose(runtime, lesson_run.settings_of_runs(settings.load()))
    require_ready(chosen, ports=not chosen.services())
    feed = ["--lines", str(lines), "--rate", str(rate), "--seed", str(seed)]
    feed += ["--malformed", str(malformed)]
    results = []
    for result in lesson_run.run(chosen, lessons, feed, report):
        results.append(result)
        if not as_json:
            terminal_output.console().print(
                f"{result.lesson.name}:", terminal_output.result(result)
            )
    if as_json:
        printed = [result.as_json() for result in results]
        print_json(printed if len(printed) > 1 else printed[0])
    raise typer.Exit(0 if all(result.right for result in results) else 1)


@commands.command()
def eject(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Write out the wheel's confs, programs, Compose files and Dockerfiles, to change them.

    In that folder flumelab uses these files, and keeps its state in .lab there.
    """
    lab_files.eject(folder)
    print(f"{folder} has the lab's files; in it, {as_typed.flumelab('flumelab')} lab uses them")


@commands.command(
    "flume-ng",
    context_settings={
        "allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": [],
    },
)  # fmt: skip
def flume_ng(context: typer.Context) -> None:
    """Run Flume's own command with the lab's Flume: flume-ng agent -n a1 -f my.conf."""
    configured = settings.load()
    if not lab_files.is_image():
        local_build.build(configured.root, (), report)
    command = local_build.flume_home(configured.root) / "bin/flume-ng"
    os.execv(command, [str(command), *context.args])  # noqa: S606 - a list, without a shell


@commands.command("demo", hidden=True)  # its former name
@commands.command("lab")
def lab(
    lesson: LessonOption = catalogue.DEFAULT,
    lines: LinesOption = None,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Start the lab, feed it, and show the counts and the verdict.

    It keeps running; flumelab down stops it.
    """
    started = time.time()
    chosen = runtime_of(runtime)
    if own_lab(runtime):
        raise LabError("a lab of your own files is up; run flumelab down first")
    start_lesson(chosen, lesson)
    if code := send(chosen, lines, rate=0, seed=1, replay=None):
        raise typer.Exit(code)
    show_until_balanced(chosen, catalogue.find(lesson))
    result = wait_until_settled(chosen, 5)
    console = terminal_output.console()
    console.print()
    console.print(ledger_table.verdict(result))
    print(f"\n{_duration(started)}. The lab is still running; try next:")
    for command, does in _next(lesson, chosen.name):
        print(f"  {command:<40} {does}")
    raise typer.Exit(0 if result.balanced else 1)


def _next(lesson: str, runtime: str) -> list[tuple[str, str]]:
    """What one can type now, and what it does."""
    flumelab = as_typed.flumelab()
    own = as_typed.flumelab("")
    return [
        (f"{flumelab} feed --lines 200000", "send more"),
        (f"{flumelab} ledger --wait 60", "and see whether it balances"),
        (f"{flumelab} logs -f {lesson}", "the top ten of every second"),
        page_command.hint(runtime),
        (f"{own} down" if own else "make down", "stop it; the state stays"),
    ]


def _duration(started: float) -> str:
    """The seconds from make's start, and how many of them went before this command."""
    before = started - float(os.environ.get("LAB_STARTED") or started)
    whole = f"{time.time() - started + before:.0f} s"
    return f"{whole}, of which {before:.0f} s set up .venv" if before >= 2 else whole
