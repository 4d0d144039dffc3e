"""`flumelab experiment`: list, run and show. The commands parse, ask other modules, and print."""

import json
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated

import typer

from flumelab import settings
from flumelab.commands.options import JsonOption
from flumelab.commands.shared import print_json
from flumelab.commands.shared import report as tell
from flumelab.errors import LabError
from flumelab.experiments import experiment as files
from flumelab.experiments import report
from flumelab.experiments.experiment import Experiment
from flumelab.experiments.result import Result, latest
from flumelab.experiments.theory import Bound
from flumelab.experiments.verdict import Prediction, Verdict, bound
from flumelab.terminal_output import console

commands = typer.Typer(
    name="experiment",
    help="Break the lab on purpose: predict what is lost and what comes twice, then see.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME…]", help="Names that list shows.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


@commands.command("list")
def list_experiments(as_json: JsonOption = False) -> None:
    """List the experiments and their faults."""
    known = files.all_of(settings.load().root)
    if as_json:
        print_json([{"name": each.name, "question": each.question} for each in known.values()])
    else:
        console().print(report.experiments(known.values()))


@commands.command()
def run(
    names: NamesArgument = None,
    lost: Annotated[str | None, typer.Option(metavar="N", help="Lines that will be lost.")] = None,
    twice: Annotated[
        str | None, typer.Option(metavar="N", help="Lines that will be counted twice.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Run every experiment.")] = False,
    seed: Annotated[int | None, typer.Option(help="Another load than the file's.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Run each with so many seeds.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Run experiments in the local runtime, each in a lab of its own.

    You are asked for your prediction first, or give it: --lost 1000, or 0-1000 if it varies.
    The exit code tells whether the theory holds: 0 true, 1 false, 2 unknown. A run in which
    nothing could be read, or the fault never came, is unknown. With several runs, --json prints an
    object for each, in a line of its own, when it has ended.
    """
    configured = settings.load()
    chosen = _chosen(configured, names or [], everything)
    if (lost is None) != (twice is None):
        raise LabError("a prediction has two numbers; give both --lost and --twice")
    if lost is not None and len(chosen) > 1:
        raise LabError("a prediction is for one experiment; name one")
    prediction = Prediction(bound(lost), bound(twice)) if lost and twice else None
    if not as_json and len(chosen) == 1:
        console().print(report.question(chosen[0]))
        prediction = prediction or _ask()
    found: list[Result] = []
    several = len(chosen) * seeds > 1
    for result in _run_each(chosen, configured, seed, seeds, prediction):
        found.append(result)
        if not as_json:
            console().print(f"\n{result.experiment.name}:", report.result(result))
        elif several:
            print(json.dumps(result.as_json()), flush=True)
        else:
            print_json(result.as_json())
    if several and not as_json:
        console().print("", report.results(found))
    raise typer.Exit(exit_code(found))


@commands.command()
def show(
    name: NameArgument,
    browser: Annotated[bool, typer.Option("--open", help="Open the picture.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the newest run of an experiment: its result and where its picture is."""
    folder = latest(settings.load().state, name)
    kept = json.loads((folder / "result.json").read_text())
    picture = folder / "picture.html"
    if as_json:
        print_json(kept)
    else:
        print(f"{name}: {kept['verdict']}: {kept['why']}")
        print(f"picture: {picture}")
    if browser:
        webbrowser.open(picture.as_uri())


def exit_code(results: Sequence[Result]) -> int:
    """Return 1 if a theory is false, else 2 if one is unknown or nothing ran, else 0."""
    verdicts = {result.verdict for result in results}
    if Verdict.false in verdicts:
        return Verdict.false.exit_code
    return 0 if verdicts == {Verdict.true} else Verdict.unknown.exit_code


def _chosen(
    configured: settings.Settings, names: Sequence[str], everything: bool
) -> list[Experiment]:
    if everything == bool(names):
        raise LabError("name an experiment that flumelab experiment list shows, or give --all")
    if everything:
        return list(files.all_of(configured.root).values())
    return [files.find(configured.root, name) for name in names]


def _run_each(
    chosen: Sequence[Experiment], configured: settings.Settings, seed: int | None, seeds: int,
    prediction: Prediction | None,
) -> Iterator[Result]:  # fmt: skip
    from flumelab.experiments import run as runs  # it loads what other commands do not need

    for experiment in chosen:
        first = experiment.load.seed if seed is None else seed
        for number in range(first, first + seeds):
            seeded = replace(experiment, load=replace(experiment.load, seed=number))
            yield runs.run(seeded, configured, prediction, tell)


def _ask() -> Prediction | None:
    """Ask on a terminal; elsewhere nobody predicts."""
    if not sys.stdin.isatty():
        return None
    print("\nYour prediction, in lines (1000, or 0-1000 if it varies):")
    return Prediction(_asked("  lost? "), _asked("  counted twice? "))


def _asked(prompt: str) -> Bound:
    while True:
        try:
            return bound(input(prompt))
        except LabError as error:
            print(f"  {error}")
