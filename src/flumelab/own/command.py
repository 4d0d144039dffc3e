"""`flumelab run PROGRAM` and `flumelab up PROGRAM`: their checks, and their exit codes."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from flumelab import lab_files, settings, terminal_output
from flumelab.errors import LabError
from flumelab.own import conf as confs
from flumelab.own import docker, flume_jars, inputs, local, printed, shown
from flumelab.own.adapt import Ask
from flumelab.own.printed import Comparison
from flumelab.own.run import Outcome, OwnRun
from flumelab.own.run_guards import Interrupted, interrupted_by_signals
from flumelab.own.services import Wish
from flumelab.runtimes import local_build
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings


def parse_map(given: Sequence[str]) -> dict[str, Path]:
    """Read ``PATH=FOLDER`` of `--map`; raises `LabError`."""
    found = {}
    for entry in given:
        old, mark, new = entry.partition("=")
        if not (old and mark and new):
            raise LabError(f"--map {entry} is not PATH=FOLDER; write --map /home/maria/spool=spool")
        found[old] = Path(new).absolute()  # the program runs in another folder
    return found


def run(wish: Wish, runtime: RuntimeName, as_json: bool, report: Report) -> int:
    """Run a user's program and print its hops.

    Returns 0 if they agree, 1 if not, and 130 or 143 for a run that Ctrl-C or `kill` has ended.
    """
    with interrupted_by_signals():
        try:
            return _run(wish, runtime, as_json, report)
        except Interrupted as end:
            return end.code


def _run(wish: Wish, runtime: RuntimeName, as_json: bool, report: Report) -> int:
    _require_files(wish)
    if wish.count and not wish.log:
        raise LabError("--count needs --input: the lab counts that log")
    configured = settings.load()
    if choose(runtime, configured).name == "docker":
        return docker.run(wish, ["--json"] if as_json else [], configured, report)
    _build(configured, report)
    outcome = OwnRun(wish, configured, report).run(_question())
    wrong = outcome.hops.agree is False or outcome.failure or _is_wrong(outcome.compared)
    if as_json:
        json.dump(_as_json(outcome, wish), sys.stdout, indent=2)
        print()
    else:
        shown.output(outcome.output, outcome.failure)
        shown.hops(outcome.hops, outcome.failure, outcome.compared)
        terminal_output.console().print(terminal_output.signs(outcome.signs))
    return outcome.interrupted or (1 if wrong else 0)


def _as_json(outcome: Outcome, wish: Wish) -> dict[str, Any]:
    result = outcome.hops.as_json(str(wish.program))
    result["failure"] = list(outcome.failure)
    result["signs"] = [sign.as_json() for sign in outcome.signs]
    if outcome.compared:
        result["count"] = outcome.compared.as_json()
    if outcome.interrupted:
        result["interrupted"] = True
    return result


def _is_wrong(compared: Comparison | None) -> bool:
    return compared is not None and not compared.right


def up(wish: Wish, runtime: RuntimeName, report: Report) -> None:
    """Start a user's program and agent, feed the log if there is one, and leave them running."""
    with interrupted_by_signals():
        try:
            _up(wish, runtime, report)
        except Interrupted as end:
            raise typer.Exit(end.code) from None


def _up(wish: Wish, runtime: RuntimeName, report: Report) -> None:
    _require_files(wish)
    configured = settings.load()
    chosen = choose(runtime, configured)
    if services := chosen.services():
        names = ", ".join(service.name for service in services)
        raise LabError(f"a lesson is up ({names}); run flumelab down first")
    if chosen.name == "docker":
        docker.up(wish, _question(), configured, report)
    else:
        _build(configured, report)
        local.up(wish, _question(), configured, report)


def _build(configured: Settings, report: Report) -> None:
    if not lab_files.is_image():
        local_build.build(configured.root, (), report)


def _require_files(wish: Wish) -> None:
    """Raise `LabError` for what is not there, before anything is built or started."""
    try:
        _require_each(wish)
    except PermissionError as error:
        raise LabError(f"{error.filename}: {error.strerror}; {inputs.LET_READ}") from None


def _require_each(wish: Wish) -> None:
    if not wish.program.is_file():
        raise LabError(f"{wish.program} is not there; name a Python program")
    for option, file in (("--conf", wish.conf), ("--requirements", wish.requirements)):
        if file and not file.is_file():
            raise LabError(f"{file} is not a file; give {option} one")
    for file in filter(None, (wish.program, wish.conf, wish.requirements)):
        inputs.require_readable(file)
    if wish.conf:
        confs.require_a_sink(confs.read(wish.conf, wish.agent))
    if wish.log:
        inputs.files_of(wish.log)
    if wish.count:
        printed.expression_of(wish.count)
    flume_jars.jars_of(wish.flume_jars)
    if wish.flume_jars and not wish.conf:
        raise LabError("--flume-jar needs --conf: the jar is for the agent")


def _question() -> Ask | None:
    """What asks for a folder that does not exist; None where no terminal can answer."""
    return _ask if sys.stdin.isatty() and sys.stderr.isatty() else None


def _ask(folder: str, place: Path) -> Path:
    question = f"{folder} does not exist. Use which folder?"
    return Path(typer.prompt(question, default=str(place), err=True)).expanduser().absolute()
