"""What `flumelab run PROGRAM`, `up PROGRAM` and `ledger` print of a user's own flow."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flumelab import terminal_output
from flumelab.own.hops import Hops
from flumelab.own.printed import Comparison, shown_key
from flumelab.own.program_output import own_lines
from flumelab.runtimes.runtime import Service

OUTPUT_LINES = 20
DIFFERENCES_SHOWN = 10


def output(text: str, failure: Sequence[str]) -> None:
    """Print the last lines of a program, without Spark's log, what the lab said and the failure."""
    for line in own_lines(text, failure)[-OUTPUT_LINES:]:
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
    console.print(Text(explanation(found, compared is not None), "dim"))
    if compared:
        console.print(_comparison(compared))
    for line in failure:
        console.print(Text(line, "bold red"), soft_wrap=True)


def explanation(hops: Hops, counts: bool = False) -> str:
    """What the verdict means, for a person who reads it for the first time.

    :param counts: whether the program's numbers are compared, too
    """
    unknown = "The lab did not make this log, so it does not know the right result."
    if hops.agree is None:
        return f"{unknown} It sees no hop to compare."
    compared = f"{unknown} It compares each hop with the one before:"
    if not hops.agree:
        where = hops.differs_at
        what = f"{where} has another number of lines" if where else "no line has come"
        return f"{compared} {what}."
    rest = "" if counts else " --count shows whether the program counts the right thing."
    return f"{compared} the numbers are equal.{rest}"


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
    missing_at = {hop.name: lines for hop, lines in hops.missing}
    for hop in hops.hops:
        missing = missing_at.get(hop.name, 0)
        table.add_row(
            Text.assemble(hop.name, ("" if hop.lines is None else f"  {hop.source}", "dim")),
            "not seen" if hop.lines is None else f"{hop.lines:,}",
            Text(f"{missing:,}", "red" if missing else "dim") if hop.lines is not None else "",
        )
    return table


def _verdict(hops: Hops) -> RenderableType:
    colours = {True: "bold green", False: "bold red", None: "bold yellow"}
    return Text(hops.verdict, colours[hops.agree])


def _comparison(compared: Comparison) -> RenderableType:
    if not compared.counted:
        return Text("--count matches no line of the log; correct the expression", "bold red")
    if not (compared.printed or compared.not_compared):
        return Text(
            "--count: the program has printed or stored no (key, number), and no table of keys and "
            "numbers",
            "bold red",
        )
    left_out = [Text(f"not compared: {said}", "yellow") for said in compared.not_compared]
    return Group(*([_result(compared)] if compared.printed else []), *left_out)


def _result(compared: Comparison) -> Text:
    keys = len(compared.printed)
    if compared.right:
        return Text(f"RIGHT: all {keys:,} printed keys match the lab's count", "bold green")
    differences = list(compared.differences.items())
    shown = [f"  {_visible(key)}: printed {p:,}, counted {c:,}" for key, (p, c) in differences]
    wrong = f"WRONG: {len(differences):,} of {keys:,} printed keys differ from the lab's count"
    hint = []
    if all(printed > counted > 0 for printed, counted in compared.differences.values()):
        hint = ["--count takes the first match in a line; --count-each takes all of them"]
    return Text("\n".join([wrong, *shown[:DIFFERENCES_SHOWN], *hint]), "bold red")


def _visible(key: str) -> str:
    """A key in which a carriage return, for example, can be seen."""
    key = shown_key(key)
    return key if key.isprintable() else ascii(key)
