"""`flumelab learn`: the commands. They parse, ask the other modules, and print."""

from pathlib import Path
from typing import Annotated, Any

import typer

from flumelab import settings
from flumelab.commands.options import JsonOption
from flumelab.commands.shared import print_json, report
from flumelab.errors import LabError
from flumelab.learn import desk, progress, read, show, verify
from flumelab.learn.exercise import Exercise
from flumelab.learn.verdict import Result
from flumelab.learn.workshop import Workshop
from flumelab.runtimes.choice import RuntimeName, choose

commands = typer.Typer(
    name="learn",
    help="Exercises that check themselves, from the first conf to exactly once.",
    no_args_is_help=True,
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
    RuntimeName, typer.Option(help="auto and local: processes of this host; docker: containers.")
]


@commands.command("list")
def list_exercises(as_json: JsonOption = False) -> None:
    """List the exercises, and which of them are done."""
    workshop, exercises = _begin()
    known = progress.read(_progress_file(workshop))
    if as_json:
        print_json(
            [
                {"name": each.name, "title": each.title, "kind": each.kind.value,
                 "file": str(each.file), "done": each.name in known.done}
                for each in exercises
            ]
        )  # fmt: skip
    else:
        show.out(*show.listed(exercises, known))


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
    workshop, exercises = _begin(runtime)
    chosen = exercises if every else [_chosen(workshop, exercises, name)]
    results: list[Result] = []
    printed: list[dict[str, Any]] = []
    for exercise in chosen:
        with workshop.checked(exercise, exercise.file, seed) as verdict:
            _note(workshop, exercise, verdict.result)
            results.append(verdict.result)
            printed.append(verdict.as_json())
            if not as_json:
                show.out(*show.verdict(verdict, exercise, workshop.root))
    if as_json:
        print_json(printed if every else printed[0])
    raise typer.Exit(_exit_code(results))


@commands.command()
def hint(
    name: NameArgument = None,
    step: Annotated[int, typer.Option(min=1, help="How many hints to show.")] = 1,
) -> None:
    """Show a hint; --step 2 shows two, and so on."""
    workshop, exercises = _begin()
    exercise = _chosen(workshop, exercises, name)
    for number, text in enumerate(exercise.hints[:step], 1):
        show.out(*show.wrapped(f"{number}. {text}"))
    if step < len(exercise.hints):
        show.out(f"{len(exercise.hints) - step} more: flumelab learn hint --step {step + 1}")


@commands.command()
def reset(name: NameArgument = None) -> None:
    """Begin an exercise anew; a copy of your file is kept."""
    workshop, exercises = _begin()
    exercise = _chosen(workshop, exercises, name)
    kept = desk.reset(exercise, workshop.folder / "kept")
    show.out(f"{exercise.file} is the starter again" + (f"; yours is kept: {kept}" if kept else ""))


@commands.command()
def solution(name: NameArgument = None) -> None:
    """Print a solution; yours may be another one."""
    workshop, exercises = _begin()
    print(_chosen(workshop, exercises, name).solution.read_text("utf-8"), end="")


@commands.command()
def stop() -> None:
    """End the JVM that checks keep warm; it also ends by itself after a quarter of an hour."""
    workshop, _ = _begin()
    show.out("Spark's JVM has ended." if workshop.stop() else "No JVM is kept.")


@commands.command("verify")
def verify_exercises(
    name: Annotated[str | None, typer.Argument(help="The exercise (default: all).")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 1,
    first_seed: Annotated[int, typer.Option(min=1, help="The first seed.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """For authors: starters and planted wrong answers fail as they should, solutions pass.

    The exit code is 1 if anything else comes out.
    """
    workshop, exercises = _begin()
    chosen = [read.find(exercises, name)] if name else exercises
    proofs = []
    numbers = list(range(first_seed, first_seed + seeds))
    for each in verify.verify(workshop, chosen, numbers):
        proofs.append(each)
        if not as_json:
            show.out(show.proof(each, workshop.root))
    held = sum(each.holds for each in proofs)
    if as_json:
        print_json([each.as_json() for each in proofs])
    else:
        show.out(f"{held} of {len(proofs)} as they should be")
    raise typer.Exit(0 if held == len(proofs) else 1)


def _begin(runtime: RuntimeName = RuntimeName.local) -> tuple[Workshop, list[Exercise]]:
    """Hand out the files that are missing, and return the workshop with the exercises."""
    configured = settings.load()
    docker = runtime is RuntimeName.docker and choose(runtime, configured).name == "docker"
    workshop = Workshop(configured, docker, report)
    exercises = workshop.exercises()
    if not exercises:
        raise LabError(f"{configured.root / 'exercises'} has no exercise; get a whole checkout")
    desk.hand_out(exercises)
    return workshop, exercises


def _chosen(workshop: Workshop, exercises: list[Exercise], name: str | None) -> Exercise:
    if name:
        return read.find(exercises, name)
    known = progress.read(_progress_file(workshop))
    current = known.current([each.name for each in exercises])
    if current is None:
        raise LabError("all exercises are done; name one, or see flumelab learn list")
    return read.find(exercises, current)


def _note(workshop: Workshop, exercise: Exercise, result: Result) -> None:
    """Keep the progress; what could not be checked changes nothing."""
    file = _progress_file(workshop)
    known = progress.read(file)
    if result is Result.RIGHT:
        progress.write(file, known.with_done(exercise.name))
    elif result is Result.WRONG:
        progress.write(file, known.without(exercise.name))


def _progress_file(workshop: Workshop) -> Path:
    return workshop.folder / "progress"


def _exit_code(results: list[Result]) -> int:
    for worst in (Result.WRONG, Result.UNKNOWN):
        if worst in results:
            return worst.exit_code
    return 0
