"""What the terminal shows; plain where it is not a terminal, 80 columns everywhere."""

import sys

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from flumelab.counts import Counts
from flumelab.doctor import Check
from flumelab.ledger import Balance, Evidence
from flumelab.lessons.catalogue import App
from flumelab.lessons.run import Result
from flumelab.runtimes.runtime import Service

WIDTH = 80
URL_COLUMNS = 50
DIFFERENCES_SHOWN = 10


def console(stderr: bool = False) -> Console:
    """A console of at most 80 columns."""
    stream = sys.stderr if stderr else sys.stdout
    own = Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, width=min(own.width, WIDTH))


def urls(evidence: Evidence, rows: int = 10) -> RenderableType:
    """The URLs most asked for: counted by Spark, beside what the generator knows."""
    table = _table("URL", "counted", "generated", "")
    generated, counted = evidence.generated.urls, evidence.counted.urls
    for url in sorted(generated, key=lambda url: -generated[url])[:rows]:
        same = counted.get(url, 0) == generated[url]
        table.add_row(
            _cut(url),
            f"{counted.get(url, 0):,}",
            f"{generated[url]:,}",
            Text("=", "green") if same else Text("…", "yellow"),
        )
    lines = sum(generated.values()) + evidence.generated.malformed
    done = evidence.counted.lines + evidence.counted.malformed
    return Group(table, Text(f"{done:,} of {lines:,} lines counted", "dim"))


def counts(counted: Counts, rows: int) -> RenderableType:
    """The totals, most hits first."""
    table = _table("URL", "hits")
    for url, hits in list(counted.urls.items())[:rows]:
        table.add_row(_cut(url), f"{hits:,}")
    more = len(counted.urls) - rows
    note = f"{counted.lines:,} lines, {counted.malformed:,} malformed"
    if more > 0:
        note += f"; {more:,} more URLs (--json has all)"
    return Group(table, Text(note, "dim"))


def verdict(balance: Balance) -> RenderableType:
    """Every hop, its loss against the hop before, and the verdict."""
    table = _table("hop", "lines", "missing")
    hops = [
        ("generated", "its own ledger", balance.generated),
        ("spooled", "files in the spool directory", balance.spooled),
        ("Flume received", "put into its channel", balance.flume_received),
        ("Flume sent", "answered OK by Spark", balance.flume_sent),
        ("counted", "result store", balance.counted + balance.malformed),
    ]
    before = balance.generated
    for name, source, lines in hops:
        missing = before - lines
        table.add_row(
            Text.assemble(name, (f"  {source}", "dim")),
            f"{lines:,}",
            Text(f"{missing:,}", "red" if missing else "dim"),
        )
        before = lines
    shown: list[RenderableType] = [table]
    if balance.malformed:
        shown.append(Text(f"of those counted, {balance.malformed:,} are malformed lines", "dim"))
    if balance.balanced:
        shown.append(Text("BALANCED: nothing lost, nothing counted twice", "bold green"))
    else:
        loss = f"{balance.lost:,} lost, {balance.duplicated:,} counted twice"
        shown += [Text(f"NOT BALANCED: {loss}", "bold red"), _differences(balance)]
    return Group(*shown)


def apps(known: list[App]) -> RenderableType:
    """A row a program."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for app in known:
        table.add_row(Text(app.name, "bold"), app.shows)
    return table


def answer(result: Result, rows: int = 10) -> RenderableType:
    """The program's last lines, its keys beside the generator's, and the verdict."""
    table = _table("key", "found", "expected")
    differences = result.differences
    shown = list(differences) or sorted(result.expected, key=lambda key: -result.expected[key])
    for key in shown[:rows]:
        found, expected = result.found.get(key), result.expected.get(key)
        style = "red" if key in differences else ""
        table.add_row(Text(_cut(key), style), _number(found), _number(expected))
    more = len(shown) - rows
    parts: list[RenderableType] = [Text(result.output, "dim", overflow="ellipsis"), table]
    if more > 0:
        parts.append(Text(f"{more:,} more (--json has all)", "dim"))
    keys = len(result.expected)
    if result.right:
        verdict = Text(f"RIGHT: all {keys:,} keys as the generator knows them", "bold green")
    else:
        wrong = f"WRONG: {len(differences):,} keys differ, of {keys:,} that the generator knows"
        verdict = Text(wrong, "bold red")
    return Group(*parts, verdict, Text(f"{result.seconds:.0f} s", "dim"))


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def services(known: list[Service]) -> RenderableType:
    """A row a service."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for service in known:
        style = {"running": "green", "starting": "yellow"}.get(service.state, "red")
        table.add_row(service.name, Text(service.state, style), service.address)
    return table


def checks(done: list[Check]) -> RenderableType:
    """A row a check, and below each that failed the command that mends it."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for check in done:
        mark = Text("ok", "green") if check.ok else Text("MISSING", "bold red")
        table.add_row(mark, check.name, check.found)
        if not check.ok:
            table.add_row("", "", Text(check.remedy, "bold"))
    return table


def _differences(balance: Balance) -> RenderableType:
    table = _table("URL", "generated", "counted")
    for url, (generated, counted) in list(balance.differences.items())[:DIFFERENCES_SHOWN]:
        table.add_row(_cut(url), f"{generated:,}", f"{counted:,}")
    more = len(balance.differences) - DIFFERENCES_SHOWN
    if more <= 0:
        return table
    return Group(table, Text(f"{more:,} more (--json has all)", "dim"))


def _table(first: str, *numbers: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True, min_width=min(URL_COLUMNS, 46))
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _cut(url: str) -> str:
    return url if len(url) <= URL_COLUMNS else f"{url[: URL_COLUMNS - 1]}…"
