"""`flumelab learn`: the commands. They parse, ask the other modules, and print."""

import json
from typing import Annotated, Any

import typer

from flumelab import as_typed, lab_files, settings
from flumelab.commands.options import JsonOption
from flumelab.commands.shared import print_json, report
from flumelab.learn import read, show, verify, watching
from flumelab.learn.session import Session
from flumelab.learn.verdict import Result
from flumelab.learn.workshop import Workshop
from flumelab.runtimes.choice import RuntimeName, choose

commands = typer.Typer(
    name="learn",
    help="Exercises that check themselves, from the first conf to exactly once.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

NameArgument = Annotated[
    str | None, typer.Argument(help="The exercise: its name or number (default: the current one).")
]
SeedOption = Annotated[
    int | None, typer.Option(help="The same seed gives the same lines (default: drawn anew).")
]
RuntimeOption = Annotated[
    RuntimeName,
    typer.Option(help="local: on this host, with a warm JVM; docker: in containers."),
]


@commands.callback()
def watch(
    context: typer.Context,
    poll: Annotated[
        float, typer.Option(min=0.05, metavar="SECONDS", help="Time between two looks at the file.")
    ] = 0.25,
    runtime: RuntimeOption = RuntimeName.local,
) -> None:
    """Without a command: show the current exercise, and check its file each time you save it.

    The file is looked at four times a second, so this also works on network drives, in containers
    and on Windows drives under WSL. Keys are shown on the screen.
    """
    if context.invoked_subcommand:
        return
    session, workshop = _begin(runtime)
    workshop.keeps_flume = True
    workshop.warm()
    try:
        watching.run(session, poll)
    finally:
        workshop.close()


@commands.command("list")
def list_exercises(as_json: JsonOption = False) -> None:
    """List the exercises, and which of them are done."""
    session, _ = _begin()
    known = session.progress()
    if as_json:
        print_json(
            [
                {"name": each.name, "title": each.title, "kind": each.kind.value,
                 "file": str(each.file), "done": each.name in known.done}
                for each in session.exercises
            ]
        )  # fmt: skip
    else:
        show.out(*show.listed(session.exercises, known))


@commands.command()
def check(
    name: NameArgument = None,
    every: Annotated[bool, typer.Option("--all", help="Check all exercises.")] = False,
    seed: SeedOption = None,
    runtime: RuntimeOption = RuntimeName.local,
    as_json: JsonOption = False,
) -> None:
    """Run your file with real Flume and Spark, and compare its numbers with the truth.

    The exit code is 0 if it is right, 1 if it is wrong, and 2 if it could not be checked. Of
    several exercises the worst counts; wrong is worse than not checked.
    """
    session, workshop = _begin(runtime)
    workshop.keeps_flume = every
    results: list[Result] = []
    printed: list[dict[str, Any]] = []
    try:
        for exercise in session.exercises if every else [session.chosen(name)]:
            with session.checked(exercise, seed) as verdict:
                results.append(verdict.result)
                printed.append(verdict.as_json())
                if not as_json:
                    show.out(*show.verdict(verdict, exercise, workshop.root))
    finally:
        workshop.close()
    if as_json:
        print_json(printed if every else printed[0])
    elif results == [Result.RIGHT] and not every:
        show.out(*show.following(session.current(), workshop.root))
    raise typer.Exit(_exit_code(results))


@commands.command("next")
def go_on() -> None:
    """Skip the exercise that you are at: go to the next one that is not done."""
    session, workshop = _begin()
    show.out(*show.following(session.go_on(session.current()), workshop.root))


@commands.command()
def hint(
    name: NameArgument = None,
    step: Annotated[int, typer.Option(min=1, help="How many hints to show.")] = 1,
) -> None:
    """Show a hint; --step 2 shows two, and so on."""
    session, _ = _begin()
    exercise = session.chosen(name)
    for number, text in enumerate(exercise.hints[:step], 1):
        show.out(*show.wrapped(f"{number}. {text}"))
    if step < len(exercise.hints):
        named = f"{name} " if name else ""
        left = len(exercise.hints) - step
        show.out(f"{left} more: flumelab learn hint {named}--step {step + 1}")


@commands.command()
def reset(name: NameArgument = None) -> None:
    """Begin an exercise anew; a copy of your file is kept."""
    session, _ = _begin()
    exercise = session.chosen(name)
    kept = session.reset(exercise)
    file = as_typed.path(exercise.file, session.checks.root)
    show.out(f"{file} is the starter again" + (f"; yours is kept: {kept}" if kept else ""))


@commands.command()
def solution(name: NameArgument = None) -> None:
    """Print a solution; yours may be another one."""
    session, _ = _begin()
    print(session.chosen(name).solution.read_text("utf-8"), end="")


@commands.command()
def name(
    wanted: Annotated[str, typer.Argument(metavar="NAME", help="The name; '' removes it.")],
) -> None:
    """Choose what you are called on the page of your class; without it you are a number."""
    session, _ = _begin()
    called = session.call(wanted)
    show.out(f"You are called {called}." if called else "You are a number again.")


@commands.command()
def stop() -> None:
    """End the JVM that checks keep warm; it also ends by itself after a quarter of an hour."""
    _, workshop = _begin()
    show.out("Spark's JVM has ended." if workshop.stop() else "No JVM is kept.")


@commands.command("verify")
def verify_exercises(
    name: Annotated[str | None, typer.Argument(help="The exercise (default: all).")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 1,
    first_seed: Annotated[int, typer.Option(min=1, help="The first seed.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """For authors: starters and planted wrong answers fail as they should, solutions pass.

    The exit code is 1 if anything else comes out. --json prints an object for each file, in a line
    of its own, once the file is checked.
    """
    session, workshop = _begin()
    chosen = [read.find(session.exercises, name)] if name else session.exercises
    proofs = []
    numbers = list(range(first_seed, first_seed + seeds))
    workshop.keeps_flume = True
    try:
        for each in verify.verify(workshop, chosen, numbers):
            proofs.append(each)
            if as_json:
                print(json.dumps(each.as_json()), flush=True)
            else:
                show.out(show.proof(each, workshop.root))
    finally:
        workshop.close()
    held = sum(each.holds for each in proofs)
    if not as_json:
        show.out(*show.times(verify.times(proofs)))
        show.out(f"{held} of {len(proofs)} as they should be")
    raise typer.Exit(0 if held == len(proofs) else 1)


def _begin(runtime: RuntimeName = RuntimeName.local) -> tuple[Session, Workshop]:
    configured = settings.load()
    lab_files.require_own(configured.root)
    docker = runtime is not RuntimeName.local and choose(runtime, configured).name == "docker"
    workshop = Workshop(configured, docker, report)
    return Session(workshop, workshop.exercises()), workshop


def _exit_code(results: list[Result]) -> int:
    for worst in (Result.WRONG, Result.UNKNOWN):
        if worst in results:
            return worst.exit_code
    return 0
