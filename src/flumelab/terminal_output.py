"""What the commands print, in 80 columns at most; without colour if the output is a file."""

import sys

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from flumelab.counts import Counts
from flumelab.doctor import Check
from flumelab.ledger import Balance, HopCounts
from flumelab.lesson_run import LessonResult
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import Service

WIDTH = 80
URL_COLUMNS = 50
DIFFERENCES_SHOWN = 10


def console(stderr: bool = False) -> Console:
    """Return a console of at most 80 columns."""
    stream = sys.stderr if stderr else sys.stdout
    own = Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, width=min(own.width, WIDTH))


def urls(hops: HopCounts, rows: int = 10) -> RenderableType:
    """The most frequent URLs: the counts of Spark beside those of the generator."""
    table = _table("URL", "counted", "generated", "")
    generated, counted = hops.generated.totals, hops.counted.totals
    for url in sorted(generated, key=lambda url: -generated[url])[:rows]:
        same = counted.get(url, 0) == generated[url]
        table.add_row(
            _cut(url),
            f"{counted.get(url, 0):,}",
            f"{generated[url]:,}",
            Text("=", "green") if same else Text("…", "yellow"),
        )
    lines = hops.generated.total + hops.generated.malformed
    done = hops.counted.total + hops.counted.malformed
    return Group(table, Text(f"{done:,} of {lines:,} lines counted", "dim"))


def counts(counted: Counts, rows: int) -> RenderableType:
    """The URLs with the most hits."""
    table = _table("URL", "hits")
    for url, hits in list(counted.totals.items())[:rows]:
        table.add_row(_cut(url), f"{hits:,}")
    more = len(counted.totals) - rows
    note = f"{counted.total:,} lines, {counted.malformed:,} malformed"
    if more > 0:
        note += f"; {more:,} more URLs (--json has all)"
    return Group(table, Text(note, "dim"))


HOP_SOURCES = {
    "generated": "its own ledger",
    "spooled": "files in the spool directory",
    "Flume received": "put into its channel",
    "Flume sent": "answered OK by Spark",
    "counted": "result store",
}


def verdict(balance: Balance) -> RenderableType:
    """Every hop, its loss against the hop before, and the verdict."""
    table = _table("hop", "lines", "missing")
    before = balance.generated
    for name, lines in balance.hops:
        missing = before - lines
        table.add_row(
            Text.assemble(name, (f"  {HOP_SOURCES[name]}", "dim")),
            f"{lines:,}",
            Text(f"{missing:,}", "red" if missing else "dim"),
        )
        before = lines
    shown: list[RenderableType] = [table]
    if balance.malformed:
        shown.append(Text(f"of those counted, {balance.malformed:,} are malformed lines", "dim"))
    if balance.settled:
        shown.append(Text("BALANCED: nothing lost, nothing counted twice", "bold green"))
    elif balance.balanced:
        shown.append(Text(_hops_differ(balance), "bold yellow"))
    else:
        shown += [Text(f"NOT BALANCED: {_imbalance(balance)}", "bold red"), _differences(balance)]
    return Group(*shown)


def _imbalance(balance: Balance) -> str:
    parts = []
    if balance.foreign:
        parts.append(f"{balance.foreign:,} lines in the spool directory are not the generator's")
    elif balance.spooled < balance.generated:
        missing = balance.generated - balance.spooled
        parts.append(f"{missing:,} generated lines are not in the spool directory")
    if balance.differences or not parts:
        parts.append(f"{balance.lost:,} lost, {balance.duplicated:,} counted twice")
    return "; ".join(parts)


def _hops_differ(balance: Balance) -> str:
    start = f"COUNTED RIGHT, but the hops differ at {balance.differs_at}:"
    if balance.flume_received > balance.spooled:
        more = balance.flume_received - balance.spooled
        return (
            f"{start} Flume received {more:,} lines more than the spool directory's files have. "
            "It sends a batch again after a kill; otherwise it reads files elsewhere, such as in "
            "a sub-folder."
        )
    return f"{start} an agent that is killed forgets its last second of counters."


def lessons(catalogue: list[Lesson]) -> RenderableType:
    """A row for each lesson."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for lesson in catalogue:
        table.add_row(Text(lesson.name, "bold"), lesson.shows)
    return table


def result(result: LessonResult, rows: int = 10) -> RenderableType:
    """The last lines of the output, the keys found beside the right ones, and the verdict."""
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
    """A row for each service."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for service in known:
        style = {"running": "green", "starting": "yellow"}.get(service.state, "red")
        table.add_row(service.name, Text(service.state, style), service.address)
    return table


def checks(done: list[Check]) -> RenderableType:
    """A row for each check; below one that failed, what to do."""
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
