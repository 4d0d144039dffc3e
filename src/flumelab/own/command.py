"""`flumelab run PROGRAM`: what it prints, and its exit code."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flumelab import settings, terminal_output
from flumelab.errors import LabError
from flumelab.own import docker, printed
from flumelab.own.hops import Hops
from flumelab.own.printed import Comparison
from flumelab.own.run import OwnRun
from flumelab.own.services import Wish
from flumelab.runtimes import local_build
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.runtimes.runtime import Report

OUTPUT_LINES = 20
DIFFERENCES_SHOWN = 10


def parse_map(given: Sequence[str]) -> dict[str, Path]:
    """Read ``PATH=FOLDER`` of `--map`; raises `LabError`."""
    found = {}
    for entry in given:
        old, mark, new = entry.partition("=")
        if not (old and mark and new):
            raise LabError(f"--map {entry} is not PATH=FOLDER; write --map /home/maria/spool=spool")
        found[old] = Path(new).absolute()  # the program runs in another folder
    return found


def run(wish: Wish, count: str | None, runtime: RuntimeName, as_json: bool, report: Report) -> int:
    """Run a user's program, print its hops, and return 0 if they agree, and 1 if not."""
    if count and not wish.log:
        raise LabError("--count needs --input: the lab counts that log")
    if count:
        printed.expression_of(count)
    if not wish.program.is_file():
        raise LabError(f"{wish.program} is not there; name a Python program")
    for option, file in (("--conf", wish.conf), ("--requirements", wish.requirements)):
        if file and not file.is_file():
            raise LabError(f"{file} is not a file; give {option} one")
    if wish.log and not wish.log.exists():
        raise LabError(f"{wish.log} is not there; give --input a log file or a folder of them")
    configured = settings.load()
    if choose(runtime, configured).name == "docker":
        options = [*(["--count", count] if count else []), *(["--json"] if as_json else [])]
        return docker.run(wish, options, configured, report)
    if not settings.is_image():
        local_build.build(configured.root, (), report)
    own = OwnRun(wish, configured, report)
    outcome = own.run()
    compared = printed.compare(outcome.output, own.files, count) if count else None
    right = outcome.hops.agree and not outcome.failure and (compared is None or compared.right)
    if as_json:
        result = outcome.hops.as_json(str(wish.program))
        result["failure"] = list(outcome.failure)
        result["signs"] = [sign.as_json() for sign in outcome.signs]
        if compared:
            result["count"] = compared.as_json()
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        console = terminal_output.console()
        for line in outcome.output.splitlines()[-OUTPUT_LINES:]:
            print(line)
        console.print(_table(outcome.hops))
        if compared:
            console.print(_comparison(compared))
        console.print(terminal_output.signs(outcome.signs))
        for line in outcome.failure:
            console.print(Text(line, "bold red"), soft_wrap=True)
    return 0 if right else 1


def _table(hops: Hops) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("hop", no_wrap=True, min_width=46)
    table.add_column("lines", justify="right")
    table.add_column("missing", justify="right")
    before = hops.hops[0].lines
    for hop in hops.hops:
        missing = before - hop.lines
        table.add_row(
            Text.assemble(hop.name, (f"  {hop.source}", "dim")),
            f"{hop.lines:,}",
            Text(f"{missing:,}", "red" if missing else "dim"),
        )
        before = hop.lines
    if hops.agree:
        verdict = Text("no truth known: hops agree", "bold green")
    elif hops.differs_at:
        verdict = Text(f"no truth known: hops differ at {hops.differs_at}", "bold red")
    else:
        verdict = Text("no truth known: nothing was counted", "bold red")
    return Group(table, verdict)


def _comparison(compared: Comparison) -> RenderableType:
    keys = len(compared.printed)
    if not keys:
        return Text("--count: the program has printed no (key, number) to compare", "bold red")
    if compared.right:
        return Text(f"RIGHT: all {keys:,} printed keys match the lab's count", "bold green")
    differences = list(compared.differences.items())
    shown = [f"  {key}: printed {p:,}, counted {c:,}" for key, (p, c) in differences]
    wrong = f"WRONG: {len(differences):,} of {keys:,} printed keys differ from the lab's count"
    return Text("\n".join([wrong, *shown[:DIFFERENCES_SHOWN]]), "bold red")
