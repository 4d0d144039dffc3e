"""What `flumelab run PROGRAM`, `up PROGRAM` and `ledger` print of a user's own flow."""

import re
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from flumelab import terminal_output
from flumelab.own.hops import Hops
from flumelab.own.printed import Comparison
from flumelab.runtimes.runtime import Service

OUTPUT_LINES = 20
DIFFERENCES_SHOWN = 10
SPARK_LOG = re.compile(r"\d\d:\d\d:\d\d (?:WARN|ERROR|INFO|FATAL) |WARNING: Using incubator ")

WORKERS_END = re.compile(
    r"^Traceback .*\n(?:  File \"[^\"]*/pyspark/daemon\.py\".*\n(?:    .*\n)*)+\w*Error.*(?:\n|\Z)",
    re.M,
)
"""What PySpark prints if a worker of Python ends in the middle of something."""


def output(text: str, failure: Sequence[str]) -> None:
    """Print the last lines of a program, without Spark's log, what the lab said and the failure."""
    lines = text.splitlines()
    if failure and failure[0] in lines:
        lines = lines[: lines.index(failure[0])]
    lines = WORKERS_END.sub("", "\n".join(lines)).split("\n")
    own = [line for line in lines if not SPARK_LOG.match(line) and not line.startswith("flumelab:")]
    for line in own[-OUTPUT_LINES:]:
        print(line)


def hops(found: Hops, failure: Sequence[str], compared: Comparison | None = None) -> None:
    """Print the table of the hops, the verdict, the comparison, and why the program has failed."""
    console = terminal_output.console()
    console.print(_table(found))
    for hop in found.hops:
        # In a cell of the table a path would push the numbers out of the terminal.
        why = f"not seen, as {hop.source}" if hop.lines is None else hop.note
        if why:
            console.print(Text(f"{hop.name}: {why}"), soft_wrap=True)
    console.print(_verdict(found))
    if compared:
        console.print(_comparison(compared))
    for line in failure:
        console.print(Text(line, "bold red"), soft_wrap=True)


def services(found: list[Service], failure: Sequence[str]) -> None:
    """Print a row for each process, and why one has ended."""
    console = terminal_output.console()
    console.print(terminal_output.services(found))
    for line in failure:
        console.print(Text(line, "bold red"), soft_wrap=True)


def _table(hops: Hops) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("hop", no_wrap=True, min_width=46, overflow="ellipsis")
    table.add_column("lines", justify="right")
    table.add_column("missing", justify="right")
    before: int | None = None
    for hop in hops.hops:
        missing = 0 if None in (before, hop.lines) else (before or 0) - (hop.lines or 0)
        table.add_row(
            Text.assemble(hop.name, ("" if hop.lines is None else f"  {hop.source}", "dim")),
            "not seen" if hop.lines is None else f"{hop.lines:,}",
            Text(f"{missing:,}", "red" if missing else "dim") if hop.lines is not None else "",
        )
        before = before if hop.lines is None else hop.lines
    return table


def _verdict(hops: Hops) -> RenderableType:
    colours = {True: "bold green", False: "bold red", None: "bold yellow"}
    return Text(hops.verdict, colours[hops.agree])


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
